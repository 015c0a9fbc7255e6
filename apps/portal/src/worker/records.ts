import type { AddManyOptions, ProgressReport } from "hospital-record";
import type { Portal, Report, Upload, Uploaded, Viewed } from "./api";
import { canBeViewed, viewOf } from "./content";
import { known } from "./known";
import { client } from "./person";
import { problemOf } from "./problem";
import { isVideo, startVideo } from "./video";

/** The SDK adds at most 100 records with one act. */
const BATCH = 50;
const LARGEST_VIEW = 128 * 1024 * 1024;

const jobs = new Map<string, AbortController>();

/** Runs a job that `cancel` can end. */
export async function job<R>(name: string, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const controller = new AbortController();
    jobs.set(name, controller);
    try {
        return await work(controller.signal);
    } finally {
        jobs.delete(name);
    }
}

/** Until one fails, or is cancelled. */
async function uploadAll(files: Upload[], options: AddManyOptions, report: Report): Promise<Uploaded> {
    const total = files.reduce((sum, { content }) => sum + content.size, 0);
    let [added, before] = [0, 0];
    for (let start = 0; start < files.length; start += BATCH) {
        const batch = files.slice(start, start + BATCH);
        const named = batch.map(({ mediaType, ...file }) => ({ ...file, ...(mediaType ? { mediaType } : {}) }));
        let [file, at] = [0, before];
        const progress = ({ phase, done }: ProgressReport) => {
            // Each file counts from its own beginning, and is confirmed once.
            if (phase === "Confirming") at += batch[file++]?.content.size ?? 0;
            void report(Math.min(phase === "Confirming" ? at : at + done, total), total, phase);
        };
        try {
            added += (await client().addMany(named, { ...options, progress })).length;
        } catch (error) {
            return { added, problem: problemOf(error) };
        }
        before += batch.reduce((sum, { content }) => sum + content.size, 0);
    }
    return { added };
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
            if (isVideo(metadata.mediaType)) return { metadata, view: await startVideo(record, metadata.mediaType, signal) };
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
