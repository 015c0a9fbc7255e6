import type { AddManyOptions, RecordRef } from "hospital-record";
import type { Portal, Report, Upload, Viewed } from "./api";
import { canBeViewed, viewOf } from "./content";
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
    for (let at = 0; at < files.length; at += BATCH) {
        const batch = files.slice(at, at + BATCH);
        const start = before;
        const named = batch.map(({ name, content }) => ({ name, content }));
        const results = await client().addMany(named, {
            ...options,
            ...(sameType(batch) ? { mediaType: sameType(batch) } : {}),
            progress: ({ phase, done }) => void report(start + done, total, phase),
        });
        added.push(...results.map(({ record }) => record));
        before += batch.reduce((sum, { content }) => sum + content.size, 0);
    }
    return added;
}

/** The SDK recognises most types by the content. Text has no signature, so the browser's word is taken where it counts for all. */
function sameType(files: Upload[]): string | undefined {
    const types = new Set(files.map(({ mediaType }) => mediaType ?? ""));
    return types.size === 1 ? [...types][0] || undefined : undefined;
}

export const records = {
    records: (patient) => client().list(patient ? { patient } : {}),

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
            const { bytes } = await client().open(record, {
                signal,
                end: LARGEST_VIEW,
                progress: ({ phase, done, total }) => void report(done, total, phase),
            });
            const whole = bytes as Uint8Array<ArrayBuffer>;
            const content = bytes.length < LARGEST_VIEW ? new Blob([whole], { type: "application/octet-stream" }) : undefined;
            return { metadata, view: await viewOf(metadata.mediaType, whole), content };
        }),

    download: (name, record, report) =>
        job(name, async (signal) => {
            const progress = ({ phase, done, total }: { phase: string; done: number; total?: number }) =>
                void report(done, total, phase);
            const stream = client().openStream(record, { signal, progress });
            const headers = { "content-type": "application/octet-stream" };
            return new Response(stream, { headers }).blob();
        }),

    async markInError(record) {
        await client().markEnteredInError(record);
    },

    async sync() {
        return (await client().sync()).copied;
    },
} satisfies Partial<Portal>;
