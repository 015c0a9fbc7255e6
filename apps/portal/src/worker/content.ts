import type { View } from "./api";

const PICTURES = new Set(["image/png", "image/jpeg", "image/webp", "image/gif"]);
const TEXTS = new Set(["text/plain", "text/csv", "application/json", "application/fhir+json", "text/markdown"]);
const LONGEST_TEXT = 1_000_000;
const LARGEST_PICTURE = 64 * 1024 * 1024;
const MOST_PIXELS = 64_000_000;

export const canBeViewed = (mediaType: string): boolean => PICTURES.has(base(mediaType)) || TEXTS.has(base(mediaType));

const base = (mediaType: string): string => mediaType.split(";")[0]!.trim().toLowerCase();

/** What the page may show. All else, such as HTML and SVG, could run in the page: it is only downloaded. */
export async function viewOf(mediaType: string, bytes: Uint8Array<ArrayBuffer>): Promise<View> {
    if (TEXTS.has(base(mediaType))) {
        const text = new TextDecoder().decode(bytes.subarray(0, LONGEST_TEXT));
        return { kind: "text", text, cut: bytes.length > LONGEST_TEXT };
    }
    if (!PICTURES.has(base(mediaType))) return { kind: "none", why: "type" };
    if (bytes.length > LARGEST_PICTURE) return { kind: "none", why: "size" };
    return redrawn(new Blob([bytes], { type: base(mediaType) }));
}

/** The pixels alone: what else a file of a picture holds does not get to the page. */
async function redrawn(file: Blob): Promise<View> {
    let picture: ImageBitmap;
    try {
        picture = await createImageBitmap(file);
    } catch {
        return { kind: "none", why: "damaged" };
    }
    if (picture.width * picture.height > MOST_PIXELS) return { kind: "none", why: "size" };
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d")!.drawImage(picture, 0, 0);
    picture.close();
    return { kind: "picture", picture: await canvas.convertToBlob({ type: "image/png" }) };
}
