// Who may read, who adds, who asks, and how it ends.
import assert from "node:assert/strict";
import { newTab } from "../../browser.mjs";
import { again, cardOf, choose, logIn, newDoctor, newPatient, share, upload } from "../people.mjs";
import { step } from "../register.mjs";

export async function story(hospital, browser) {
    const patient = await newPatient(hospital, browser, "sara");
    const doctor = await newDoctor(hospital, browser, "sam", "Dr Sam");
    const other = await newDoctor(hospital, browser, "sue", "Dr Sue");
    await upload(patient, ["one.txt", "the first"], ["two.txt", "the second"]);
    await sharesOneRecord(patient, doctor);
    await takesAResult(patient, doctor);
    await hears(hospital, patient, doctor);
    await names(patient, doctor, other);
    await denies(patient, other);
    await endsExactly(hospital, browser, patient, doctor);
    await endsAll(patient, doctor, other);
}

async function sharesOneRecord(patient, doctor) {
    step("the patient shares one record");
    await patient.page.getByRole("link", { name: "two.txt" }).click();
    await patient.page.getByRole("link", { name: "Share", exact: true }).click();
    await choose(patient, doctor.name);
    await patient.look("share-one");
    await patient.page.getByRole("button", { name: "Share", exact: true }).click();
    await patient.page.getByText("Dr Sam may read this until").waitFor();
    await again(patient, "patient/shares");
    await patient.page.getByRole("row").filter({ hasText: "Dr Sam" }).filter({ hasText: "two.txt" }).waitFor();
    await again(doctor, "doctor/patients");
    await doctor.page.getByText("One record: read").waitFor();
    await doctor.page.getByRole("link", { name: /^Unnamed person/ }).click();
    await doctor.page.getByRole("link", { name: "two.txt" }).waitFor();
    assert.equal(await doctor.page.getByRole("link", { name: "one.txt" }).count(), 0);
    await doctor.look("one-record");
}

async function takesAResult(patient, doctor) {
    step("a doctor adds a result, and the patient sees who did");
    await share(patient, doctor, { mayAdd: true });
    await patient.page.getByRole("button", { name: "Log out" }).click();
    await patient.page.getByText("You are logged out").first().waitFor();
    await again(doctor, "doctor/patients");
    await doctor.page.getByRole("link", { name: /^Unnamed person/ }).click();
    await doctor.page.getByLabel("Choose files").setInputFiles([{ name: "blood.txt", mimeType: "text/plain", buffer: Buffer.from("all is well") }]);
    assert.deepEqual(await doctor.page.getByLabel("Into the folder").locator("option").allTextContents(), ["personal"]);
    await doctor.look("result");
    await doctor.page.getByRole("button", { name: "Encrypt and add" }).click();
    await doctor.page.getByText("The record was added").waitFor();
    await doctor.page.getByRole("link", { name: "one.txt" }).click();
    await doctor.page.getByRole("button", { name: "Open the record" }).click();
    await doctor.page.getByText("the first").waitFor();
    await again(patient, "patient/records");
    await patient.page.getByText("Somebody added a record for you").waitFor();
    await patient.page.getByText("Somebody opened one of your records").waitFor();
    await patient.page.getByRole("row").filter({ hasText: "blood.txt" }).getByText("Added by Dr Sam").waitFor();
    await patient.look("news");
    await patient.page.getByLabel("Accepted").selectOption("Only proposed");
    await patient.page.getByText("1 of 3 records").waitFor();
    await patient.page.getByRole("row").filter({ hasText: "blood.txt" }).getByText("Proposed").waitFor();
    await patient.look("proposed");
    await patient.page.getByRole("link", { name: "blood.txt" }).click();
    await patient.page.getByText("all is well").waitFor();
    await accepts(patient);
    await patient.page.locator("dd", { hasText: "Dr Sam" }).waitFor();
    assert.equal(await patient.page.getByText("So far only by the person").count(), 0, "it was copied for the patient");
    await again(patient, "patient/looked");
    await patient.page.getByText("Dr Sam opened “one.txt”").waitFor();
    await patient.go("patient/records");
    await patient.page.getByRole("link", { name: "blood.txt" }).waitFor();
    await patient.page.getByText("3 records", { exact: true }).waitFor();
    assert.equal(await patient.page.getByText("Proposed", { exact: true }).count(), 0, "it was accepted");
    assert.equal(await patient.page.getByText("What is new").count(), 0, "nothing is new a second time");
}

