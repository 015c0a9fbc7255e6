import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./source.mjs";

const { greyOf, moved, painted, rangeOf, wholeWindow } = await source("viewers/scan/window.ts");

const plain = { slope: 1, intercept: 0, inverted: false };

test("a window makes values black, grey and white as DICOM has it", () => {
    const window = { center: 40, width: 400 };
    assert.deepEqual([-1000, -160, 40, 239, 3000].map((value) => greyOf(value, window)), [0, 0, 128, 255, 255]);
    // A window of one value is a threshold.
    assert.deepEqual([9, 9.6].map((value) => greyOf(value, { center: 10, width: 1 })), [0, 255]);
});

test("a window that shows all has the least value black and the greatest white", () => {
    for (const values of [plain, { slope: 2, intercept: -1024, inverted: false }, { slope: -1, intercept: 5, inverted: false }]) {
        const range = rangeOf([7, -3, 120]);
        const window = wholeWindow(range, values);
        const greys = [range.least, range.most].map((value) => greyOf(value * values.slope + values.intercept, window));
        assert.deepEqual(greys, values.slope > 0 ? [0, 255] : [255, 0]);
    }
    assert.deepEqual(wholeWindow(rangeOf([4, 4]), plain), { center: 4.5, width: 1 });
});

test("values are scaled before the window, and inverted after it", () => {
    const window = { center: 0.5, width: 2 };
    assert.deepEqual([...painted([1024, 1025], { slope: 1, intercept: -1024, inverted: false }, window)], [128, 128, 128, 255, 255, 255, 255, 255]);
    assert.deepEqual([...painted([0], { ...plain, inverted: true }, { center: 100, width: 10 })], [255, 255, 255, 255]);
});

test("brighter lowers the level, more contrast narrows the window, which stays one", () => {
    const [window, whole] = [{ center: 50, width: 100 }, { center: 500, width: 1000 }];
    assert.deepEqual(moved(window, whole, 0.1, 0), { center: -50, width: 100 });
    assert.deepEqual(moved(window, whole, 0, 1), { center: 50, width: 50 });
    assert.equal(moved(window, whole, 0, 99).width, 1);
    assert.equal(moved(window, whole, 0, -99).width, 4000);
});
