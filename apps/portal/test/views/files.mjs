import assert from "node:assert/strict";
import { brokenScans } from "../samples/files.mjs";
import { colourAt, open, untilColour } from "./open.mjs";

const isRed = ([red, green, blue]) => red > 200 && green < 60 && blue < 60;
const isWhite = (colour) => colour.every((part) => part > 240);

/** The worker that reads a file has neither network nor storage, whatever the file makes of it. */
async function isSealed(page, name) {
    const worker = page.workers().find((worker) => worker.url().includes(`/${name}-`));
    const left = await worker.evaluate(() => {
        const names = ["fetch", "XMLHttpRequest", "WebSocket", "indexedDB", "caches", "BroadcastChannel", "Worker"];
        return [...names.filter((name) => name in globalThis), ...["storage", "locks", "serviceWorker"].filter((name) => name in navigator)];
    });
    assert.deepEqual(left, [], name);
}

/** A browser takes a moment to end a worker that is busy. */
async function onlyKeys(page, what) {
    for (let attempt = 0; attempt < 50 && page.workers().length > 1; attempt += 1) await page.waitForTimeout(200);
    assert.equal(page.workers().length, 1, what);
}

export async function seesPdf(patient) {
    const { page, look } = patient;
    await open(patient, "letter.pdf");
    await page.getByText("Page 1 of 2 is shown").waitFor();
    // The square is in the lower left corner; 20 of 300 from the left, 20 of 200 from below.
    await untilColour(page, ".sheet canvas", [50 / 300, 150 / 200], isRed, "the square of the PDF");
    assert.ok(isWhite(await colourAt(page, ".sheet canvas", 0.9, 0.9)), "paper is white");
    const letters = await page.locator(".sheet canvas").evaluate((canvas) => {
        const context = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
        context.drawImage(canvas, 0, 0);
        const { data } = context.getImageData(0, canvas.height * 0.15, canvas.width, canvas.height * 0.15);
        return data.filter((value, at) => at % 4 === 0 && value < 100).length;
    });
    assert.ok(letters > 100, `letters are drawn: ${letters} dark dots`);
    await page.getByText("The text of this page").click();
    await page.locator("pre", { hasText: "Letter page 1 <b>of</b> Dr Lee" }).waitFor();
    await look("pdf");
    await isSealed(page, "viewer-pdf");
    const before = await page.locator(".sheet canvas").evaluate(({ width }) => width);
    await page.getByRole("button", { name: "Larger" }).click();
    await page.waitForFunction((before) => document.querySelector(".sheet canvas").width === before * 1.5, before);
    await page.getByRole("button", { name: "Next page" }).press("Enter");
    await page.locator("pre", { hasText: "Letter page 2" }).waitFor();
    assert.equal(await page.locator("main a[href*=evil]").count(), 0);
    await open(patient, "broken.pdf");
    await page.getByText("This file is damaged, so it cannot be shown").waitFor();
    await look("pdf-broken");
    await open(patient, "wide.pdf");
    await page.getByText(/too large|is damaged/).waitFor();
    await open(patient, "locked.pdf");
    await page.getByText("This file has a password of its own").waitFor();
    await open(patient, "bomb.pdf");
    await page.getByText("It took too long to show this file").waitFor({ timeout: 40_000 });
    await onlyKeys(page, "a worker that hangs is ended");
    await patient.go("patient/records");
    await page.waitForFunction(() => document.querySelector("h1")?.textContent === "Records");
    await onlyKeys(page, "a viewer ends with its page");
}

export async function seesScans(patient) {
    const { page, look } = patient;
    for (const name of ["plain.dcm", "rle.dcm", "lossless.dcm", "jpeg2000.dcm"]) {
        await open(patient, name);
        await untilColour(page, ".scan", [0.99, 0.5], isWhite, `${name}, right`);
        const [middle, left] = [await colourAt(page, ".scan", 0.5, 0.5), await colourAt(page, ".scan", 0, 0.5)];
        assert.ok(left[0] < 10 && Math.abs(middle[0] - 129) < 4, `${name}: ${left} ${middle}`);
    }
    await open(patient, "plain.dcm");
    await untilColour(page, ".scan", [0.99, 0.5], isWhite, "plain.dcm");
    await page.getByText("आना <b> राव").waitFor();
    await page.getByText("Window 3781, level 1890").waitFor();
    await look("scan");
    await isSealed(page, "viewer-scan");
    await levels(page);
    await open(patient, "jpeg.dcm");
    await untilColour(page, ".scan", [0.5, 0.5], ([red, green, blue]) => red < 20 && green > 240 && blue < 20, "jpeg.dcm");
    await open(patient, "frames.dcm");
    await untilColour(page, ".scan", [0.5, 0.5], ([grey]) => grey < 3, "the first frame");
    await page.getByRole("slider", { name: "Picture 1 of 3" }).press("ArrowRight");
    await untilColour(page, ".scan", [0.5, 0.5], ([grey]) => grey > 120 && grey < 135, "the second frame");
    await page.getByRole("slider", { name: "Picture 2 of 3" }).press("End");
    await untilColour(page, ".scan", [0.5, 0.5], ([grey]) => grey > 250, "the third frame");
    await look("scan-frames");
    for (const [name, [, words]] of Object.entries(brokenScans())) {
        await open(patient, name);
        await page.getByRole("alert").getByText(words).waitFor();
    }
    await look("scan-broken");
}

async function levels(page) {
    const middle = async () => (await colourAt(page, ".scan", 0.5, 0.5))[0];
    const first = await middle();
    await page.getByRole("button", { name: "Brighter" }).click();
    await untilColour(page, ".scan", [0.5, 0.5], ([grey]) => grey > first + 5, "brighter by a button");
    const second = await middle();
    await page.getByRole("button", { name: "Brighter" }).press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await untilColour(page, ".scan", [0.5, 0.5], ([grey]) => grey < second - 10, "darker by the keyboard");
    const third = await middle();
    const box = await page.locator(".scan").boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 4, { steps: 5 });
    await page.mouse.up();
    await untilColour(page, ".scan", [0.5, 0.5], ([grey]) => grey > third + 20, "brighter by dragging");
    await page.getByRole("button", { name: "As it was made" }).click();
    await untilColour(page, ".scan", [0.5, 0.5], ([grey]) => Math.abs(grey - first) < 2, "as it was");
}

export async function seesHealth(patient) {
    const { page, look } = patient;
    const title = await page.title();
    await open(patient, "bundle.json");
    await page.getByText("Ana Rao").waitFor();
    await page.getByText("9.1 g/dL").waitFor();
    await page.getByText("Haemoglobin <img src=x onerror=alert(1)>").waitFor();
    await page.getByText("This says what must NOT be given").waitFor();
    await page.getByText("All that this record says").click();
    await page.locator("ul.tree summary", { hasText: "entry" }).click();
    await look("health");
    assert.equal(await page.locator(".view script, .view img, .view b").count(), 0);
    assert.equal(await page.title(), title);
    await open(patient, "device.json");
    await page.getByText("There is no summary for this kind of health data (Device)").waitFor();
    await page.locator("ul.tree summary", { hasText: "deviceName" }).click();
    await page.locator("ul.tree summary", { hasText: /^0/ }).click();
    await page.getByText("Pacemaker").waitFor();
    await look("health-tree");
    await open(patient, "cut.json");
    await page.getByText("This health data is damaged").waitFor();
}
