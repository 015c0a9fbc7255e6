import type { Board, Case, Cases, GrantInfo } from "hospital-record";
import type { Address, Portal } from "./api";
import type { BoardView, CaseView, OwnBoard, Watched } from "./boards-api";
import { boardAt, canAct, caseNow, caseView, naming, same, withCase, type Naming } from "./cases";
import { note, notes } from "./notes";
import { account, client, person, using } from "./person";
import { problemOf } from "./problem";

const FOLDER = "boards";
const MOST_SHOWN = 20;

/** Boards of this session that are looked after: those that this person gave something, and those where they are a member. */
let watched: { own: Address[]; member: Address[] } | undefined;
const forget = (): void => void (watched = undefined);

const act = <R>(work: (boards: Client["boards"]) => Promise<R>): Promise<R> => using(client().boards, work);
type Client = ReturnType<typeof client>;

function viewOf(board: Board, name: Naming, title?: string): BoardView {
    const { address, threshold, members, left, works, present } = board.details;
    return {
        address, threshold, works,
        name: title ?? name(address).name,
        members: members.map((who) => ({ ...name(who), left: left.some((gone) => same(gone, who)) })),
        isMember: present.some((who) => same(who, account())),
    };
}

/** Grants to boards, by board. Only they pass reading on for an emergency. */
async function ownGrants(): Promise<Map<Address, GrantInfo[]>> {
    const grants = await using(client().grants, (group) => group.list());
    const toBoards = grants.filter(({ rights, purpose }) => rights.includes("delegate") && purpose === "ETREAT");
    return Map.groupBy(toBoards, ({ grantee }) => grantee);
}

async function ownBoard(address: Address, grants: GrantInfo[], name: Naming): Promise<OwnBoard> {
    return using(await boardAt(address), async (board) => {
        const proxy = await person().system.proxyOf(board, account());
        const given = grants.map(({ scope, scopeId, scopeName, expires, live }) => {
            const name = scope.record === undefined ? (scope.name ?? scopeName) : scopeName;
            return { scopeId, name, until: expires, live };
        });
        return { ...viewOf(board, name, grants[0]?.name), given, ...(proxy ? { proxy: name(proxy) } : {}) };
    });
}

async function joined(): Promise<{ address: Address; name: string }[]> {
    const all = (await notes(FOLDER)).map(({ name, words }) => ({ address: words[0] as Address, name }));
    return [...new Map(all.map((one) => [one.address.toLowerCase(), one])).values()];
}

async function toWatch() {
    watched ??= { own: [...(await ownGrants()).keys()], member: (await joined()).map(({ address }) => address) };
    return watched;
}

/** The objects of a list hold memory of the SDK. */
async function viewsOf(board: Board, { cases }: Cases, isWanted: (one: Case) => boolean): Promise<CaseView[]> {
    const name = await naming();
    try {
        const wanted = cases.filter(isWanted).slice(0, MOST_SHOWN);
        return await Promise.all(wanted.map((one) => caseView(board, one, name, name(board.address).name)));
    } finally {
        for (const one of cases) one.free();
    }
}

const isUnderWay = ({ details: { stage } }: Case): boolean => stage === "open" || stage === "granted";

async function aboutMe(address: Address, isWanted: (one: Case) => boolean): Promise<CaseView[]> {
    return using(await boardAt(address), async (board) => viewsOf(board, await person().system.casesAbout(board, account()), isWanted));
}

type Seen = Omit<Watched, "about">;

async function asMember(address: Address): Promise<Seen> {
    return using(await boardAt(address), async (board) => {
        const due = board.details.present.some((who) => same(who, account())) ? await act((boards) => boards.releaseDue(board)) : [];
        for (const one of due) one.case.free();
        const failed = due.find(({ error }) => error)?.error;
        const { cases } = await person().system.cases(board);
        const waiting = cases.filter(({ details }) => canAct(board, details)).length;
        for (const one of cases) one.free();
        return { waiting, released: due.filter(({ released }) => released).length, ...(failed ? { problem: problemOf(failed) } : {}) };
    });
}

export const boards = {
    async ownBoards() {
        const [grants, name] = await Promise.all([ownGrants(), naming()]);
        return Promise.all([...grants].map(([address, given]) => ownBoard(address, given, name)));
    },

    async ownCases() {
        const { own } = await toWatch();
        return (await Promise.all(own.map((address) => aboutMe(address, () => true)))).flat();
    },

    async makeBoard(threshold, members) {
        const { board } = await act((group) => group.create(threshold, members));
        const { address } = board;
        board.free();
        return address;
    },

    async giveToBoard(address, name, folder, until) {
        await using(await boardAt(address), (board) => act((group) => group.grant(board, { name, folder, until })));
        forget();
    },

    async setProxy(address, who) {
        await using(await boardAt(address), (board) => act((group) => group.appointProxy(board, who)));
    },

    async memberBoards() {
        const name = await naming();
        const all = await joined();
        return Promise.all(all.map(async ({ address, name: title }) => using(await boardAt(address), async (board) => viewOf(board, name, title))));
    },

    async joinBoard(address, title) {
        const view = await using(await boardAt(address), async (board) => viewOf(board, await naming(), title));
        if (!(await joined()).some((one) => same(one.address, address))) await note(FOLDER, title, [address], `${title}: ${address}`);
        forget();
        return view;
    },

    async resign(address) {
        await using(await boardAt(address), (board) => act((group) => group.resign(board)));
        forget();
    },

    async boardCases(address) {
        return using(await boardAt(address), async (board) => {
            const found = await person().system.cases(board);
            const leftOut = found.cut.count > 0 || found.cut.older || found.cases.length > MOST_SHOWN;
            const title = (await joined()).find((one) => same(one.address, address))?.name;
            return { board: viewOf(board, await naming(), title), cases: await viewsOf(board, found, () => true), leftOut };
        });
    },

    openable: async (address, patient) => using(await boardAt(address), (board) => act((group) => group.granted(board, patient))),

    async openCase({ board: address, patient, reason, hours, to, scope }) {
        return using(await boardAt(address), async (board) => {
            const options = { lasting: hours * 3600, ...(to ? { to } : {}), ...(scope ? { scope } : {}) };
            const one = await act((group) => group.openCase(board, patient, reason, options));
            return using(one, async (opened) => caseView(board, opened, await naming()));
        });
    },

    async acknowledge(address, id) {
        await withCase(address, id, (one) => act((group) => group.acknowledge(one)));
        // If it was the last one. What fails here, `watch` repeats and tells.
        await asMember(address).catch(() => undefined);
        return caseNow(address, id);
    },

    async review(address, id, finding) {
        await withCase(address, id, (one) => act((group) => group.review(one, finding || undefined)));
        return caseNow(address, id);
    },

    async veto(address, id) {
        await withCase(address, id, (one) => act((group) => group.veto(one)));
        return caseNow(address, id);
    },

    async watch() {
        const { own, member } = await toWatch();
        const about = (await Promise.all(own.map((address) => aboutMe(address, isUnderWay)))).flat();
        const all: Seen = { waiting: 0, released: 0 };
        for (const address of member) {
            const { waiting, released, problem } = await asMember(address);
            all.waiting += waiting;
            all.released += released;
            all.problem ??= problem;
        }
        return { about, ...all };
    },
} satisfies Partial<Portal>;
