import type { View } from "./api";

const PICTURES = new Set(["image/png", "image/jpeg", "image/webp", "image/gif"]);
const TEXTS = new Set(["text/plain", "text/csv", "text/markdown"]);
const JSONS = new Set(["application/json", "application/fhir+json"]);
/** Each has a viewer that holds no keys. */
const FILES = new Map<string, "pdf" | "scan">([["application/pdf", "pdf"], ["application/dicom", "scan"]]);
const LONGEST_TEXT = 1_000_000;
const LONGEST_HEALTH = 8_000_000;
const LARGEST_PICTURE = 64 * 1024 * 1024;
const MOST_PIXELS = 64_000_000;

export const canBeViewed = (mediaType: string): boolean =>
    [PICTURES, TEXTS, JSONS, FILES].some((types) => types.has(base(mediaType)));

const base = (mediaType: string): string => mediaType.split(";")[0]!.trim().toLowerCase();

/** What the page may show. All else, such as HTML and SVG, could run in the page: it is only downloaded. */
export async function viewOf(mediaType: string, bytes: Uint8Array<ArrayBuffer>): Promise<View> {
    const file = FILES.get(base(mediaType));
    if (file) return { kind: file };
    if (TEXTS.has(base(mediaType))) return textOf(bytes);
    if (JSONS.has(base(mediaType))) return healthOf(bytes) ?? { ...textOf(bytes), damaged: base(mediaType).includes("fhir") };
    if (!PICTURES.has(base(mediaType))) return { kind: "none", why: "type" };
    if (bytes.length > LARGEST_PICTURE) return { kind: "none", why: "size" };
    return redrawn(new Blob([bytes], { type: base(mediaType) }));
}

function textOf(bytes: Uint8Array): Extract<View, { kind: "text" }> {
    const text = new TextDecoder().decode(bytes.subarray(0, LONGEST_TEXT));
    return { kind: "text", text, cut: bytes.length > LONGEST_TEXT };
}

/** JSON is health data if it says which kind of it. */
function healthOf(bytes: Uint8Array): View | undefined {
    if (bytes.length > LONGEST_HEALTH) return undefined;
    try {
        const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
        return typeof JSON.parse(text)?.resourceType === "string" ? { kind: "health", text } : undefined;
    } catch {
        return undefined;
    }
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
