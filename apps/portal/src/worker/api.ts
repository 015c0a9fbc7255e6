// The one interface between the page and the worker: plain objects in and out. Keys and WebAssembly objects stay here.
import type {
    Address, Confidentiality, Contact, Found, GrantScope, Granted, Hash, Listed, Metadata, Page, Purpose, RecordRef, Resumed, Revoked, Right,
    ScopeId, Trust, VaultStatus,
} from "hospital-record";
import type { BoardCalls } from "./boards-api";
import type { OfficeCalls } from "./office-api";

export type {
    Address, Confidentiality, Contact, Found, GrantScope, Granted, Hash, Listed, Metadata, Page, Purpose, RecordRef, Resumed, Revoked, Right,
    ScopeId, Trust, VaultStatus,
};

/** What a call throws. `kind` is that of the SDK, or "Aborted", or "Unknown". */
export interface Problem {
    kind: string;
    message: string;
    mayHaveHappened: boolean;
}

export interface Place {
    node: string;
    /** Accounts whose vouches count here. */
    authorities: Address[];
}

/** Shown once, before the account is registered. */
export interface NewPerson {
    words: string[];
    /** Numbers of the words that are asked back, from 1. */
    ask: number[];
}

export interface Entered {
    account: Address;
    /** Attempts since the last login that did not log in. */
    failures: number;
    lastFailure?: Date;
    byPassword: boolean;
    /** The name in the directory, if this person is listed there. */
    listed?: string;
    /** Whether this account's word about doctors counts here. */
    isOffice: boolean;
}

export interface Me {
    account: Address;
    card: string;
    fingerprint: string;
    byPassword: boolean;
}

export interface Upload {
    name: string;
    content: Blob;
    mediaType?: string;
}

export interface UploadOptions {
    folder: string;
    keywords: string[];
    /** The patient, if somebody else adds. */
    patient?: Address;
}

/** What became of an upload. */
export interface Uploaded {
    added: number;
    /** Why the rest was not added. */
    problem?: Problem;
}

export type Report = (done: number, total: number | undefined, phase: string) => void;

export type View =
    /** `damaged`: it should have been health data. */
    | { kind: "text"; text: string; cut: boolean; damaged?: boolean }
    | { kind: "picture"; picture: Blob }
    /** A viewer of its own reads the content. */
    | { kind: "pdf" | "scan" }
    | { kind: "health"; text: string }
    | { kind: "video"; video: Video }
    | { kind: "none"; why: "type" | "size" | "damaged" };

/** A video that may be read piece by piece. */
export interface Video {
    viewing: string;
    size: number;
    mediaType: string;
}

/** What became of an export. */
export interface Exported {
    records: number;
    unread: number;
    /** The file itself, where none was given to write to. */
    file?: Blob;
}

export interface Viewed {
    metadata: Metadata;
    view: View;
    content?: Blob;
}

/** A record in a list, and who added it. */
export interface Known extends Listed {
    /** Somebody else than the patient added it. */
    byOther: boolean;
    /** This person added it. */
    mine: boolean;
    /** Somebody else added it, and neither the patient accepted it nor a professional confirmed it. */
    proposed: boolean;
    authorName?: string;
}

/** What became of the copies of what others added. */
export interface Copied {
    copied: number;
    /** Could not be copied this time. */
    missing: number;
    /** Too large to be copied by itself. */
    tooLarge: number;
    /** People who cannot open what is added from now on. */
    leftOut: Address[];
}

/** What happened since an entry of the history was seen: numbers only. */
export interface News {
    requests: Hash[];
    added: number;
    opened: number;
    /** Entries that the server does not show any more. */
    vanished: number;
    /** For the next time: when the newest entry was made. */
    newest?: Date;
}

export interface Share {
    grantee: Address;
    name?: string;
    scope: GrantScope;
    scopeId: ScopeId;
    /** Of the record, if it is about one. */
    recordName?: string;
    rights: Right[];
    purpose: Purpose;
    granted: Date;
    expires?: Date;
    live: boolean;
    /** Who passed it on, if not the patient gave it. */
    givenBy?: Address;
    giverName?: string;
}

export interface ShareOptions {
    folder?: string;
    record?: RecordRef;
    rights: Right[];
    until?: Date;
    name?: string;
}

/** An entry of a history, with the names that this person knows. */
export interface Entry {
    at: Date;
    by: Address;
    byName?: string;
    mine: boolean;
    action: string;
    folder?: string;
    record?: string;
    grantee?: Address;
    granteeName?: string;
    rights?: Right[];
    purpose?: Purpose;
    expires?: Date;
}

export interface Timeline {
    entries: Entry[];
    isProven: boolean;
    /** For the advanced section. */
    completeness: string;
}

