// DICOM files by their bytes, in the explicit little-endian form.
export const SYNTAX = {
    plain: "1.2.840.10008.1.2.1", rle: "1.2.840.10008.1.2.5", jpeg: "1.2.840.10008.1.2.4.50", lossless: "1.2.840.10008.1.2.4.70",
    jpeg2000: "1.2.840.10008.1.2.4.90", jpegLs: "1.2.840.10008.1.2.4.80",
};
const LONG = new Set(["OB", "OW", "SQ", "UN", "UT"]);

function element(group, number, vr, value) {
    const content = typeof value === "string" ? Buffer.from(value.length % 2 ? `${value} ` : value, "utf8") : value;
    const head = Buffer.alloc(LONG.has(vr) ? 12 : 8);
    head.writeUInt16LE(group, 0);
    head.writeUInt16LE(number, 2);
    head.write(vr, 4, "latin1");
    if (LONG.has(vr)) head.writeUInt32LE(content.length, 8);
    else head.writeUInt16LE(content.length, 6);
    return Buffer.concat([head, content]);
}

function short(value) {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
    return bytes;
}

function item(bytes) {
    const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    const even = bytes.length % 2 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes;
    head.writeUInt32LE(even.length, 4);
    return Buffer.concat([head, even]);
}

/** Each frame is a piece of its own; the table of where they begin is empty, as it often is. */
function encapsulated(frames) {
    const head = Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    const end = Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
    return Buffer.concat([head, item(Buffer.alloc(0)), ...frames.map(item), end]);
}

export function dicom({ syntax = SYNTAX.plain, rows, columns, bits = 8, stored = bits, signed = 0, samples = 1, colours = "MONOCHROME2", frames, window, slope, patient = "Rao^Ana" }) {
    const meta = element(0x0002, 0x0010, "UI", `${syntax}${syntax.length % 2 ? "\0" : ""}`);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(meta.length);
    return Buffer.concat([
        Buffer.alloc(128), Buffer.from("DICM"), element(0x0002, 0x0000, "UL", length), meta,
        element(0x0008, 0x0005, "CS", "ISO_IR 192"), element(0x0008, 0x0020, "DA", "20260412"), element(0x0008, 0x0060, "CS", "CT"),
        element(0x0010, 0x0010, "PN", patient),
        element(0x0028, 0x0002, "US", short(samples)), element(0x0028, 0x0004, "CS", colours),
        ...(samples > 1 ? [element(0x0028, 0x0006, "US", short(0))] : []),
        element(0x0028, 0x0008, "IS", `${frames.length}`),
        element(0x0028, 0x0010, "US", short(rows)), element(0x0028, 0x0011, "US", short(columns)),
        element(0x0028, 0x0100, "US", short(bits)), element(0x0028, 0x0101, "US", short(stored)), element(0x0028, 0x0102, "US", short(stored - 1)),
        element(0x0028, 0x0103, "US", short(signed)),
        ...(window ? [element(0x0028, 0x1050, "DS", `${window.center}`), element(0x0028, 0x1051, "DS", `${window.width}`)] : []),
        ...(slope ? [element(0x0028, 0x1052, "DS", `${slope.intercept}`), element(0x0028, 0x1053, "DS", `${slope.slope}`)] : []),
        syntax === SYNTAX.plain ? element(0x7fe0, 0x0010, bits === 16 ? "OW" : "OB", Buffer.concat(frames)) : encapsulated(frames),
    ]);
}

/** Values of 16 bits, each from its place. */
export function grey16(columns, rows, value) {
    const bytes = Buffer.alloc(columns * rows * 2);
    for (let at = 0; at < columns * rows; at += 1) bytes.writeUInt16LE(value(at % columns, Math.floor(at / columns)) & 0xffff, at * 2);
    return bytes;
}

/** RLE of one segment for each byte, of values that are all written out. */
export function rle16(plain) {
    const planes = [1, 0].map((byte) => plain.filter((_, at) => at % 2 === byte));
    const segments = planes.map((plane) => {
        const runs = Array.from({ length: Math.ceil(plane.length / 128) }, (_, at) => plane.subarray(at * 128, at * 128 + 128));
        return Buffer.concat(runs.flatMap((run) => [Buffer.from([run.length - 1]), run]));
    });
    const header = Buffer.alloc(64);
    [segments.length, 64, 64 + segments[0].length].forEach((value, at) => header.writeUInt32LE(value, at * 4));
    return Buffer.concat([header, ...segments]);
}
