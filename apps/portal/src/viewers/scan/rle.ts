/** A frame that is compressed as DICOM's PS3.5 annex G has it: one segment for each byte of a value, the highest first. */
export function fromRle(bytes: Uint8Array, pixels: number, samples: number, bytesOfValue: number): Uint8Array<ArrayBuffer> {
    const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const segments = header.getUint32(0, true);
    if (segments !== samples * bytesOfValue) throw new Error("damaged: another number of segments");
    const frame = new Uint8Array(pixels * segments);
    for (let number = 0; number < segments; number += 1) {
        const start = header.getUint32(4 + number * 4, true);
        const end = number + 1 < segments ? header.getUint32(8 + number * 4, true) : bytes.length;
        const [sample, byte] = [Math.floor(number / bytesOfValue), number % bytesOfValue];
        // The frame has the lowest byte of a value first.
        unpack(bytes.subarray(start, end), frame, sample * bytesOfValue + bytesOfValue - 1 - byte, segments);
    }
    return frame;
}

/** Writes the bytes of a segment each `step` bytes of the frame. */
function unpack(segment: Uint8Array, frame: Uint8Array, start: number, step: number): void {
    let to = start;
    for (let from = 0; from < segment.length && to < frame.length; ) {
        const count = segment[from++]!;
        if (count === 128) continue;
        const length = count < 128 ? count + 1 : 257 - count;
        for (let at = 0; at < length && to < frame.length; at += 1, to += step) frame[to] = segment[count < 128 ? from + at : from] ?? 0;
        from += count < 128 ? length : 1;
    }
    if (to < frame.length) throw new Error("damaged: a segment is too short");
}
