// The person of this worker. Terminating the worker wipes all of it.
import type { Client, Identity, LoggedIn, Login, System } from "hospital-record";
import type { Address, Place } from "./api";

export interface Person {
    identity: Identity;
    system: System;
    client: Client;
    login: Login;
    loggedIn?: LoggedIn;
}

export const state: { place: Place; person?: Person } = { place: { node: "", authorities: [] } };

export function person(): Person {
    if (!state.person) throw { kind: "LoggedOut", message: "nobody is logged in", mayHaveHappened: false };
    return state.person;
}

export const client = (): Client => person().client;
export const account = (): Address => client().address;

/** A group of a client holds the keys as well, so it is freed after its use. */
export async function using<T extends { free(): void }, R>(group: T, work: (group: T) => Promise<R>): Promise<R> {
    try {
        return await work(group);
    } finally {
        group.free();
    }
}

/** Names of accounts that this person chose. */
export async function nameOf(): Promise<(address: Address) => string | undefined> {
    const contacts = await using(client().contacts, (group) => group.list());
    const names = new Map(contacts.map(({ address, name }) => [address.toLowerCase(), name]));
    return (address) => names.get(address.toLowerCase());
}
