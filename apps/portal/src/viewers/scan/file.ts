// What a DICOM file says of itself.
import { parseDicom, type DataSet } from "dicom-parser";
import { decoderOf } from "./text";
import type { Window } from "./window";

const MOST_PIXELS = 40_000_000;
const MOST_FRAMES = 5000;

export interface Facts {
    patient: string;
    born: string;
    kind: string;
    part: string;
    study: string;
    series: string;
    made: string;
    place: string;
}

export interface Layout {
    columns: number;
    rows: number;
    frames: number;
    samples: number;
    bits: number;
    stored: number;
    high: number;
    signed: boolean;
    planar: boolean;
    colours: string;
    syntax: string;
}

export const TAGS = { pixels: "x7fe00010", window: ["x00281050", "x00281051"], values: ["x00281053", "x00281052"] } as const;

export function parsed(bytes: Uint8Array): DataSet {
    try {
        return parseDicom(bytes);
    } catch (error) {
        // The parser throws texts, and objects with one.
        const words = typeof error === "string" ? error : ((error as { exception?: string }).exception ?? String(error));
        throw new Error(`damaged: ${words}`);
    }
}

export function layoutOf(data: DataSet): Layout {
    const [rows = 0, columns = 0] = [data.uint16("x00280010"), data.uint16("x00280011")];
    const frames = Number(data.intString("x00280008") ?? 1);
    if (!data.elements[TAGS.pixels]) throw new Error("unsupported: there is no picture in it");
    if (!rows || !columns || !(frames >= 1)) throw new Error("damaged: a picture without a size");
    if (rows * columns > MOST_PIXELS || frames > MOST_FRAMES) throw new Error("size: the picture is too large");
    const bits = data.uint16("x00280100") ?? 8;
    const stored = Math.min(bits, data.uint16("x00280101") || bits);
    return {
        columns, rows, frames, bits, stored,
        samples: data.uint16("x00280002") ?? 1,
        high: data.uint16("x00280102") ?? stored - 1,
        signed: data.uint16("x00280103") === 1,
        planar: data.uint16("x00280006") === 1,
        colours: (data.string("x00280004") ?? "MONOCHROME2").toUpperCase(),
        syntax: data.string("x00020010") ?? "1.2.840.10008.1.2",
    };
}

/** A number that the file has once, or for all frames, or for each frame. */
export function numberOf(data: DataSet, frame: number, macro: string, tag: string): number | undefined {
    const group = (sequence: string, item: number) =>
        data.elements[sequence]?.items?.[item]?.dataSet?.elements[macro]?.items?.[0]?.dataSet;
    for (const place of [group("x52009230", frame), group("x52009229", 0), data]) {
        const value = place?.floatString(tag);
        if (value !== undefined && Number.isFinite(value)) return value;
    }
    return undefined;
}

export function windowOf(data: DataSet, frame: number): Window | undefined {
    const [center, width] = TAGS.window.map((tag) => numberOf(data, frame, "x00289132", tag));
    return center !== undefined && width !== undefined && width >= 1 ? { center, width } : undefined;
}

export function factsOf(data: DataSet): Facts {
    const decoder = decoderOf(data.string("x00080005"));
    const text = (tag: string): string => {
        const element = data.elements[tag];
        if (!element) return "";
        const bytes = data.byteArray.subarray(element.dataOffset, element.dataOffset + Math.min(element.length, 1000));
        return decoder.decode(bytes).split("\0")[0]!.trim();
    };
    const name = text("x00100010").split("=")[0]!.split("^");
    return {
        patient: [name[3], name[1], name[2], name[0], name[4]].filter(Boolean).join(" "),
        born: date(text("x00100030")),
        kind: text("x00080060"),
        part: text("x00180015"),
        study: text("x00081030"),
        series: text("x0008103e"),
        made: date(text("x00080020")),
        place: text("x00080080"),
    };
}

const date = (text: string): string => text.replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3");