async function accepts({ page, look }) {
    await page.locator("dd", { hasText: "Proposed" }).waitFor();
    await page.getByRole("button", { name: "Accept this record" }).click();
    await page.getByText("You accepted “blood.txt”").waitFor();
    await page.locator("dd", { hasText: "Proposed" }).waitFor({ state: "detached" });
    assert.equal(await page.getByRole("button", { name: "Accept this record" }).count(), 0, "once is enough");
    await look("accepted");
}

/** The server is away for longer than the browser waits before it comes back by itself. */
const AWAY_MS = 5000;

async function hears(hospital, { page, go, look }, doctor) {
    step("the patient is there when a result comes in");
    await go("patient/shares");
    await addsAResult(doctor, "pulse.txt");
    await page.getByRole("link", { name: "1 new record from somebody else" }).waitFor();
    await look("arrived");
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await page.getByRole("link", { name: "1 new record" }).waitFor({ state: "detached" });
    await go("patient/records");
    await page.getByText("4 records", { exact: true }).waitFor();
    await hospital.stopNode();
    await page.waitForTimeout(AWAY_MS);
    await hospital.startNode();
    await addsAResult(doctor, "sugar.txt");
    await page.getByRole("link", { name: "1 new record from somebody else" }).click();
    await page.getByRole("link", { name: "sugar.txt" }).waitFor();
    await page.getByRole("link", { name: "1 new record" }).waitFor({ state: "detached" });
}

async function addsAResult({ page, go }, name) {
    await go("doctor/patients");
    await page.getByRole("link", { name: /^Unnamed person/ }).click();
    await page.getByLabel("Choose files").setInputFiles([{ name, mimeType: "text/plain", buffer: Buffer.from(name) }]);
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await page.getByText("The record was added").waitFor();
}

async function names(patient, doctor, other) {
    step("people get names, and lose them");
    const card = await cardOf(patient);
    const { page } = doctor;
    await doctor.go("doctor/patients");
    await page.getByRole("link", { name: /^Unnamed person/ }).click();
    await page.getByText("Who is this?").click();
    await page.getByLabel("Name", { exact: true }).fill("Sara");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("not in the hospital's list").waitFor();
    await page.getByLabel("Card").fill(other.card);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("This is the card of somebody else").waitFor();
    await doctor.look("name");
    await page.getByLabel("Card").fill(card);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("heading", { name: "Records of Sara" }).waitFor();
    await again(doctor, "doctor/patients");
    await page.getByRole("link", { name: "Sara" }).waitFor();
    await contacts(patient, other);
}

async function contacts({ page, look, ...patient }, other) {
    await patient.go("patient/settings");
    const add = async (name, card) => {
        await page.getByLabel("Name", { exact: true }).fill(name);
        await page.getByLabel("Card", { exact: true }).fill(card);
        await page.getByRole("button", { name: "Save", exact: true }).click();
    };
    await add("Sue", "no card at all");
    await page.getByText("Something in what you typed").waitFor();
    assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Sue", "what was typed is still there");
    await add("Sue\u202e", other.card);
    await page.getByText("has a character that cannot be seen").waitFor();
    await add("s".repeat(201), other.card);
    await page.getByText("Perhaps it is too long").waitFor();
    await add("<img src=x onerror=alert(4)> 💊", other.card);
    await page.getByText("<img src=x onerror=alert(4)> 💊").waitFor();
    await look("contact");
    await again({ page, ...patient }, "patient/settings");
    await page.getByRole("button", { name: "Remove <img src=x" }).click();
    await page.getByText("<img src=x onerror=alert(4)> 💊").waitFor({ state: "detached" });
    await again({ page, ...patient }, "patient/settings");
    await page.getByText("Dr Sam").waitFor();
    assert.equal(await page.getByText("<img src=x").count(), 0);
}

