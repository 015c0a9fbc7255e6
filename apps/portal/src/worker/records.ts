import type { AddManyOptions, ProgressReport, RecordRef } from "hospital-record";
import type { Portal, Report, Upload, Viewed } from "./api";
import { canBeViewed, viewOf } from "./content";
import { known } from "./known";
import { client } from "./person";

/** The SDK adds at most 100 records with one act. */
const BATCH = 50;
const LARGEST_VIEW = 128 * 1024 * 1024;

const jobs = new Map<string, AbortController>();

/** Runs a job that `cancel` can end. */
async function job<R>(name: string, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const controller = new AbortController();
    jobs.set(name, controller);
    try {
        return await work(controller.signal);
    } finally {
        jobs.delete(name);
    }
}

async function uploadAll(files: Upload[], options: AddManyOptions, report: Report): Promise<RecordRef[]> {
    const total = files.reduce((sum, { content }) => sum + content.size, 0);
    const added: RecordRef[] = [];
    let before = 0;
    for (const { mediaType, batch } of batches(files)) {
        const start = before;
        const named = batch.map(({ name, content }) => ({ name, content }));
        const results = await client().addMany(named, {
            ...options,
            ...(mediaType ? { mediaType } : {}),
            progress: ({ phase, done }) => void report(start + done, total, phase),
        });
        added.push(...results.map(({ record }) => record));
        before += batch.reduce((sum, { content }) => sum + content.size, 0);
    }
    return added;
}

/** The SDK takes one media type for all files of a call, and cannot tell text from other bytes. */
function batches(files: Upload[]): { mediaType: string; batch: Upload[] }[] {
    const byType = Map.groupBy(files, ({ mediaType }) => mediaType ?? "");
    return [...byType].flatMap(([mediaType, alike]) => {
        const starts = Array.from({ length: Math.ceil(alike.length / BATCH) }, (_, number) => number * BATCH);
        return starts.map((start) => ({ mediaType, batch: alike.slice(start, start + BATCH) }));
    });
}

/** All of a stream, unless it is too long to be shown. */
async function beginning(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let length = 0;
    for await (const piece of stream) {
        length += piece.length;
        if (length > LARGEST_VIEW) return undefined; // Leaving the loop cancels the stream.
        pieces.push(piece as Uint8Array<ArrayBuffer>);
    }
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

export const records = {
    records: known,

    upload: (name, files, { folder, keywords, patient }, report) =>
        job(name, (signal) => uploadAll(files, { folder, keywords, signal, ...(patient ? { patient } : {}) }, report)),

    replace: (name, record, { name: file, content, mediaType }, report) =>
        job(name, async (signal) => {
            await client().replace(record, file, content, {
                signal,
                ...(mediaType ? { mediaType } : {}),
                progress: ({ phase, done, total }) => void report(done, total, phase),
            });
        }),

    async cancel(name) {
        jobs.get(name)?.abort();
    },

    view: (name, record, report) =>
        job(name, async (signal): Promise<Viewed> => {
            const metadata = await client().openMetadata(record, { signal });
            if (!canBeViewed(metadata.mediaType)) return { metadata, view: { kind: "none", why: "type" } };
            const progress = ({ phase, done, total }: ProgressReport) => void report(done, total, phase);
            const bytes = await beginning(client().openStream(record, { signal, progress }));
            if (!bytes) return { metadata, view: { kind: "none", why: "size" } };
            const content = new Blob([bytes], { type: "application/octet-stream" });
            return { metadata, view: await viewOf(metadata.mediaType, bytes), content };
        }),

    download: (name, record, report) =>
        job(name, async (signal) => {
            const progress = ({ phase, done, total }: ProgressReport) => void report(done, total, phase);
            const stream = client().openStream(record, { signal, progress });
            const headers = { "content-type": "application/octet-stream" };
            return new Response(stream, { headers }).blob();
        }),

    async markInError(record) {
        await client().markEnteredInError(record);
    },
} satisfies Partial<Portal>;
