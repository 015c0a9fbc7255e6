// A patient looks at files of each kind, good and hostile ones, and takes everything home. A doctor's look is logged once.
import assert from "node:assert/strict";
import { newPerson } from "../browser.mjs";
import { brokenScans, health, movie, pdfs, scans } from "../samples/files.mjs";
import { seesHealth, seesPdf, seesScans } from "../views/files.mjs";
import { exportsAll } from "../views/export.mjs";
import { doctorSeesFilm, seesFilm } from "../views/film.mjs";
import { upload, uploadLarge } from "../views/open.mjs";
import { register, step } from "./register.mjs";

export async function story(hospital, browser) {
    const patient = await newPerson(browser, hospital.portal, "views", { acceptDownloads: true });
    const dialogs = [];
    patient.page.on("dialog", (dialog) => (dialogs.push(dialog.message()), dialog.dismiss()));
    await register(patient, "patient", "ana");
    await patient.page.getByText("You have no records yet").waitFor();

    step("files of each kind are added");
    const broken = Object.fromEntries(Object.entries(brokenScans()).map(([name, [bytes]]) => [name, bytes]));
    await upload(patient, { ...(await scans(patient.page)), ...broken }, "application/dicom");
    await upload(patient, pdfs(), "application/pdf");
    const data = Object.entries(health()).map(([name, value]) => [name, Buffer.from(JSON.stringify(value))]);
    await upload(patient, { ...Object.fromEntries(data), "cut.json": Buffer.from('{"resourceType": "Patient", "name": [') }, "application/fhir+json");
    const film = await movie(patient.page);
    await uploadLarge(patient, "film.webm", film);
    await upload(patient, { "broken.webm": film.subarray(2000, 9000) }, "video/webm");

    step("PDF");
    await seesPdf(patient);
    step("scans");
    await seesScans(patient);
    step("health data");
    await seesHealth(patient);
    step("video");
    await seesFilm(patient, film);
    step("everything is taken home");
    await exportsAll(patient);
    step("a doctor's look at a video is logged once");
    await doctorSeesFilm(hospital, browser, patient);
    assert.deepEqual(dialogs, [], "nothing of a record runs");
}
