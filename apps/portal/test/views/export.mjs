import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { unzipped } from "../samples/unzip.mjs";
import { upload } from "./open.mjs";

export async function exportsAll(patient) {
    const { page, look, go } = patient;
    await upload(patient, [["../../x.txt", Buffer.from("first")], ["../../x.txt", Buffer.from("second")], ["CON.txt", Buffer.from("device")], ["\u202etxt.exe", Buffer.from("turned")]], "text/plain");
    await go("patient/settings");
    await page.getByRole("heading", { name: "Take everything with you" }).waitFor();
    const notices = await page.getByRole("link", { name: "Software that this page is made of" }).getAttribute("href");
    assert.match(await page.evaluate(async (address) => (await fetch(address)).text(), notices), /pdfjs-dist[^]*dicom-parser/);

    // A file of the browser's own: it takes what a person's own file takes, and needs no dialogue.
    await page.evaluate(() => void (window.showSaveFilePicker = async ({ suggestedName }) => (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true })));
    await page.getByRole("button", { name: "Save all my records" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("You cancelled this. Nothing was saved").waitFor();
    await page.getByRole("button", { name: "Save all my records" }).click();
    await page.getByText(/\d+ records were saved\./).waitFor({ timeout: 60_000 });
    await look("export");
    const streamed = Buffer.from(await page.evaluate(async () => {
        const folder = await navigator.storage.getDirectory();
        for await (const [name, handle] of folder.entries()) {
            if (!name.endsWith(".zip")) continue;
            const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
            let text = "";
            for (let at = 0; at < bytes.length; at += 30_000) text += String.fromCharCode(...bytes.subarray(at, at + 30_000));
            return btoa(text);
        }
    }), "base64");
    check(unzipped(streamed));

    await page.evaluate(() => void (window.showSaveFilePicker = undefined));
    const whole = await downloaded(page);
    assert.match(whole.name, /^health-records-\d{4}-\d\d-\d\d\.zip$/);
    check(whole.files);
    await withoutFilm(patient);
}

async function downloaded(page) {
    const [download] = await Promise.all([page.waitForEvent("download", { timeout: 60_000 }), page.getByRole("button", { name: "Save all my records" }).click()]);
    return { name: download.suggestedFilename(), files: unzipped(await readFile(await download.path())) };
}

function check(files) {
    const names = [...files.keys()];
    const isSafe = (name) => name.split("/").every((part) => /^[^.\s]/.test(part)) && !/[\u202e\\:]/.test(name);
    assert.ok(names.every(isSafe), names.join(" "));
    const index = JSON.parse(files.get("index.json"));
    assert.equal(index.records.length, names.length - 2);
    assert.deepEqual(names.filter((name) => !name.endsWith("index.json") && !name.endsWith("history.json")).sort(), index.records.map(({ file }) => file).sort());
    const both = index.records.filter(({ metadata }) => metadata.name.includes("x.txt")).map(({ file }) => files.get(file).toString());
    assert.deepEqual(both.sort(), ["first", "second"]);
    const text = (name) => files.get(index.records.find(({ metadata }) => metadata.name === name).file).toString();
    assert.equal(text("CON.txt"), "device");
    assert.ok(JSON.parse(files.get("history.json")).entries.length >= index.records.length);
}

/** The store has lost a large file: all others are there, and the index says what is missing. */
async function withoutFilm({ page, context, look }) {
    const lose = async (route) => {
        const answer = await route.fetch();
        if ((await answer.body()).length > 100_000) await route.fulfill({ status: 404, body: "" });
        else await route.fulfill({ response: answer });
    };
    await context.route("**/*", lose);
    const { files } = await downloaded(page);
    await context.unroute("**/*", lose);
    await page.getByText("One record could not be read: index.json").waitFor();
    await look("export-unread");
    const { records } = JSON.parse(files.get("index.json"));
    const [film, ...others] = records.filter(({ unread }) => unread);
    assert.deepEqual([film.metadata.name, others, film.file], ["film.webm", [], undefined]);
    assert.ok(film.unread.kind && film.unread.reason, JSON.stringify(film.unread));
    assert.ok([...files.keys()].every((name) => !name.includes("film.webm")) && files.has("records/personal/plain.dcm"));
}