export interface Request {
    id: Hash;
    asker: Address;
    name?: string;
    trust?: Trust;
    fingerprint?: string;
    rights: Right[];
    purpose: Purpose;
    until?: Date;
    answerBy: Date;
    asked: Date;
    reason?: string;
}

export interface Received {
    patient: Address;
    name?: string;
    scope: GrantScope;
    scopeId: ScopeId;
    rights: Right[];
    expires?: Date;
    live: boolean;
}

/** Access that this person passed on. */
export interface Handed {
    grantee: Address;
    name?: string;
    scopeId: ScopeId;
    scope: GrantScope;
    expires?: Date;
}

export interface FolderName {
    name: string;
    confidentiality?: Confidentiality;
}

export interface CardText {
    account: Address;
    fingerprint: string;
}

export interface Portal extends OfficeCalls, BoardCalls {
    start(place: Place): Promise<void>;

    newPerson(): Promise<NewPerson>;
    /** Whether these are the words that were asked back. */
    checkWords(answers: string[]): Promise<boolean>;
    register(user: string, password: string): Promise<Entered>;
    logIn(user: string, password: string): Promise<Entered>;
    /** With a user and a password, these log in from now on. */
    restore(phrase: string, user?: string, password?: string): Promise<Entered>;
    resume(): Promise<Resumed>;
    logOut(): Promise<void>;
    me(): Promise<Me>;
    logins(): Promise<VaultStatus>;
    endAllLogins(): Promise<number>;
    /** A further name and password of this person, such as those of a passkey. */
    addWay(user: string, password: string): Promise<VaultStatus>;
    /** Whether nobody ended this login from another device. */
    isLoggedIn(): Promise<boolean>;

    records(patient?: Address): Promise<Known[]>;
    /** What a list says of one record. */
    about(record: RecordRef): Promise<Known | undefined>;
    upload(job: string, files: Upload[], options: UploadOptions, report: Report): Promise<Uploaded>;
    replace(job: string, record: RecordRef, file: Upload, report: Report): Promise<void>;
    /** Asks a job to end. Its call says whether it did, or whether it was too late. */
    cancel(job: string): Promise<void>;
    view(job: string, record: RecordRef, report: Report): Promise<Viewed>;
    download(job: string, record: RecordRef, report: Report): Promise<Blob>;
    /** Bytes of a video that is being viewed, at most those from `start` up to `end`. */
    videoPart(viewing: string, start: number, end: number): Promise<ArrayBuffer>;
    endVideo(viewing: string): Promise<void>;
    /** All records that can be read, and what is known about them, as one archive. */
    exportAll(job: string, file: FileSystemFileHandle | undefined, report: Report): Promise<Exported>;
    markInError(record: RecordRef): Promise<void>;
    /** Accepts what somebody else added to the own records. */
    accept(key: Hash, name: string): Promise<void>;
    /** Copies what others added into the patient's own store. */
    sync(): Promise<Copied>;
    news(since?: Date): Promise<News>;

    shares(): Promise<Share[]>;
    share(who: string, options: ShareOptions): Promise<Granted>;
    endShare(share: Pick<Share, "grantee" | "scope" | "scopeId">): Promise<{ keysMoved: boolean }>;
    endAllShares(): Promise<number>;
    timeline(): Promise<Timeline>;
    requests(): Promise<Request[]>;
    answer(id: Hash): Promise<Granted>;
    received(): Promise<Received[]>;
    /** Confirms a record as a professional. It cannot be taken back. */
    attest(record: RecordRef): Promise<void>;
    /** Lets a colleague read, at most as long as this person may; until when, if it has an end. */
    passOn(patient: Address, who: string, folder: FolderName, until: Date, name: string): Promise<Date | undefined>;
    passedOn(patient: Address): Promise<Handed[]>;
    takeBack(patient: Address, one: Pick<Handed, "scopeId" | "grantee">): Promise<void>;
    ask(who: string, reason: string, rights: Right[], until: Date): Promise<void>;

    contacts(): Promise<Contact[]>;
    readCard(card: string): Promise<CardText>;
    addContact(name: string, card: string): Promise<Contact>;
    /** Without a card the one of the directory is used. */
    nameAccount(account: Address, name: string, card?: string): Promise<Contact>;
    removeContact(name: string): Promise<void>;
    searchDirectory(text: string, after?: string): Promise<Page>;
    publish(name: string, specialities: string[], languages: string[]): Promise<void>;
    unpublish(): Promise<void>;
    /** The own listing and whether an authority vouches for this person. */
    standing(): Promise<{ vouched: boolean; found?: Found }>;
}
