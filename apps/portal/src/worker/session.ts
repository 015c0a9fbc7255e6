import init, { Identity, Login, readCard, System } from "hospital-record";
import type { LoggedIn } from "hospital-record";
import type { Entered, NewPerson, Portal } from "./api";
import { account, client, person, state, using } from "./person";

const ASKED_BACK = 3;

let fresh: { identity: Identity; phrase: string; ask: number[] } | undefined;

function numbers(of: number): number[] {
    const chosen = new Set<number>();
    while (chosen.size < ASKED_BACK) chosen.add(1 + (crypto.getRandomValues(new Uint32Array(1))[0]! % of));
    return [...chosen].sort((one, other) => one - other);
}

/** The storage has the account's name, so each person of this browser has one of their own. */
async function enter(identity: Identity, login: Login, loggedIn?: LoggedIn): Promise<Entered> {
    const storage = `portal-${identity.address.toLowerCase()}`;
    const system = await System.join(state.place.node, { storage, waitForStorage: false });
    state.person = { identity, system, client: system.client(identity), login, loggedIn };
    return {
        account: identity.address,
        failures: loggedIn?.failures ?? 0,
        lastFailure: loggedIn?.lastFailure,
        byPassword: Boolean(loggedIn),
        listed: await listedName(),
        isOffice: isOffice(),
    };
}

/** Another attempt to choose a name: the storage is open here already. */
async function reentered(identity: Identity, login: Login): Promise<Entered> {
    const isHere = state.person && state.person.identity.address === identity.address;
    if (!isHere) return enter(identity, login);
    return { account: account(), failures: 0, byPassword: false, isOffice: isOffice(), listed: await listedName() };
}

/** This device is logged in with the name from then on: so it is counted, and ended from elsewhere, as any other. */
async function takeName(login: Login, phrase: string, user: string, password: string): Promise<void> {
    try {
        await login.register(phrase, 0, user, password);
    } catch (error) {
        const { kind, message } = error as { kind?: string; message?: string };
        if (kind === "Conflict") throw { kind: "NameTaken", message, mayHaveHappened: false };
        throw error;
    }
    person().loggedIn = await login.logIn(user, password);
}

const isOffice = (): boolean => state.place.authorities.some((authority) => authority.toLowerCase() === account().toLowerCase());

async function listedName(): Promise<string | undefined> {
    try {
        const found = await using(client().directory, (directory) => directory.find(account()));
        return found.listing.name;
    } catch {
        return undefined; // Without a directory, or not listed there: a patient.
    }
}

export const session = {
    async start(place) {
        state.place = place;
        await init();
    },

    async newPerson(): Promise<NewPerson> {
        fresh?.identity.free();
        const { identity, phrase } = Identity.generate();
        const words = phrase.split(" ");
        fresh = { identity, phrase, ask: numbers(words.length) };
        return { words, ask: fresh.ask };
    },

    async checkWords(answers) {
        if (!fresh) return false;
        const words = fresh.phrase.split(" ");
        return fresh.ask.every((number, at) => words[number - 1] === answers[at]?.trim().toLowerCase());
    },

    async register(user, password) {
        if (!fresh) throw { kind: "Invalid", message: "make a new person first", mayHaveHappened: false };
        const { identity, phrase } = fresh;
        const login = await Login.at(state.place.node);
        if (!state.person) await enter(identity, login);
        await client().register();
        await takeName(login, phrase, user, password);
        fresh = undefined;
        return { account: account(), failures: 0, byPassword: true, isOffice: isOffice() };
    },

    async logIn(user, password) {
        const login = await Login.at(state.place.node);
        const loggedIn = await login.logIn(user, password);
        try {
            return await enter(loggedIn.identity, login, loggedIn);
        } catch (error) {
            // Another tab has this person's storage: this login is of no use.
            await login.end(loggedIn.token).catch(() => undefined);
            throw error;
        }
    },

    async restore(phrase, user, password) {
        const words = phrase.trim().toLowerCase().split(/\s+/).join(" ");
        const identity = Identity.fromPhrase(words);
        const login = await Login.at(state.place.node);
        const entered = await reentered(identity, login);
        if (!user || !password) return entered;
        await takeName(login, words, user, password);
        return { ...entered, byPassword: true };
    },

    resume: () => client().resume(),

    async logOut() {
        fresh?.identity.free();
        fresh = undefined;
        const { person: gone } = state;
        if (!gone) return;
        state.person = undefined;
        try {
            if (gone.loggedIn) await gone.login.end(gone.loggedIn.token, { signal: AbortSignal.timeout(3000) });
        } catch {
            // The node forgets a login by itself. The keys here go in any case.
        } finally {
            for (const held of [gone.client, gone.system, gone.loggedIn, gone.login, gone.identity]) held?.free();
        }
    },

    async me() {
        const card = await client().card();
        return { account: account(), card, fingerprint: readCard(card).fingerprint, byPassword: Boolean(person().loggedIn) };
    },

    logins: () => person().login.status(person().identity),
    async isLoggedIn() {
        const { login, loggedIn } = person();
        return !loggedIn || login.isLive(loggedIn.token);
    },

    async addWay(user, password) {
        const { login, loggedIn } = person();
        if (!loggedIn) throw { kind: "Invalid", message: "log in with a user name first", mayHaveHappened: false };
        return login.addWay(loggedIn, user, password);
    },

    endAllLogins: () => person().login.endAll(person().identity),
} satisfies Partial<Portal>;
