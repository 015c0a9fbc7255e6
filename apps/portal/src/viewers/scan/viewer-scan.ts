// Reads and draws a DICOM file, all of it in this worker.
import { expose, transfer } from "comlink";
import type { DataSet } from "dicom-parser";
import { sealOff } from "../sealed";
import { factsOf, layoutOf, numberOf, parsed, TAGS, windowOf, type Facts, type Layout } from "./file";
import { frameOf, type FileOf, type Raw } from "./frames";
import { painted, rangeOf, wholeWindow, type Values, type Window } from "./window";

sealOff();

export interface Scan {
    facts: Facts;
    columns: number;
    rows: number;
    frames: number;
    /** A picture in colours has no window. */
    isGrey: boolean;
}

export interface Drawn {
    picture: ImageBitmap;
    /** As it is drawn, and one that shows all values. */
    window?: Window;
    whole?: Window;
}

interface Grey {
    pixels: Int32Array;
    values: Values;
    whole: Window;
}

const opened: { data?: DataSet; layout?: Layout; fileOf?: FileOf } = {};
let last: { number: number; grey?: Grey; rgba?: Uint8ClampedArray<ArrayBuffer> } | undefined;

const calls = {
    async open(file: Blob, fileOf: FileOf): Promise<Scan> {
        const data = parsed(new Uint8Array(await file.arrayBuffer()));
        const layout = layoutOf(data);
        Object.assign(opened, { data, layout, fileOf });
        const { columns, rows, frames } = layout;
        return { facts: factsOf(data), columns, rows, frames, isGrey: layout.samples === 1 };
    },

    async frame(number: number, window?: Window): Promise<Drawn> {
        const { columns, rows } = opened.layout!;
        if (last?.number !== number) last = { number, ...(await decoded(number)) };
        const { grey, rgba } = last;
        const shown = grey && (window ?? windowOf(opened.data!, number) ?? grey.whole);
        const canvas = new OffscreenCanvas(columns, rows);
        const pixels = grey ? painted(grey.pixels, grey.values, shown!) : rgba!;
        canvas.getContext("2d")!.putImageData(new ImageData(pixels, columns, rows), 0, 0);
        const picture = canvas.transferToImageBitmap();
        return transfer({ picture, window: shown, whole: grey?.whole }, [picture]);
    },
};

async function decoded(number: number): Promise<{ grey: Grey } | { rgba: Uint8ClampedArray<ArrayBuffer> }> {
    const [data, layout] = [opened.data!, opened.layout!];
    if (layout.samples === 1 && !layout.colours.startsWith("MONOCHROME")) throw new Error(`unsupported: ${layout.colours}`);
    const raw = await frameOf(data, layout, number, opened.fileOf!);
    if (layout.samples === 3) return { rgba: coloured(raw, layout) };
    const [slope = 1, intercept = 0] = TAGS.values.map((tag) => numberOf(data, number, "x00289145", tag));
    const values = { slope: slope || 1, intercept, inverted: layout.colours === "MONOCHROME1" };
    const pixels = signed(raw, layout);
    return { grey: { pixels, values, whole: wholeWindow(rangeOf(pixels), values) } };
}

/** The bits that count, with their sign. */
function signed(raw: Raw, { stored, high, signed: hasSign }: Layout): Int32Array {
    const pixels = new Int32Array(raw.length);
    const [left, right] = [31 - high, 32 - stored];
    for (let at = 0; at < raw.length; at += 1) pixels[at] = hasSign ? (raw[at]! << left) >> right : (raw[at]! << left) >>> right;
    return pixels;
}

/** Whether the values are still brightness and colours. JPEG's decoder gives red, green and blue. */
function changesColours(syntax: string, colours: string): boolean {
    if (/\.4\.5[01]$/.test(syntax) || colours === "RGB") return false;
    if (/\.4\.9[01]$/.test(syntax) && ["YBR_RCT", "YBR_ICT"].includes(colours)) return false;
    if (colours === "YBR_FULL" && !/\.4\.9[01]$/.test(syntax)) return true;
    throw new Error(`unsupported: ${colours}`);
}

function coloured(raw: Raw, { columns, rows, bits, colours, planar, syntax }: Layout): Uint8ClampedArray<ArrayBuffer> {
    if (bits !== 8) throw new Error("unsupported: colours of 16 bits");
    const isYbr = changesColours(syntax, colours);
    const pixels = columns * rows;
    const [next, step] = planar && !/\.[45](\.\d+)?$/.test(syntax.slice(17)) ? [1, pixels] : [3, 1];
    const rgba = new Uint8ClampedArray(pixels * 4);
    for (let at = 0; at < pixels; at += 1) {
        const [a, b, c] = [raw[at * next]!, raw[at * next + step]!, raw[at * next + 2 * step]!];
        rgba.set(isYbr ? [a + 1.402 * (c - 128), a - 0.344136 * (b - 128) - 0.714136 * (c - 128), a + 1.772 * (b - 128), 255] : [a, b, c, 255], at * 4);
    }
    return rgba;
}

export type ScanCalls = typeof calls;
expose(calls);
