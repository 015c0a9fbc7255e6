// The one interface between the page and the worker: plain objects in and out. Keys and WebAssembly objects stay here.
import type {
    Address, Contact, Found, GrantScope, Granted, Hash, Listed, Metadata, Page, Purpose, RecordRef, Resumed, Revoked, Right,
    ScopeId, Trust, VaultStatus,
} from "hospital-record";
import type { BoardCalls } from "./boards-api";
import type { OfficeCalls } from "./office-api";

export type {
    Address, Contact, Found, GrantScope, Granted, Hash, Listed, Metadata, Page, Purpose, RecordRef, Resumed, Revoked, Right,
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
    | { kind: "text"; text: string; cut: boolean }
    | { kind: "picture"; picture: Blob }
    | { kind: "none"; why: "type" | "size" | "damaged" };

export interface Viewed {
    metadata: Metadata;
    view: View;
    content?: Blob;
}

export interface Share {
    grantee: Address;
    name?: string;
    scope: GrantScope;
    scopeId: ScopeId;
    scopeName: string;
    rights: Right[];
    purpose: Purpose;
    granted: Date;
    expires?: Date;
    live: boolean;
    givenBy?: Address;
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
    grantee?: string;
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
    scopeId: ScopeId;
    scopeName: string;
    rights: Right[];
    expires?: Date;
    live: boolean;
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

    records(patient?: Address): Promise<Listed[]>;
    upload(job: string, files: Upload[], options: UploadOptions, report: Report): Promise<Uploaded>;
    replace(job: string, record: RecordRef, file: Upload, report: Report): Promise<void>;
    /** Asks a job to end. Its call says whether it did, or whether it was too late. */
    cancel(job: string): Promise<void>;
    view(job: string, record: RecordRef, report: Report): Promise<Viewed>;
    download(job: string, record: RecordRef, report: Report): Promise<Blob>;
    markInError(record: RecordRef): Promise<void>;
    /** Copies what others added into the patient's own store. */
    sync(): Promise<number>;

    shares(): Promise<Share[]>;
    share(who: string, options: ShareOptions): Promise<Granted>;
    endShare(share: Pick<Share, "grantee" | "scope">): Promise<Revoked>;
    endAllShares(): Promise<number>;
    timeline(): Promise<Timeline>;
    requests(): Promise<Request[]>;
    answer(id: Hash): Promise<Granted>;
    /** The request is not shown again until the logout. */
    deny(id: Hash): Promise<void>;
    received(): Promise<Received[]>;
    ask(who: string, reason: string, rights: Right[], until: Date): Promise<void>;

    contacts(): Promise<Contact[]>;
    readCard(card: string): Promise<CardText>;
    addContact(name: string, card: string): Promise<Contact>;
    removeContact(name: string): Promise<void>;
    searchDirectory(text: string, after?: string): Promise<Page>;
    publish(name: string, specialities: string[], languages: string[]): Promise<void>;
    unpublish(): Promise<void>;
    /** The own listing and whether an authority vouches for this person. */
    standing(): Promise<{ vouched: boolean; found?: Found }>;
}
