import assert from "node:assert/strict";
import { test } from "node:test";
import { grey16, rle16 } from "./samples/dicom.mjs";
import { losslessJpeg } from "./samples/lossless.mjs";
import { source } from "./source.mjs";

const { sizeOfJpeg, sizeOfJpeg2000 } = await source("viewers/scan/header.ts");
const { fromRle } = await source("viewers/scan/rle.ts");

test("run lengths give what was written, and a short segment is damaged", () => {
    const plain = grey16(20, 10, (x, y) => x * 1000 + y);
    assert.deepEqual(Buffer.from(fromRle(rle16(plain), 200, 1, 2)), plain);
    const runs = Buffer.alloc(70);
    runs.writeUInt32LE(1, 0);
    runs.writeUInt32LE(64, 4);
    // Four times 9, nothing, two written out.
    runs.set([253, 9, 128, 1, 5, 6], 64);
    assert.deepEqual([...fromRle(runs, 6, 1, 1)], [9, 9, 9, 9, 5, 6]);
    assert.throws(() => fromRle(runs, 7, 1, 1), /damaged: a segment is too short/);
    assert.throws(() => fromRle(runs, 6, 3, 1), /damaged: another number/);
});

test("a header says its size before anything is decoded", () => {
    assert.deepEqual(sizeOfJpeg(losslessJpeg(64, 48, 12, (x) => x)), { columns: 64, rows: 48 });
    assert.equal(sizeOfJpeg(new Uint8Array([0xff, 0xd8, 0xff])), undefined);
    assert.equal(sizeOfJpeg(new Uint8Array(50)), undefined);
    const codestream = Buffer.from("ff4fff510029000000000064000000c80000000400000008", "hex");
    assert.deepEqual(sizeOfJpeg2000(codestream), { columns: 96, rows: 192 });
    assert.equal(sizeOfJpeg2000(new Uint8Array(40)), undefined);
});