async function denies(patient, other) {
    step("the patient denies a request");
    const { page } = patient;
    const card = await cardOf(patient);
    await other.go("doctor/ask");
    await other.page.getByLabel("The patient's card").fill(card);
    await other.page.getByLabel("Why do you need access?").fill("<b>Please</b>");
    await other.page.getByRole("button", { name: "Ask", exact: true }).click();
    await other.page.getByText("The patient got your request").waitFor();
    await page.getByRole("link", { name: "1 new request", exact: true }).waitFor();
    await page.getByRole("navigation").getByRole("link", { name: "Requests (1 waits for your answer)" }).waitFor();
    await patient.look("asked");
    await again(patient, "patient/records");
    await page.getByRole("link", { name: "One person asks for access" }).click();
    await page.getByText("Reason: <b>Please</b>").waitFor();
    await page.getByRole("heading", { name: /Request of Unnamed person \d/ }).waitFor();
    await page.getByRole("button", { name: "No", exact: true }).click();
    await page.getByText("The request is put away in this browser").waitFor();
    await page.getByText("Nobody asks for access").waitFor();
    await page.getByRole("link", { name: "waits for your answer" }).waitFor({ state: "detached" });
    await patient.look("denied");
    await again(patient, "patient/requests");
    await page.getByText("Nobody asks for access").waitFor();
    await page.getByLabel("Show requests that I put away").check();
    await page.getByText("Who is this?").click();
    await page.getByLabel("Name", { exact: true }).fill("Sue");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("heading", { name: "Request of Sue" }).waitFor();
    await patient.look("denied-again");
    await again(other, "doctor/patients");
    await other.page.getByText("No patient shares with you yet").waitFor();
}

/** A device that cannot read the folder's name ends that one share, not others of the same doctor. */
async function endsExactly(hospital, browser, patient, doctor) {
    step("a share of a folder whose name cannot be read ends alone");
    const context = await browser.newContext({ viewport: { width: 1000, height: 800 } });
    const device = { ...(await newTab(context, hospital.portal, "device")), user: patient.user };
    await context.route("**/ipfs/**", (route) => route.abort());
    await device.go("login");
    await logIn(device.page, patient.user);
    await device.page.getByRole("button", { name: "Log out" }).waitFor();
    await device.go("patient/shares");
    await device.page.getByText("A folder whose name cannot be read").waitFor();
    await context.unroute("**/ipfs/**");
    await device.look("unnamed-folder");
    await device.page.getByRole("row").filter({ hasText: "A folder whose name" }).getByRole("button").click();
    await device.page.getByRole("dialog").getByRole("button", { name: "End", exact: true }).click();
    await device.page.getByText("has ended").first().waitFor();
    await context.close();
    await again(patient, "patient/shares");
    await patient.page.getByRole("row").filter({ hasText: "two.txt" }).waitFor();
    assert.equal(await patient.page.getByText("Folder personal").count(), 0);
    await again(doctor, "doctor/patients");
    await doctor.page.getByRole("link", { name: "Sara" }).click();
    await doctor.page.getByRole("link", { name: "two.txt" }).waitFor();
    assert.equal(await doctor.page.getByRole("link", { name: "one.txt" }).count(), 0);
}

async function endsAll(patient, doctor, other) {
    step("the patient ends all");
    const { page } = patient;
    await share(patient, other);
    await patient.go("patient/shares");
    await page.getByRole("button", { name: "End all" }).click();
    await patient.look("end-all");
    await page.getByRole("dialog").getByRole("button", { name: "End all" }).click();
    await page.getByText("All access has ended").waitFor();
    await again(patient, "patient/shares");
    await page.getByText("You share nothing").waitFor();
    for (const person of [doctor, other]) {
        await again(person, "doctor/patients");
        await person.page.getByText("No patient shares with you yet").waitFor();
    }
}
