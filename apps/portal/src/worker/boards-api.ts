// What the pages about boards and emergencies can ask of the worker.
import type { Address, CaseDetails, Hash, ScopeId } from "hospital-record";
import type { Problem } from "./api";

export interface Person {
    account: Address;
    name?: string;
}

export interface BoardView {
    address: Address;
    name?: string;
    threshold: number;
    members: (Person & { left: boolean })[];
    /** Whether it can still let anybody in. */
    works: boolean;
    isMember: boolean;
}

/** A board of a patient, and what the patient gave it. */
export interface OwnBoard extends BoardView {
    given: { scopeId: ScopeId; name: string; until?: Date; live: boolean }[];
    /** Who may also say no. */
    proxy?: Person;
}

/** Who would read, and what the hospital says of them: it is asked only while others can agree. */
export interface Reader extends Person {
    confirmed?: boolean;
    /** Their name in the list of doctors. */
    listed?: string;
}

export interface CaseView {
    id: Hash;
    board: Address;
    boardName?: string;
    patient: Person;
    grantee: Reader;
    opener: Person;
    opened: Date;
    /** Hours of access. */
    hours: number;
    stage: CaseDetails["stage"];
    until?: Date;
    acknowledged: Person[];
    threshold: number;
    released: number;
    /** Not there if this person cannot read it. */
    reason?: string;
    findings: { by: Person; words?: string; unreadable: boolean }[];
    reviewDue?: Date;
    mine: { grantee: boolean; acknowledged: boolean; released: boolean };
    can: { acknowledge: boolean; veto: boolean; review: boolean };
}

export interface BoardCases {
    board: BoardView;
    cases: CaseView[];
    /** Older ones, or more of one opener. */
    leftOut: boolean;
}

export interface Watched {
    /** Emergencies about this person that are open or give access now. */
    about: CaseView[];
    /** Emergencies of others that wait for this person. */
    waiting: number;
    /** Parts of keys that were passed on just now. */
    released: number;
    problem?: Problem;
}

export interface OpenCase {
    board: Address;
    patient: Address;
    reason: string;
    hours: number;
    /** Account or card of a colleague. */
    to?: string;
    scope?: ScopeId;
}

export interface BoardCalls {
    ownBoards(): Promise<OwnBoard[]>;
    /** Emergencies about this person, also those that are over. */
    ownCases(): Promise<CaseView[]>;
    makeBoard(threshold: number, members: Address[]): Promise<Address>;
    giveToBoard(board: Address, name: string, folder: string, until: Date): Promise<void>;
    /** Without an account, nobody else may say no. */
    setProxy(board: Address, who?: Address): Promise<void>;

    memberBoards(): Promise<BoardView[]>;
    joinBoard(board: Address, name: string): Promise<BoardView>;
    resign(board: Address): Promise<void>;
    boardCases(board: Address): Promise<BoardCases>;
    /** What the patient gave to the board. */
    openable(board: Address, patient: Address): Promise<ScopeId[]>;
    openCase(what: OpenCase): Promise<CaseView>;
    acknowledge(board: Address, id: Hash): Promise<CaseView>;
    review(board: Address, id: Hash, finding: string): Promise<CaseView>;
    veto(board: Address, id: Hash): Promise<CaseView>;
    /** Passes on what is due, and looks for emergencies. */
    watch(): Promise<Watched>;
}
