// A doctor confirms a record, and passes access on within the ward.
import assert from "node:assert/strict";
import { again, choose, newDoctor, newPatient, upload } from "../people.mjs";
import { step } from "../register.mjs";

export async function story(hospital, browser) {
    const patient = await newPatient(hospital, browser, "wanda");
    const doctor = await newDoctor(hospital, browser, "wes", "Dr Wes");
    const colleague = await newDoctor(hospital, browser, "wei", "Dr Wei");
    await upload(patient, ["one.txt", "the first"]);

    step("the patient lets a doctor confirm and pass on");
    await patient.go("patient/share");
    await choose(patient, doctor.name);
    await patient.page.getByLabel("also confirm records").check();
    await patient.page.getByLabel("also let colleagues read").check();
    await patient.look("share");
    await patient.page.getByRole("button", { name: "Share", exact: true }).click();
    await patient.page.getByText("Dr Wes may read this until").waitFor();
    await confirms(patient, doctor);
    await passesOn(patient, doctor, colleague);
    await takesBack(patient, doctor, colleague);
}

async function openFirst({ page, go }) {
    await go("doctor/patients");
    await page.getByRole("link", { name: /^Unnamed person/ }).click();
    await page.getByRole("link", { name: "one.txt" }).click();
    await page.getByRole("button", { name: "Open the record" }).click();
    await page.getByText("the first").waitFor();
}

async function confirms(patient, doctor) {
    step("the doctor confirms a record");
    const { page, look } = doctor;
    await openFirst(doctor);
    await page.getByRole("button", { name: "Confirm this record" }).click();
    await look("confirm");
    await page.getByRole("dialog").getByRole("button", { name: "Confirm this record" }).click();
    await page.getByText("You confirmed “one.txt”").waitFor();
    await page.getByText("Confirmed by a doctor").waitFor();
    assert.equal(await page.getByRole("button", { name: "Confirm this record" }).count(), 0, "once is enough");
    await again(patient, "patient/records");
    await patient.page.getByRole("row").filter({ hasText: "one.txt" }).getByText("Confirmed by a doctor").waitFor();
}

async function passesOn(patient, doctor, colleague) {
    step("the doctor passes access on to a colleague");
    const { page, look, go } = doctor;
    await go("doctor/patients");
    await page.getByRole("link", { name: /^Unnamed person/ }).click();
    await page.getByText("Pass on to a colleague").click();
    await page.getByRole("button", { name: "Let them read" }).click();
    await page.getByText("Please choose a colleague first").waitFor();
    await choose(doctor, colleague.name);
    await look("pass-on");
    await page.getByRole("button", { name: "Let them read" }).click();
    await page.getByText("Dr Wei may read this until").waitFor();
    await openFirst(colleague);
    assert.equal(await colleague.page.getByRole("button", { name: "Confirm this record" }).count(), 0, "passed on was reading alone");
    await again(patient, "patient/shares");
    await patient.page.getByRole("row").filter({ hasText: "through Dr Wes" }).waitFor();
    await patient.look("passed-on");
}

async function takesBack(patient, doctor, colleague) {
    step("the doctor takes it back");
    const { page } = doctor;
    await again(doctor, "doctor/patients");
    await page.getByRole("link", { name: /^Unnamed person/ }).click();
    await page.getByText("Pass on to a colleague").click();
    await page.getByRole("button", { name: "Take back the access of Dr Wei" }).click();
    await page.getByText("The access of Dr Wei has ended").waitFor();
    await again(colleague, "doctor/patients");
    await colleague.page.getByText("Folder personal: read (has ended)").waitFor();
    await again(patient, "patient/shares");
    await patient.page.getByRole("row").filter({ hasText: "through Dr Wes" }).filter({ hasText: "Has ended" }).waitFor();
}
