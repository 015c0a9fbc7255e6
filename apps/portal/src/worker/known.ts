import type { HistoryEntry, Listed } from "hospital-record";
import type { Address, Copied, Known, News, Portal } from "./api";
import { note, notesAmong } from "./notes";
import { account, client, nameOf, person, using } from "./person";

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Of notes about records that the patient accepted. The chain has a word of professionals about a record, not of patients. */
const ACCEPTED = "accepted";

/** The records of a patient, with who added them. */
export async function known(patient?: Address): Promise<Known[]> {
    const [records, name] = await Promise.all([client().list(patient ? { patient } : {}), nameOf()]);
    const owner = patient ?? account();
    const accepted = new Set(patient ? [] : notesAmong(records, ACCEPTED).flatMap(({ words }) => words));
    const isNote = ({ metadata, author }: Listed): boolean =>
        same(author, account()) && metadata?.folder === ACCEPTED && metadata.keywords.length === 1 && /^0x[0-9a-f]{64}$/.test(metadata.keywords[0] ?? "");
    const isProposed = ({ author, docStatus, key, status }: Listed): boolean =>
        !same(author, owner) && status === "current" && docStatus === "preliminary" && !accepted.has(key);
    return records.filter((record) => patient || !isNote(record)).map((record) => ({
        ...record,
        byOther: !same(record.author, owner),
        proposed: isProposed(record),
        mine: same(record.author, account()),
        authorName: name(record.author),
    }));
}

const isNew = ({ by, at }: HistoryEntry, since?: Date): boolean => since !== undefined && at > since && !same(by, account());

export const knowledge = {
    async accept(key, name) {
        await note(ACCEPTED, name, [key], `${name}: accepted`);
    },

    async about(record) {
        const patient = record.split(":")[3] ?? "";
        return (await known(same(patient, account()) ? undefined : patient)).find((one) => one.record === record);
    },

    async sync(): Promise<Copied> {
        const { copied, missing, tooLarge, leftOut, unavailable } = await client().sync();
        return { copied, missing: missing.length || Number(Boolean(unavailable)), tooLarge: tooLarge.length, leftOut };
    },

    async news(since): Promise<News> {
        const [{ entries }, inbox, gone] = await Promise.all([
            client().history(),
            using(client().requests, (group) => group.list()),
            person().system.news(),
        ]);
        const fresh = entries.filter((entry) => isNew(entry, since));
        const requests = inbox.requests.map(({ id }) => id);
        for (const request of inbox.requests) request.free();
        return {
            requests,
            added: fresh.filter(({ action }) => action === "record-added" || action === "record-replaced").length,
            opened: fresh.filter(({ action }) => action === "record-read").length,
            vanished: gone.length,
            newest: entries.at(-1)?.at,
        };
    },
} satisfies Partial<Portal>;
