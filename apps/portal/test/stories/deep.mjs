// What takes minutes: many files, a large one, two devices at once, a killed tab, and the program of the command line.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { closeSync, createReadStream, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newTab } from "../browser.mjs";
import { again, choose, logIn, newDoctor, newPatient, share, upload } from "./people.mjs";
import { step } from "./register.mjs";

const MEGABYTE = 1_000_000;
const LONG = { timeout: 600_000 };

export async function story(hospital, browser) {
    const folder = mkdtempSync(join(tmpdir(), "portal-deep."));
    try {
        const patient = await newPatient(hospital, browser, "dora");
        const doctor = await newDoctor(hospital, browser, "dan", "Dr Dan");
        await fiftyFiles(patient, folder);
        await endsWhileOpen(patient, doctor);
        await twoTabs(hospital, patient);
        const tab = await killedGrant(hospital, patient, doctor);
        await commandLine(hospital, tab, folder);
        await largeFile(tab, folder);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

async function fiftyFiles(patient, folder) {
    step("fifty files at once");
    const { page } = patient;
    const files = Array.from({ length: 50 }, (_, number) => join(folder, `file ${number}.txt`));
    for (const file of files) writeFileSync(file, `content of ${file}`);
    await page.getByLabel("Choose files").setInputFiles(files);
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await page.getByText("50 records were added").waitFor(LONG);
    await again(patient, "patient/records");
    await page.getByText("50 records", { exact: true }).waitFor(LONG);
    await page.getByRole("link", { name: "file 37.txt" }).click();
    await page.getByText(`content of ${files[37]}`).waitFor();
}

async function endsWhileOpen(patient, doctor) {
    step("access ends while the doctor's page is open");
    await share(patient, doctor);
    await doctor.go("doctor/patients");
    await doctor.page.getByRole("link", { name: /^Unnamed person/ }).click();
    const link = doctor.page.getByRole("link", { name: "file 7.txt" });
    await link.waitFor();
    await patient.go("patient/shares");
    await patient.page.getByRole("button", { name: /End the access of Dr Dan/ }).click();
    await patient.page.getByRole("dialog").getByRole("button", { name: "End", exact: true }).click();
    await patient.page.getByText("The access of Dr Dan has ended").waitFor();
    await link.click();
    await doctor.page.getByRole("button", { name: "Open the record" }).click();
    await doctor.page.getByText("The patient ended it, or its time is over").waitFor();
    assert.equal(await doctor.page.getByText("content of").count(), 0);
    await again(patient, "patient/looked");
    await patient.page.getByText("Nobody has opened your records yet").waitFor();
}

async function twoTabs(hospital, patient) {
    step("a second tab is refused, and gets its turn when the first is closed");
    const second = await newTab(patient.context, hospital.portal, "second");
    await second.go("login");
    await logIn(second.page, patient.user);
    await second.page.getByRole("heading", { name: "You are already logged in elsewhere" }).waitFor();
    await upload(patient, ["first tab.txt", "the first tab goes on"]);
    await patient.page.getByRole("button", { name: "Log out" }).click();
    await patient.page.getByText("You are logged out").first().waitFor();
    await second.page.getByRole("link", { name: "Try again" }).click();
    await logIn(second.page, patient.user);
    await second.page.getByRole("link", { name: "first tab.txt" }).waitFor();
    await second.page.close();
    await again(patient, "patient/records");
}

async function killedGrant(hospital, patient, doctor) {
    step("a tab is killed in the middle of a share");
    const { context, page } = patient;
    await patient.go("patient/share");
    await choose(patient, doctor.name);
    const sent = new Promise((reached) => {
        void context.route("**/v1/requests", async (route) => {
            if (route.request().method() !== "POST") return route.continue();
            await route.fetch();
            reached();
        });
    });
    await page.getByRole("button", { name: "Share", exact: true }).click();
    await sent;
    await page.close();
    await context.unrouteAll({ behavior: "ignoreErrors" });
    const tab = { ...(await newTab(context, hospital.portal, "dora2")), user: patient.user };
    await tab.go("login");
    await logIn(tab.page, patient.user);
    await tab.page.getByRole("link", { name: "first tab.txt" }).waitFor();
    await tab.go("patient/shares");
    const row = tab.page.getByRole("row").filter({ hasText: doctor.name });
    await row.or(tab.page.getByText("You share nothing")).waitFor();
    await tab.look("killed-share");
    const isGiven = (await row.count()) > 0;
    step(`the share ${isGiven ? "took effect" : "did not take effect, and is repeated"}`);
    if (!isGiven) await share(tab, doctor);
    await again(doctor, "doctor/patients");
    await doctor.page.getByRole("link", { name: /^Unnamed person/ }).click();
    await doctor.page.getByRole("link", { name: "file 7.txt" }).click();
    await doctor.page.getByRole("button", { name: "Open the record" }).click();
    await doctor.page.getByText("content of").waitFor();
    return { ...tab, words: patient.words };
}

/** The same person with the program of the command line: each opens what the other added. */
async function commandLine(hospital, patient, folder) {
    step("the command line opens what the portal added, and the other way round");
    const run = (...words) => hospital.run("dora", [...words, "--node", hospital.portal]);
    hospital.run("dora", ["init", "--as", "dora", "--restore"], `${patient.words.join(" ")}\n`);
    const opened = join(folder, "opened.txt");
    run("open", "first tab.txt", "-o", opened);
    assert.equal(readFileSync(opened, "utf8"), "the first tab goes on");
    const added = join(folder, "from the program.txt");
    writeFileSync(added, "by the command line");
    run("add", added);
    await again(patient, "patient/records");
    await patient.page.getByRole("link", { name: "from the program.txt" }).click();
    await patient.page.getByRole("button", { name: "Download" }).waitFor();
    const content = await downloaded(patient.page);
    assert.equal(readFileSync(content, "utf8"), "by the command line");
}

async function downloaded(page) {
    const [download] = await Promise.all([page.waitForEvent("download", LONG), page.getByRole("button", { name: "Download" }).click()]);
    return download.path();
}

/** No piece of it is like another one. */
function makeLarge(file, megabytes) {
    const hash = createHash("sha256");
    const handle = openSync(file, "w");
    for (let number = 0; number < megabytes; number += 1) {
        const piece = createHash("shake256", { outputLength: MEGABYTE }).update(`piece ${number}`).digest();
        writeSync(handle, piece);
        hash.update(piece);
    }
    closeSync(handle);
    return hash.digest("hex");
}

async function hashOf(file) {
    const hash = createHash("sha256");
    for await (const piece of createReadStream(file)) hash.update(piece);
    return hash.digest("hex");
}

async function largeFile(patient, folder) {
    step("a file of 200 megabytes, up and down");
    const { page } = patient;
    const file = join(folder, "large.bin");
    const hash = makeLarge(file, 200);
    await patient.go("patient/records");
    await page.getByLabel("Choose files").setInputFiles(file);
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await page.getByText("The record was added").waitFor(LONG);
    await again(patient, "patient/records");
    await page.getByRole("row").filter({ hasText: "large.bin" }).getByText("200 MB").waitFor();
    await page.getByRole("link", { name: "large.bin" }).click();
    await page.getByRole("button", { name: "Download" }).waitFor(LONG);
    assert.equal(await hashOf(await downloaded(page)), hash);
}
