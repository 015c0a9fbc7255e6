// What goes wrong outside of the page, and what the page says then.
import { again, logIn, newDoctor, newPatient, share, upload } from "../people.mjs";
import { step } from "../register.mjs";

export async function story(hospital, browser) {
    const patient = await newPatient(hospital, browser, "fay");
    const doctor = await newDoctor(hospital, browser, "fred", "Dr Fred");
    await upload(patient, ["fay.txt", "only for Fay"]);
    await foreignLink(hospital, patient, doctor);
    await wrongClock(hospital, patient);
    await missingPart(hospital, patient);
    await nodeStops(hospital, patient);
}

async function foreignLink(hospital, patient, doctor) {
    step("a link to somebody else's record");
    const { page, go, look } = doctor;
    const link = await patient.page.getByRole("link", { name: "fay.txt" }).getAttribute("href");
    await page.goto(`${hospital.portal}/${link}`);
    await page.getByText("The patient sees that you opened").waitFor();
    await page.getByRole("button", { name: "Open the record" }).click();
    await page.getByText("It was never given, or it has ended").waitFor();
    await look("foreign");
    for (const broken of ["hospital-record", `${decodeURIComponent(link.split("/").at(-1)).slice(0, -1)}`, "<img src=x onerror=alert(5)>"]) {
        await go(`patient/record/${encodeURIComponent(broken)}`);
        await page.getByRole("button", { name: "Open the record" }).click();
        await page.getByText("There is no such record").waitFor();
    }
    await look("no-record");
    await go("nowhere/%E0%A4%A");
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
    await share(patient, doctor);
    await page.goto(`${hospital.portal}/${link}`);
    await page.getByText("The patient sees that you opened").waitFor();
    await page.getByRole("button", { name: "Open the record" }).click();
    await page.getByText("only for Fay").waitFor();
    await again(patient, "patient/looked");
    await patient.page.getByText("Dr Fred opened “fay.txt”").waitFor();
}

/** The worker has the clock of this device: a day is added to it before its own code runs. */
async function wrongClock(hospital, patient) {
    step("the clock of the device is a day off");
    const { context, page } = patient;
    await context.route("**/assets/main-*.js", async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, body: `{ const now = Date.now; Date.now = () => now() + 86_400_000; }\n${await answer.text()}` });
    });
    await again(patient, "patient/records");
    await page.getByLabel("Choose files").setInputFiles([{ name: "clock.txt", mimeType: "text/plain", buffer: Buffer.from("tick") }]);
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await page.getByText("The clock of this device is wrong").waitFor();
    await patient.look("clock");
    await context.unrouteAll();
    await again(patient, "patient/records");
    await page.getByText("One record", { exact: true }).waitFor();
    await upload(patient, ["clock.txt", "tock"]);
}

async function missingPart(hospital, patient) {
    step("a part of the page is not there");
    const { context, page } = patient;
    await context.route("**/assets/Requests-*.js", (route) => route.abort());
    await again(patient, "patient/requests");
    await page.getByText("A part of this page could not be loaded").waitFor();
    await patient.look("missing-part");
    await context.unrouteAll();
    await page.getByRole("button", { name: "Try again" }).click();
    await logIn(page, patient.user);
    await page.getByRole("link", { name: "fay.txt" }).waitFor();
    await patient.go("patient/requests");
    await page.getByText("Nobody asks for access").waitFor();
}

/** The SDK asks again for a while before it gives up. */
const PATIENCE = { timeout: 90_000 };

async function nodeStops(hospital, patient) {
    step("the hospital's server stops, and starts again");
    const { page, go, look } = patient;
    await page.context().setOffline(true);
    await page.getByText("This device has no connection").waitFor();
    await look("offline");
    await page.context().setOffline(false);
    await page.getByText("This device has no connection").waitFor({ state: "detached" });
    await hospital.stopNode();
    await go("patient/shares");
    await page.getByText("The hospital's server does not answer").waitFor(PATIENCE);
    await look("down");
    await go("patient/records");
    await page.getByLabel("Choose files").setInputFiles([{ name: "down.txt", mimeType: "text/plain", buffer: Buffer.from("later") }]);
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await page.locator("form").getByText("The hospital's server does not answer").waitFor(PATIENCE);
    await go("patient/requests");
    await page.getByText("The hospital's server does not answer").waitFor(PATIENCE);
    await hospital.startNode();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("Nobody asks for access").waitFor();
    await go("patient/records");
    await page.getByLabel("Choose files").setInputFiles([{ name: "down.txt", mimeType: "text/plain", buffer: Buffer.from("later") }]);
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await page.getByText("The record was added").waitFor(PATIENCE);
    await go("patient/shares");
    await page.getByText("Dr Fred").waitFor();
    await again(patient, "patient/records");
    await page.getByRole("link", { name: "down.txt" }).waitFor();
}
