// What a patient does with records, and what a doctor sees of it.
import assert from "node:assert/strict";
import { again, choose, newDoctor, newPatient } from "../people.mjs";
import { step } from "../register.mjs";

const HOSTILE = ["<img src=x onerror=alert(1)>.txt", "letter\u202etxt.exe", `${"long ".repeat(39)}name.txt`, "👩‍⚕️ 💊.txt"];
const FOLDER = "<b onmouseover=alert(2)>ward</b>";
const KEYWORD = "<script>alert(3)</script>";

export async function story(hospital, browser) {
    const patient = await newPatient(hospital, browser, "rita");
    const doctor = await newDoctor(hospital, browser, "remy", "Dr Remy");
    await drops(patient);
    await sharesUntil(patient, doctor);
    await replaces(patient, doctor);
    await marksWrong(patient, doctor);
}

async function drops(patient) {
    step("files of hostile names are dropped");
    const { page } = patient;
    const transfer = await page.evaluateHandle((names) => {
        const transfer = new DataTransfer();
        for (const name of names) transfer.items.add(new File([`content of ${name}`], name, { type: "text/plain" }));
        return transfer;
    }, HOSTILE);
    await page.dispatchEvent(".drop", "dragover", { dataTransfer: transfer });
    await page.locator(".drop.over").waitFor();
    await page.dispatchEvent(".drop", "drop", { dataTransfer: transfer });
    await page.getByText("4 files").waitFor();
    await page.getByLabel("Into the folder").fill(`${FOLDER}\u202e`);
    await page.getByLabel("Keywords", { exact: true }).fill(`${KEYWORD}, 💊`);
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await page.getByText("has a character that cannot be seen").waitFor();
    await page.getByText("4 files").waitFor();
    await patient.look("hostile-folder");
    await page.getByLabel("Into the folder").fill(FOLDER);
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await page.getByText("4 records were added").waitFor();
    await again(patient, "patient/records");
    await page.getByText("4 records", { exact: true }).waitFor();
    for (const name of HOSTILE) await page.getByRole("link", { name: name.replace("\u202e", "\ufffd"), exact: true }).waitFor();
    await patient.look("hostile");
    await isOnlyText(page);
    await page.getByRole("link", { name: "👩‍⚕️ 💊.txt" }).click();
    await page.getByText("content of 👩‍⚕️").waitFor();
    await page.getByText(KEYWORD).waitFor();
    await patient.look("hostile-record");
    await isOnlyText(page);
}

/** What others wrote is no markup, and turns no text round. */
async function isOnlyText(page) {
    assert.equal(await page.locator("main :is(b, script, img[src=x], [onmouseover])").count(), 0);
    assert.doesNotMatch(await page.locator("body").innerText(), /[\u202a-\u202e]/);
}

async function sharesUntil(patient, doctor) {
    step("the patient chooses a doctor from the list, and shares until a date");
    const { page } = patient;
    const end = new Date(Date.now() + 20 * 86_400_000);
    const date = [end.getFullYear(), end.getMonth() + 1, end.getDate()].map((part) => `${part}`.padStart(2, "0")).join("-");
    const shown = new Intl.DateTimeFormat("en-US", { dateStyle: "medium" }).format(end);
    await patient.go("patient/share");
    await choose(patient, doctor.name);
    await page.getByLabel("Until a date").check();
    await page.getByLabel("Last day").fill("2020-01-01");
    await page.getByRole("button", { name: "Share", exact: true }).click();
    assert.ok(await page.getByLabel("Last day").evaluate((field) => !field.validity.valid), "a day of the past is not sent");
    await page.getByLabel("Last day").fill(date);
    await page.getByRole("button", { name: "Share", exact: true }).click();
    await page.getByText(`${doctor.name} may read this until ${shown}`).waitFor();
    await again(patient, "patient/shares");
    await page.getByRole("row").filter({ hasText: doctor.name }).filter({ hasText: shown }).waitFor();
    await patient.look("shares");
    await isOnlyText(page);
    await again(doctor, "doctor/patients");
    await doctor.page.getByText(`until ${shown}`).waitFor();
    await isOnlyText(doctor.page);
    await doctor.look("patients");
}

async function openDoctorList(doctor) {
    await again(doctor, "doctor/patients");
    await doctor.page.getByRole("link", { name: /^Unnamed person/ }).click();
    await doctor.page.getByLabel("Show old and wrong").check();
}

async function openRecord(patient, name) {
    await patient.go("patient/records");
    await patient.page.getByRole("link", { name, exact: true }).click();
    await patient.page.getByRole("heading", { name, exact: true, level: 1 }).waitFor();
}

async function replaces(patient, doctor) {
    step("the patient replaces a record");
    const { page } = patient;
    await openRecord(patient, "👩‍⚕️ 💊.txt");
    await page.getByRole("button", { name: "Replace" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.locator("input[type=file]").setInputFiles([{ name: "newer.txt", mimeType: "text/plain", buffer: Buffer.from("the newer version") }]);
    await patient.look("replace");
    await dialog.getByRole("button", { name: "Replace" }).click();
    await page.getByText("is replaced by “newer.txt”").waitFor();
    await page.locator("dd", { hasText: "Replaced" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Replace" }).count(), 0, "what is replaced cannot be replaced again");
    await patient.look("replaced");
    await again(patient, "patient/records");
    await page.getByText("4 records", { exact: true }).waitFor();
    assert.equal(await page.getByRole("link", { name: "👩‍⚕️ 💊.txt" }).count(), 0);
    await openRecord(patient, "newer.txt");
    await page.getByText("the newer version").waitFor();
    await openDoctorList(doctor);
    await doctor.page.getByRole("row").filter({ hasText: "👩‍⚕️ 💊.txt" }).filter({ hasText: "Replaced" }).waitFor();
    await doctor.page.getByRole("link", { name: "newer.txt" }).waitFor();
    await doctor.look("replaced");
}

async function marksWrong(patient, doctor) {
    step("the patient marks a record as wrong");
    const { page } = patient;
    await openRecord(patient, HOSTILE[0]);
    await page.getByRole("button", { name: "Mark as wrong" }).click();
    await patient.look("wrong");
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    assert.equal(await page.getByRole("dialog").count(), 0);
    await page.getByRole("button", { name: "Mark as wrong" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Mark as wrong" }).click();
    await page.getByText("is marked as wrong").waitFor();
    await page.locator("dd", { hasText: "Marked as wrong" }).waitFor();
    await again(patient, "patient/records");
    await page.getByText("3 records", { exact: true }).waitFor();
    await openDoctorList(doctor);
    await doctor.page.getByRole("row").filter({ hasText: HOSTILE[0] }).filter({ hasText: "Marked as wrong" }).waitFor();
}
