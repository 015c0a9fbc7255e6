import { transfer } from "comlink";
import type { Portal, RecordRef, View } from "./api";
import { client } from "./person";

/** What a browser plays. */
const VIDEOS = new Set(["video/webm", "video/mp4"]);
/** A part waits in memory as a whole, and a slow connection must bring it in time. */
const LARGEST_PART = 1024 * 1024;

const viewings = new Map<string, RecordRef>();

const base = (mediaType: string): string => mediaType.split(";")[0]!.trim().toLowerCase();

export const isVideo = (mediaType: string): boolean => VIDEOS.has(base(mediaType));

/** The first piece is read as anybody reads a record: that logs the reading. Only then may parts be read without a log. */
export async function startVideo(record: RecordRef, mediaType: string, signal: AbortSignal): Promise<View> {
    let size = 0;
    const progress = ({ total }: { total?: number }) => void (size = total ?? size);
    const reader = client().openStream(record, { signal, progress }).getReader();
    await reader.read();
    await reader.cancel().catch(() => undefined);
    const viewing = crypto.randomUUID();
    viewings.set(viewing, record);
    return { kind: "video", video: { viewing, size, mediaType: base(mediaType) } };
}

export const video = {
    async videoPart(viewing, start, end) {
        const record = viewings.get(viewing);
        if (!record) throw { kind: "NotFound", message: "nobody views this video", mayHaveHappened: false };
        const part = client().openStream(record, { start, end: Math.min(end, start + LARGEST_PART), unlogged: true });
        const bytes = await new Response(part).arrayBuffer();
        return transfer(bytes, [bytes]);
    },

    async endVideo(viewing) {
        viewings.delete(viewing);
    },
} satisfies Partial<Portal>;
