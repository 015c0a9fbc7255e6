// A card is a QR code, which others read from a picture or through their camera.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBrowser } from "../../browser.mjs";
import { png } from "../../picture.mjs";
import { cardOf, newDoctor, newPatient } from "../people.mjs";
import { step } from "../register.mjs";

export async function story(hospital, browser) {
    const patient = await newPatient(hospital, browser, "quinn");
    const card = await cardOf(patient);
    const code = patient.page.getByRole("img", { name: "My card as a QR code" });
    await code.waitFor();
    await patient.look("code");
    await fromAPicture(await newDoctor(hospital, browser, "quill", "Dr Quill"), await code.screenshot(), card);
    await throughACamera(hospital, await frameOf(patient.page, code), card);
}

/** A fake camera takes pictures with even sides. */
async function frameOf(page, code) {
    await code.scrollIntoViewIfNeeded();
    const { x, y } = await code.boundingBox();
    return page.screenshot({ type: "jpeg", quality: 95, clip: { x: Math.floor(x) - 4, y: Math.floor(y) - 4, width: 300, height: 300 } });
}

const picture = (buffer) => ({ name: "code.png", mimeType: "image/png", buffer });

async function fromAPicture({ page, go, look }, code, card) {
    step("a doctor without a camera reads the code from a picture");
    await go("doctor/ask");
    await page.getByRole("button", { name: "Scan a QR code" }).click();
    await page.getByText("The camera cannot be used").waitFor();
    await look("scan");
    const choose = page.getByLabel("Or choose a picture of the code");
    for (const wrong of [png(64, 64), Buffer.from("no picture")]) {
        await choose.setInputFiles(picture(wrong));
        await page.getByText("There is no QR code in this picture").waitFor();
        await choose.setInputFiles([]);
    }
    await choose.setInputFiles(picture(code));
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(await page.getByLabel("The patient's card").inputValue(), card);
}

async function throughACamera(hospital, code, card) {
    step("a doctor reads the code through the camera");
    const folder = mkdtempSync(join(tmpdir(), "camera-"));
    const frames = join(folder, "code.mjpeg");
    writeFileSync(frames, code);
    const camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${frames}`];
    const browser = await startBrowser(...camera);
    try {
        const { page, go } = await newDoctor(hospital, browser, "quentin", "Dr Quentin");
        await go("doctor/ask");
        await page.getByRole("button", { name: "Scan a QR code" }).click();
        await page.getByRole("dialog").waitFor({ state: "detached" });
        assert.equal(await page.getByLabel("The patient's card").inputValue(), card);
    } finally {
        await browser.close();
        rmSync(folder, { recursive: true });
    }
}
