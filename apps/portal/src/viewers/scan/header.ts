interface Size {
    columns: number;
    rows: number;
}

/** What the header of a compressed frame claims. It is compared with the file before anything is decoded. */
export function sizeOfJpeg(bytes: Uint8Array): Size | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; ) {
        const marker = bytes[at + 1]!;
        // A start of a frame, which no table and no arithmetic coding is.
        if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
            return { rows: view.getUint16(at + 5), columns: view.getUint16(at + 7) };
        }
        at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
    }
    return undefined;
}

const START_OF_CODESTREAM = [0xff, 0x4f, 0xff, 0x51];

export function sizeOfJpeg2000(bytes: Uint8Array): Size | undefined {
    if (bytes.length < 24 || START_OF_CODESTREAM.some((byte, at) => bytes[at] !== byte)) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return { columns: view.getUint32(8) - view.getUint32(16), rows: view.getUint32(12) - view.getUint32(20) };
}

/** An Adobe marker tells a decoder whether colours were changed. */
export function hasAdobe(bytes: Uint8Array): boolean {
    return String.fromCharCode(...bytes.subarray(0, 1000)).includes("Adobe");
}
