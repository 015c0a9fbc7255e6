// From the bytes of a frame to its values.
import { readEncapsulatedImageFrame, readEncapsulatedPixelDataFromFragments, type DataSet, type Element } from "dicom-parser";
import { TAGS, type Layout } from "./file";
import { hasAdobe, sizeOfJpeg, sizeOfJpeg2000 } from "./header";
import { fromRle } from "./rle";

/** Values as the file has them: grey, or red, green and blue. */
export type Raw = Uint8Array | Uint16Array;
type Decode = (bytes: Uint8Array<ArrayBuffer>, layout: Layout, fileOf: FileOf) => Raw | Promise<Raw>;
export type FileOf = () => Promise<Uint8Array>;

const SYNTAX = "1.2.840.10008.1.2";
const BIG_ENDIAN = `${SYNTAX}.2`;
const PLAIN = new Set([SYNTAX, `${SYNTAX}.1`, BIG_ENDIAN]);

const DECODERS: Record<string, Decode> = {
    [`${SYNTAX}.5`]: (bytes, layout) => values(fromRle(bytes, layout.columns * layout.rows, layout.samples, layout.bits / 8), layout),
    [`${SYNTAX}.4.50`]: byBrowser,
    [`${SYNTAX}.4.51`]: byBrowser,
    [`${SYNTAX}.4.57`]: lossless,
    [`${SYNTAX}.4.70`]: lossless,
    [`${SYNTAX}.4.90`]: jpeg2000,
    [`${SYNTAX}.4.91`]: jpeg2000,
};

export async function frameOf(data: DataSet, layout: Layout, number: number, fileOf: FileOf): Promise<Raw> {
    const element = data.elements[TAGS.pixels]!;
    if (layout.bits !== 8 && layout.bits !== 16) throw new Error(`unsupported: ${layout.bits} bits`);
    if (layout.samples !== 1 && layout.samples !== 3) throw new Error(`unsupported: ${layout.samples} samples`);
    if (PLAIN.has(layout.syntax)) return plain(data, element, layout, number);
    const decode = DECODERS[layout.syntax];
    if (!decode) throw new Error(`unsupported: compressed as ${layout.syntax}`);
    const raw = await decode(packed(data, element, layout, number), layout, fileOf);
    if (raw.length !== layout.columns * layout.rows * layout.samples) throw new Error("damaged: a frame of another size");
    return raw;
}

function plain(data: DataSet, element: Element, layout: Layout, number: number): Raw {
    const length = (layout.columns * layout.rows * layout.samples * layout.bits) / 8;
    const start = element.dataOffset + number * length;
    const end = element.dataOffset + element.length;
    if (start + length > Math.min(end, data.byteArray.length)) throw new Error("damaged: the picture ends too early");
    // Its own memory begins at a whole value.
    const bytes = Uint8Array.from(data.byteArray.subarray(start, start + length));
    if (layout.syntax === BIG_ENDIAN && layout.bits === 16) for (let at = 0; at < length; at += 2) bytes.subarray(at, at + 2).reverse();
    return values(bytes, layout);
}

const values = (bytes: Uint8Array<ArrayBuffer>, { bits }: Layout): Raw => (bits === 16 ? new Uint16Array(bytes.buffer) : bytes);

/** The bytes of one frame, which may be in several pieces. */
function packed(data: DataSet, element: Element, layout: Layout, number: number): Uint8Array<ArrayBuffer> {
    const pieces = element.fragments?.length ?? 0;
    if (pieces === 0) throw new Error("damaged: there is no frame");
    const read = (): Uint8Array => {
        if (layout.frames === 1) return readEncapsulatedPixelDataFromFragments(data, element, 0, pieces) as Uint8Array;
        if (pieces === layout.frames) return readEncapsulatedPixelDataFromFragments(data, element, number, 1) as Uint8Array;
        return readEncapsulatedImageFrame(data, element, number) as Uint8Array;
    };
    try {
        return Uint8Array.from(read());
    } catch (error) {
        throw new Error(`damaged: ${String(error)}`);
    }
}

function sameSize(claimed: { columns: number; rows: number } | undefined, { columns, rows }: Layout): void {
    if (claimed?.columns !== columns || claimed.rows !== rows) throw new Error("damaged: a frame of another size");
}

async function byBrowser(bytes: Uint8Array<ArrayBuffer>, layout: Layout): Promise<Raw> {
    sameSize(sizeOfJpeg(bytes), layout);
    if (layout.bits !== 8) throw new Error("unsupported: JPEG of 12 bits");
    // Without its marker a decoder would take red, green and blue for brightness and colour.
    if (layout.colours === "RGB" && !hasAdobe(bytes)) throw new Error("unsupported: JPEG whose colours are not clear");
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }), { colorSpaceConversion: "none", imageOrientation: "none" } as ImageBitmapOptions);
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true })!;
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const raw = new Uint8Array((data.length / 4) * layout.samples);
    for (let at = 0; at < raw.length; at += 1) raw[at] = data[Math.floor(at / layout.samples) * 4 + (at % layout.samples)]!;
    return raw;
}

async function lossless(bytes: Uint8Array<ArrayBuffer>, layout: Layout): Promise<Raw> {
    sameSize(sizeOfJpeg(bytes), layout);
    const { Decoder } = await import("jpeg-lossless-decoder-js");
    const raw = new Decoder().decode(bytes.buffer, 0, bytes.length, layout.bits / 8);
    return layout.bits === 16 ? new Uint16Array(raw.buffer) : new Uint8Array(raw.buffer);
}

async function jpeg2000(bytes: Uint8Array<ArrayBuffer>, layout: Layout, fileOf: FileOf): Promise<Raw> {
    sameSize(sizeOfJpeg2000(bytes), layout);
    const { default: start } = await import("@cornerstonejs/codec-openjpeg/decodewasmjs");
    const decoder = new (await start({ wasmBinary: await fileOf() })).J2KDecoder();
    try {
        decoder.getEncodedBuffer(bytes.length).set(bytes);
        decoder.decode();
        const { componentCount, bitsPerSample } = decoder.getFrameInfo();
        if (componentCount !== layout.samples || bitsPerSample > layout.bits) throw new Error("damaged: a frame of another kind");
        // A copy: the decoder's memory ends with it.
        return values(Uint8Array.from(decoder.getDecodedBuffer()), bitsPerSample > 8 ? layout : { ...layout, bits: 8 });
    } finally {
        decoder.delete();
    }
}
