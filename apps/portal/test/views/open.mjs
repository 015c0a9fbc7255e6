import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A film, which is too large to be handed over within a message. */
export async function uploadLarge({ page, go }, name, bytes) {
    const path = join(mkdtempSync(join(tmpdir(), "portal-film.")), name);
    writeFileSync(path, bytes);
    await go("patient/records");
    await page.getByLabel("Choose files").setInputFiles(path);
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await page.getByText("The record was added").waitFor({ timeout: 120_000 });
    rmSync(dirname(path), { recursive: true });
}

export async function upload({ page, go }, files, mimeType) {
    await go("patient/records");
    const given = Array.isArray(files) ? files : Object.entries(files);
    await page.getByLabel("Choose files").setInputFiles(given.map(([name, buffer]) => ({ name, mimeType, buffer })));
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await page.getByText(given.length === 1 ? "The record was added" : `${given.length} records were added`).waitFor({ timeout: 60_000 });
}

export async function open({ page, go }, name) {
    await go("patient/records");
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
}

/** The colour of a place of the picture, which is given in shares of it. */
export function colourAt(page, selector, x, y) {
    return page.locator(selector).evaluate((element, [x, y]) => {
        const [width, height] = [element.videoWidth ?? element.width, element.videoHeight ?? element.height];
        const context = new OffscreenCanvas(width, height).getContext("2d");
        context.drawImage(element, 0, 0);
        return [...context.getImageData(Math.floor(x * width), Math.floor(y * height), 1, 1).data].slice(0, 3);
    }, [x, y]);
}

/** Waits until a colour is as it should be; gives it. */
export async function untilColour(page, selector, [x, y], isRight, what) {
    let colour;
    for (let attempt = 0; attempt < 100; attempt += 1) {
        colour = await colourAt(page, selector, x, y);
        if (isRight(colour)) return colour;
        await page.waitForTimeout(100);
    }
    throw new Error(`${what}: the colour is ${colour}`);
}
