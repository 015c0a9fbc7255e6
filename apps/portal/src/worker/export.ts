// All records of a person as one archive, while it is made: nothing waits in memory but the record under way.
import { makeZip } from "client-zip";
import { Names, safeName } from "../lib/filename";
import type { Exported, Listed, Portal, Report } from "./api";
import { account, client } from "./person";
import { job } from "./records";

interface Kept {
    record: string;
    file?: string;
    /** Why it is not in the archive. */
    unread?: { kind: string; reason: string };
    [fact: string]: unknown;
}

interface Entry {
    name: string;
    input: Blob | string;
    lastModified: Date;
}

const json = (value: unknown): string =>
    JSON.stringify(value, (_, held) => (typeof held === "bigint" ? held.toString() : held), 2);

function whyNot(error: unknown): { kind: string; reason: string } {
    const { kind, message } = (typeof error === "object" && error !== null ? error : {}) as { kind?: string; message?: string };
    return { kind: kind ?? "Unknown", reason: message ?? String(error) };
}

class Archive {
    readonly kept: Kept[] = [];
    readonly #names = new Names();
    #done = 0;

    constructor(readonly listed: Listed[], readonly signal: AbortSignal, readonly report: Report) {}

    async *entries(): AsyncGenerator<Entry> {
        const now = new Date();
        const total = this.listed.reduce((sum, { size = 0 }) => sum + size, 0);
        for (const record of this.listed) {
            void this.report(this.#done, total, record.metadata?.name ?? "");
            const entry = await this.#entry(record);
            if (entry) yield entry;
            this.#done += record.size ?? 0;
        }
        const history = json(await this.#history());
        yield { name: "history.json", input: history, lastModified: now };
        yield { name: "index.json", input: json({ account: account(), made: now, records: this.kept }), lastModified: now };
        void this.report(total, total, "");
    }

    /** A record is read to its end before it is written, so that none in the archive is only a part. */
    async #entry(listed: Listed): Promise<Entry | undefined> {
        const { record, metadata, added, readable, kind, reason, ...facts } = listed;
        const known: Kept = { record, added, ...facts, metadata };
        this.kept.push(known);
        if (!readable || !metadata) {
            known.unread = { kind: kind ?? "Unknown", reason: reason ?? "" };
            return undefined;
        }
        try {
            const input = await new Response(client().openStream(record, { signal: this.signal })).blob();
            const folder = safeName(metadata.folder, "folder");
            known.file = `records/${folder}/${this.#names.take(folder, safeName(metadata.name))}`;
            return { name: known.file, input, lastModified: added };
        } catch (error) {
            this.signal.throwIfAborted();
            known.unread = whyNot(error);
            return undefined;
        }
    }

    async #history(): Promise<unknown> {
        try {
            const { entries, completeness } = await client().history({ signal: this.signal });
            return { completeness, entries };
        } catch (error) {
            this.signal.throwIfAborted();
            return { unread: whyNot(error) };
        }
    }

    get outcome(): Exported {
        const unread = this.kept.filter((known) => known.unread).length;
        return { records: this.kept.length - unread, unread };
    }
}

export const exporting = {
    exportAll: (name, file, report) =>
        job(name, async (signal) => {
            const archive = new Archive(await client().list({ signal }), signal, report);
            const zip = makeZip(archive.entries());
            if (file) {
                // Without its end, the file is as it was before.
                await zip.pipeTo(await file.createWritable(), { signal });
                return archive.outcome;
            }
            const whole = await new Response(zip, { headers: { "content-type": "application/zip" } }).blob();
            return { ...archive.outcome, file: whole };
        }),
} satisfies Partial<Portal>;
