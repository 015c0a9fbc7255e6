import { System } from "hospital-record";
import type { Address, Trust } from "hospital-record";
import type { Portal } from "./api";
import type { Approval } from "./office-api";
import { note, notes } from "./notes";
import { account, client, nameOf, person, state, using } from "./person";
import { problemOf } from "./problem";

const FOLDER = "approvals";
const LARGEST_PAGE = 50;

/** Whom this office may have confirmed: its own notes, and the list of doctors. Nothing lists the vouches themselves. */
async function candidates(): Promise<Map<string, { name?: string; role: string }>> {
    const known = new Map<string, { name?: string; role: string }>();
    for (const { name, words } of await notes(FOLDER)) {
        const [who = "", role = "practitioner"] = words;
        known.set(who.toLowerCase(), { name, role });
    }
    for (const { account, name } of await listed()) if (!known.has(account)) known.set(account, { name, role: "practitioner" });
    return known;
}

async function listed(): Promise<{ account: string; name: string }[]> {
    const all: { account: string; name: string }[] = [];
    if (!(await System.nodeInfo(state.place.node)).directory) return all;
    let after: string | undefined;
    do {
        const options = { trustedBy: [account()], limit: LARGEST_PAGE, ...(after ? { after } : {}) };
        const page = await using(client().directory, (group) => group.search(options));
        all.push(...page.found.map(({ listing }) => ({ account: listing.account.toLowerCase(), name: listing.name })));
        after = page.next;
    } while (after);
    return all;
}

/** Others whom this office trusts may have vouched: only its own vouch can be withdrawn here. */
const ownVouch = (trust: Trust | undefined) => (trust?.links.length === 1 ? trust.links[0] : undefined);

async function clockOfServer() {
    try {
        return { clock: "agrees" as const, serverTime: await person().system.agreedTime() };
    } catch (error) {
        return { clock: problemOf(error).kind === "ClockSkew" ? ("differs" as const) : ("unknown" as const) };
    }
}

async function approvals(): Promise<Approval[]> {
    const known = [...(await candidates())];
    const accounts = known.map(([who]) => who as Address);
    const trusts = accounts.length ? await person().system.whyEachIsTrusted(accounts, [account()]) : [];
    return known.map(([who, { name, role }], at) => {
        const vouch = ownVouch(trusts[at]);
        return { account: vouch?.account ?? (who as Address), name, role: vouch?.role ?? role, until: vouch?.until, live: Boolean(vouch) };
    });
}

export const office = {
    approvals,

    async approve(who, name, role, until) {
        const vouched = await using(client().vouches, (group) => group.give(who, role, { until }));
        const text = `${name}, ${role}, ${who}, until ${until.toISOString()}`;
        const noted = await note(FOLDER, name, [who.toLowerCase(), role], text).then(() => true, () => false);
        return { account: vouched.account, until: vouched.until, noted };
    },

    async endApproval(who, role) {
        await using(client().vouches, (group) => group.withdraw(who, role));
    },

    async health() {
        const begun = performance.now();
        const { software, rpc, blocks, relay, login, directory } = await System.nodeInfo(state.place.node, { timeout: 10 });
        const milliseconds = Math.round(performance.now() - begun);
        const offered = Object.entries({ rpc, blocks, relay, login, directory });
        const services = offered.flatMap(([name, place]) => (place ? [name] : []));
        return { software, services, milliseconds, deviceTime: new Date(), ...(await clockOfServer()) };
    },

    async ownReport() {
        const name = await nameOf();
        const names = { account: (who: Address) => name(who) };
        const [{ completeness, entries }, confirmed] = await Promise.all([client().history({ names }), approvals()]);
        return JSON.stringify({ account: account(), made: new Date(), completeness, confirmed, entries }, null, 2);
    },
} satisfies Partial<Portal>;
