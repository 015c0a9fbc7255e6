// A WebM that can be searched, made of what a browser encodes.

const number = (value, length) => Array.from({ length }, (_, at) => Math.floor(value / 256 ** (length - 1 - at)) % 256);
const sized = (length) => [0x01, ...number(length, 7)];
const element = (id, content) => {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content);
    return Buffer.concat([Buffer.from(id), Buffer.from(sized(bytes.length)), bytes]);
};
const text = (words) => Buffer.from(words);
const float = (value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return bytes;
};

/** Each frame is a key frame, and has a cluster and a cue of its own. */
export function webm(frames, { width, height, milliseconds }) {
    const info = element([0x15, 0x49, 0xa9, 0x66], Buffer.concat([
        element([0x2a, 0xd7, 0xb1], number(1_000_000, 4)), element([0x44, 0x89], float(frames.length * milliseconds)),
        element([0x4d, 0x80], text("test")), element([0x57, 0x41], text("test")),
    ]));
    const picture = element([0xe0], Buffer.concat([element([0xb0], number(width, 2)), element([0xba], number(height, 2))]));
    const tracks = element([0x16, 0x54, 0xae, 0x6b], element([0xae], Buffer.concat([
        element([0xd7], [1]), element([0x73, 0xc5], [1]), element([0x83], [1]), element([0x86], text("V_VP8")), picture,
    ])));
    const clusters = frames.map((frame, at) => element([0x1f, 0x43, 0xb6, 0x75], Buffer.concat([
        element([0xe7], number(at * milliseconds, 4)), element([0xa3], Buffer.concat([Buffer.from([0x81, 0, 0, 0x80]), frame])),
    ])));
    const cueOf = (at, place) => element([0xbb], Buffer.concat([
        element([0xb3], number(at * milliseconds, 4)), element([0xb7], Buffer.concat([element([0xf7], [1]), element([0xf1], number(place, 8))])),
    ]));
    const cues = (start) => {
        let place = start;
        return element([0x1c, 0x53, 0xbb, 0x6b], Buffer.concat(clusters.map((cluster, at) => {
            const cue = cueOf(at, place);
            place += cluster.length;
            return cue;
        })));
    };
    // Places count from the beginning of the segment's content. The length of the cues does not depend on them.
    const head = Buffer.concat([info, tracks]);
    const segment = Buffer.concat([head, cues(head.length + cues(0).length), ...clusters]);
    const ebml = element([0x1a, 0x45, 0xdf, 0xa3], Buffer.concat([
        element([0x42, 0x86], [1]), element([0x42, 0xf7], [1]), element([0x42, 0xf2], [4]), element([0x42, 0xf3], [8]),
        element([0x42, 0x82], text("webm")), element([0x42, 0x87], [2]), element([0x42, 0x85], [2]),
    ]));
    return Buffer.concat([ebml, element([0x18, 0x53, 0x80, 0x67], segment)]);
}

/** Frames of noise, each with a square whose colour says which it is. Encoded in the browser. */
export async function encodedFrames(page, { width, height, count, bitrate }) {
    const frames = await page.evaluate(async (given) => {
        const { width, height, count, bitrate } = given;
        const frames = [];
        const output = (chunk) => {
            const bytes = new Uint8Array(chunk.byteLength);
            chunk.copyTo(bytes);
            frames.push(bytes);
        };
        const encoder = new VideoEncoder({ output, error: (error) => { throw error; } });
        encoder.configure({ codec: "vp8", width, height, bitrate, framerate: 10 });
        const context = new OffscreenCanvas(width, height).getContext("2d");
        for (let at = 0; at < count; at += 1) {
            const noise = context.createImageData(width, height);
            for (let byte = 0; byte < noise.data.length; byte += 1) noise.data[byte] = byte % 4 === 3 ? 255 : Math.random() * 256;
            context.putImageData(noise, 0, 0);
            context.fillStyle = at < count / 2 ? "#ff0000" : "#0000ff";
            context.fillRect(0, 0, width / 2, height / 2);
            const frame = new VideoFrame(context.canvas, { timestamp: at * 100_000 });
            encoder.encode(frame, { keyFrame: true });
            frame.close();
        }
        await encoder.flush();
        return frames.map((bytes) => { let text = ""; for (const byte of bytes) text += String.fromCharCode(byte); return btoa(text); });
    }, { width, height, count, bitrate });
    return frames.map((frame) => Buffer.from(frame, "base64"));
}
