/** Lossless JPEG of one component: each value as its difference from the one before it. */
export function losslessJpeg(columns, rows, precision, value) {
    const bits = [];
    const put = (number, length) => {
        for (let at = length - 1; at >= 0; at -= 1) bits.push((number >> at) & 1);
    };
    for (let y = 0; y < rows; y += 1) {
        for (let x = 0; x < columns; x += 1) {
            const before = x ? value(x - 1, y) : y ? value(x, y - 1) : 1 << (precision - 1);
            const difference = value(x, y) - before;
            const category = difference === 0 ? 0 : 32 - Math.clz32(Math.abs(difference));
            // Every category has a code of five bits.
            put(category, 5);
            put(difference < 0 ? difference + (1 << category) - 1 : difference, category);
        }
    }
    while (bits.length % 8) bits.push(1);
    const scan = [];
    for (let at = 0; at < bits.length; at += 8) {
        const byte = parseInt(bits.slice(at, at + 8).join(""), 2);
        scan.push(byte, ...(byte === 0xff ? [0] : []));
    }
    const two = (number) => [number >> 8, number & 255];
    const categories = Array.from({ length: 17 }, (_, category) => category);
    return Buffer.from([
        0xff, 0xd8,
        0xff, 0xc3, ...two(11), precision, ...two(rows), ...two(columns), 1, 1, 0x11, 0,
        0xff, 0xc4, ...two(19 + 17), 0, 0, 0, 0, 0, 17, ...Array(11).fill(0), ...categories,
        0xff, 0xda, ...two(8), 1, 1, 0, 1, 0, 0,
        ...scan, 0xff, 0xd9,
    ]);
}
