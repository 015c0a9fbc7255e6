// What the page of a hospital's office can ask of the worker.
import type { Address } from "hospital-record";

/** Somebody whom this office confirms, or confirmed. */
export interface Approval {
    account: Address;
    name?: string;
    role: string;
    until?: Date;
    /** Whether it counts now. */
    live: boolean;
}

export interface Approved {
    account: Address;
    until?: Date;
    /** Whether the office's own list has it as well. */
    noted: boolean;
}

export interface Health {
    software: string;
    services: string[];
    /** How long the answer took. */
    milliseconds: number;
    clock: "agrees" | "differs" | "unknown";
    serverTime?: Date;
    deviceTime: Date;
}

export interface OfficeCalls {
    approvals(): Promise<Approval[]>;
    approve(who: Address, name: string, role: string, until: Date): Promise<Approved>;
    endApproval(account: Address, role: string): Promise<void>;
    health(): Promise<Health>;
    /** The history of this account with the approvals, as the text of a file. */
    ownReport(): Promise<string>;
}
