import assert from "node:assert/strict";
import { newPerson } from "../browser.mjs";
import { MOVIE } from "../samples/files.mjs";
import { register } from "../stories/register.mjs";
import { open, untilColour } from "./open.mjs";

const IN_SQUARE = [0.2, 0.2];
const isRed = ([red, , blue]) => red > 150 && blue < 100;
const isBlue = ([red, , blue]) => blue > 150 && red < 100;

/** What was asked for of videos, in the order of asking. */
function watched(page) {
    const ranges = [];
    page.on("request", (request) => {
        if (request.url().includes("/video/")) ranges.push(request.headers().range ?? "bytes=0-");
    });
    return ranges;
}

async function plays(page) {
    await page.waitForFunction(() => document.querySelector("video")?.readyState >= 2);
    await untilColour(page, "video", IN_SQUARE, isRed, "the beginning of the film");
}

export async function seesFilm(patient, film) {
    const { page, look } = patient;
    assert.ok(film.length > 12_000_000, `a film of ${film.length} bytes`);
    const ranges = watched(page);
    await open(patient, "film.webm");
    await plays(page);
    assert.equal(await page.locator("video").evaluate(({ duration }) => duration), (MOVIE.count * MOVIE.milliseconds) / 1000);
    const buffered = await page.locator("video").evaluate(({ buffered }) => buffered.end(buffered.length - 1));
    assert.ok(buffered < (MOVIE.count * MOVIE.milliseconds) / 1000, "not the whole film is loaded");
    await look("video");
    const before = ranges.length;
    await page.locator("video").evaluate((video) => void (video.currentTime = 9.5));
    await untilColour(page, "video", IN_SQUARE, isBlue, "the end of the film");
    assert.ok(ranges.length > before, "seeking asks for another range");
    const last = Number(ranges.at(-1).match(/bytes=(\d+)/)[1]);
    assert.ok(last > film.length / 2, `of the end: ${ranges}`);
    await addressIsNoPage(patient);
    await open(patient, "broken.webm");
    await page.getByRole("alert").getByText("This file is damaged").waitFor();
    await look("video-broken");
    await page.evaluate(() => Object.defineProperty(navigator, "serviceWorker", { value: undefined, configurable: true }));
    await open(patient, "film.webm");
    await page.getByRole("alert").getByText("cannot be shown in this browser").waitFor();
    await page.evaluate(() => void delete navigator.serviceWorker);
}

/** The address shows nothing elsewhere, and nothing at all when the page has gone on. */
async function addressIsNoPage({ page, context }) {
    const address = await page.locator("video").evaluate(({ currentSrc }) => currentSrc);
    const opened = await context.newPage();
    const [answer] = await Promise.all([opened.waitForResponse(address), opened.goto(address).catch(() => undefined)]);
    await opened.close();
    assert.equal(answer.status(), 404);
    assert.match(answer.headers()["content-security-policy"], /sandbox/);
    assert.equal(answer.headers()["x-content-type-options"], "nosniff");
    const other = await context.newPage();
    await other.goto(new URL("/", address).href);
    // A browser keeps what it has loaded, so each look is at a place that was not seen yet.
    const elsewhere = (page, seconds) => page.evaluate(([address, seconds]) => new Promise((done) => {
        const video = document.createElement("video");
        const seek = () => void (video.currentTime = seconds);
        Object.assign(video, { onerror: () => done("refused"), onloadeddata: seek, onseeked: () => done("shown"), src: address });
        setTimeout(() => done("refused"), 5000);
    }), [address, seconds]);
    assert.equal(await elsewhere(other, 6), "refused", "another tab has no part of it");
    await other.close();
    assert.equal(await elsewhere(page, 6), "shown", "this test of an address is one");
    assert.equal(await page.evaluate(async (address) => (await fetch(address)).status, address), 404, "nothing but a video gets an answer");
    await page.getByRole("link", { name: "Back" }).click();
    await page.getByRole("heading", { level: 1, name: "Records" }).waitFor();
    assert.equal(await elsewhere(page, 4), "refused", "the page has gone on");
    assert.equal(await page.evaluate(async () => (await caches.keys()).length), 0);
}

export async function doctorSeesFilm(hospital, browser, patient) {
    const doctor = await newPerson(browser, hospital.portal, "views-doctor", { viewport: { width: 360, height: 700 }, colorScheme: "dark" });
    await register(doctor, "doctor", "lee");
    await doctor.page.getByRole("heading", { name: "My entry" }).waitFor();
    const card = (await doctor.page.locator('[data-text="My card"]').textContent()).trim();
    await patient.go("patient/share");
    await patient.page.getByLabel("Or paste").fill(card);
    await patient.page.getByRole("button", { name: "Use this card" }).click();
    await patient.page.getByLabel("The doctor's name").fill("Dr Lee");
    await patient.page.getByLabel("I compared it").check();
    await patient.page.getByRole("button", { name: "Share", exact: true }).click();
    await patient.page.getByText("Dr Lee may read this until").waitFor();
    await doctor.go("doctor/patients");
    await doctor.page.getByRole("link", { name: /^Person/ }).click();
    for (const [name, shown] of [["film.webm", () => plays(doctor.page)], ["letter.pdf", () => doctor.page.getByText("Page 1 of 2 is shown").waitFor()], ["plain.dcm", () => doctor.page.getByText("Window 3781").waitFor()]]) {
        await doctor.page.getByRole("link", { name, exact: true }).click();
        await doctor.page.getByRole("button", { name: "Open the record" }).waitFor();
        assert.equal(await doctor.page.locator("video, canvas").count(), 0, "nothing is shown before the reading is logged");
        await doctor.page.getByRole("button", { name: "Open the record" }).click();
        await shown();
        await doctor.look(name.replace(/\W/g, "-"));
        if (name === "film.webm") {
            await doctor.page.locator("video").evaluate((video) => void (video.currentTime = 9.5));
            await untilColour(doctor.page, "video", IN_SQUARE, isBlue, "the end of the film");
        }
        await doctor.page.getByRole("link", { name: "Back" }).click();
    }
    await patient.go("patient/looked");
    await patient.page.getByText("Dr Lee opened “film.webm”").waitFor();
    assert.equal(await patient.page.getByText("Dr Lee opened “film.webm”").count(), 1, "one reading, for all its ranges");
    await doctor.page.getByRole("button", { name: "Log out" }).click();
    await doctor.page.getByText("You are logged out").first().waitFor();
    assert.deepEqual(await doctor.page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
}
