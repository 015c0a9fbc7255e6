// Cases of boards, in the words of this person.
import type { Board, Case, CaseDetails, Finding } from "hospital-record";
import type { Address, Hash } from "./api";
import type { CaseView, Person, Reader } from "./boards-api";
import { account, client, nameOf, person, state, using } from "./person";

const SECONDS_OF_HOUR = 3600;

export const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
const has = (list: Address[], who: Address): boolean => list.some((other) => same(other, who));
export const boardAt = (address: Address): Promise<Board> => person().system.board(address);

/** A case holds memory of the SDK until it is freed. */
export async function withCase<R>(board: Address, id: Hash, work: (one: Case) => Promise<R>): Promise<R> {
    const of = await boardAt(board);
    const one = await person().system.case(of, id);
    try {
        return await work(one);
    } finally {
        one.free();
        of.free();
    }
}

export type Naming = (who: Address) => Person;
export async function naming(): Promise<Naming> {
    const name = await nameOf();
    return (who) => ({ account: who, ...(name(who) ? { name: name(who) } : {}) });
}

/** Only the patient and the members can read what the others wrote. */
async function wordsOf(one: Case): Promise<{ reason?: string; findings: Finding[] }> {
    const boards = client().boards;
    try {
        const [reason, findings] = await Promise.all([
            boards.reasonOf(one).then(({ text }) => text, () => undefined),
            boards.findingsOf(one),
        ]);
        return { reason, findings };
    } finally {
        boards.free();
    }
}

async function mayVeto(board: Board, { patient, stage }: CaseDetails): Promise<boolean> {
    if (stage !== "open" && stage !== "granted") return false;
    if (same(patient, account())) return true;
    const proxy = await person().system.proxyOf(board, patient);
    return proxy !== undefined && same(proxy, account());
}

function deeds(board: Board, details: CaseDetails): Pick<CaseView, "mine" | "can"> {
    const me = account();
    const acknowledged = has(details.acknowledged, me);
    const isConcerned = same(details.grantee, me) || same(details.patient, me);
    const isOther = has(board.details.present, me) && !acknowledged && !isConcerned;
    const review = isOther && details.reviewDue !== undefined && !has(details.reviewed, me);
    return {
        mine: { grantee: same(details.grantee, me), acknowledged, released: has(details.released, me) },
        can: { acknowledge: isOther && details.stage === "open", veto: false, review },
    };
}

export function canAct(board: Board, details: CaseDetails): boolean {
    const { can } = deeds(board, details);
    return can.acknowledge || can.review;
}

/** Those who agree must know whom they let in. */
async function readerOf({ grantee, stage }: CaseDetails, name: Naming): Promise<Reader> {
    const { authorities } = state.place;
    if (stage !== "open" || authorities.length === 0) return name(grantee);
    const [trust, listed] = await Promise.all([
        person().system.whyTrusted(grantee, authorities),
        using(client().directory, (group) => group.find(grantee, { trustedBy: authorities })).catch(() => undefined),
    ]);
    return { ...name(grantee), confirmed: Boolean(trust), listed: listed?.listing.name };
}

/** All that this person can know of a case. */
export async function caseView(board: Board, one: Case, name: Naming, boardName?: string): Promise<CaseView> {
    const details = one.details;
    const { id, opened, stage, until, reviewDue } = details;
    const [{ reason, findings }, veto, grantee] = await Promise.all([wordsOf(one), mayVeto(board, details), readerOf(details, name)]);
    const { mine, can } = deeds(board, details);
    return {
        id, board: details.board, boardName, opened, stage, until, reviewDue, reason, mine,
        patient: name(details.patient), grantee, opener: name(details.opener),
        hours: details.lasts / SECONDS_OF_HOUR,
        acknowledged: details.acknowledged.map(name),
        threshold: board.details.threshold,
        released: details.released.length,
        findings: findings.map(({ reviewer, finding, error }) => ({ by: name(reviewer), words: finding?.text, unreadable: Boolean(error) })),
        can: { ...can, veto },
    };
}

/** The same, as it is now. */
export const caseNow = (board: Address, id: Hash): Promise<CaseView> =>
    withCase(board, id, async (one) => using(await boardAt(board), async (of) => caseView(of, one, await naming())));
