// A patient and a doctor, each with a browser of their own, at one hospital.
import assert from "node:assert/strict";
import { newPerson } from "../browser.mjs";
import { png } from "../picture.mjs";
import { PASSWORD, register, step } from "./register.mjs";

export async function story(hospital, browser) {
    const patient = await newPerson(browser, hospital.portal, "patient");
    const doctor = await newPerson(browser, hospital.portal, "doctor");

    step("the patient registers");
    const words = await register(patient, "patient", "ana");
    await patient.page.getByRole("heading", { name: "Records", exact: true }).waitFor();
    await patient.page.getByText("You have no records yet").waitFor();
    await patient.look("records-empty");

    step("the patient uploads two files");
    await patient.page.getByLabel("Choose files").setInputFiles([
        { name: "letter.txt", mimeType: "text/plain", buffer: Buffer.from("Dear Dr Lee, <b>nothing</b> runs here.") },
        { name: "knee <img src=x onerror=alert(1)>.png", mimeType: "image/png", buffer: png(320, 200) },
        { name: "evil.svg", mimeType: "image/svg+xml", buffer: Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>") },
    ]);
    await patient.page.getByLabel("Keywords", { exact: true }).fill("knee, mri");
    await patient.look("upload");
    await patient.page.getByRole("button", { name: "Encrypt and add" }).click();
    await patient.page.getByText("3 records were added").waitFor();
    await patient.page.getByRole("link", { name: "letter.txt" }).waitFor();
    await patient.look("records");
    await patient.page.getByLabel("Search").fill("lett");
    await patient.page.getByText("1 of 3 records").waitFor();
    await patient.page.getByRole("link", { name: "letter.txt" }).click();
    await patient.page.getByText("Dear Dr Lee, <b>nothing</b>").waitFor();
    await patient.look("record-text");
    await patient.page.getByRole("link", { name: "Back" }).click();
    await patient.page.getByRole("link", { name: /knee/ }).click();
    await patient.page.locator("img[alt^=Picture]").waitFor();
    await patient.look("record-picture");
    await patient.page.getByRole("link", { name: "Back" }).click();
    await patient.page.getByRole("link", { name: "evil.svg" }).click();
    await patient.page.getByText("This kind of file is not shown here").waitFor();
    await patient.look("record-not-shown");
    const [download] = await Promise.all([patient.page.waitForEvent("download"), patient.page.getByRole("button", { name: "Download" }).click()]);
    assert.equal(download.suggestedFilename(), "evil.svg");

    step("the patient cancels an upload");
    await patient.go("patient/records");
    await patient.page.getByLabel("Choose files").setInputFiles([{ name: "large.bin", mimeType: "", buffer: Buffer.alloc(40_000_000, 7) }]);
    await patient.page.getByRole("button", { name: "Encrypt and add" }).click();
    await patient.page.getByRole("progressbar").waitFor();
    await patient.page.getByText("Upload: Encrypting").waitFor();
    await patient.look("upload-progress");
    await patient.page.getByRole("button", { name: "Cancel" }).click();
    await patient.page.getByText("The upload was cancelled. Nothing was added.").waitFor();
    await patient.look("upload-cancelled");
    await patient.page.getByRole("link", { name: "letter.txt" }).waitFor();
    assert.equal(await patient.page.getByText("large.bin").count(), 0);

    step("the doctor registers, and the hospital vouches");
    await register(doctor, "doctor", "lee");
    await doctor.page.getByRole("heading", { name: "My entry" }).waitFor();
    await doctor.page.getByText("has not confirmed you yet").waitFor();
    await doctor.look("listing-waiting");
    const card = (await doctor.page.locator('[data-text="My card"]').textContent()).trim();
    const fingerprint = (await doctor.page.locator("section .code.big").textContent()).trim();
    const account = (await doctor.page.locator('[data-text^="My number for"]').textContent()).trim();
    await doctor.page.getByLabel("Your name").fill("Dr Lee");
    await doctor.page.getByLabel("Your specialities").fill("knee surgery");
    hospital.vouch(account);
    await doctor.page.getByRole("button", { name: "Show me in the list" }).click();
    await doctor.page.getByText("Patients find you as “Dr Lee”").first().waitFor();
    await doctor.look("listing");

    step("the patient shares by card for a week");
    await patient.go("patient/shares");
    await patient.page.getByText("You share nothing").waitFor();
    await patient.look("shares-empty");
    await patient.page.getByRole("link", { name: "Share with a doctor" }).click();
    await patient.page.getByLabel("Find a doctor").fill("knee");
    await patient.page.getByRole("button", { name: "Find" }).click();
    await patient.page.getByRole("button", { name: "Choose Dr Lee" }).waitFor();
    await patient.look("share-search");
    await patient.page.getByLabel("Or paste").fill(card);
    await patient.page.getByRole("button", { name: "Use this card" }).click();
    assert.equal((await patient.page.locator("[data-part=fingerprint]").textContent()).trim(), fingerprint);
    await patient.page.getByRole("button", { name: "Share" }).click();
    await patient.page.getByText("Please choose a doctor first").waitFor();
    await patient.page.getByLabel("The doctor's name").fill("Dr Lee");
    await patient.page.getByLabel("I compared it").check();
    await patient.page.getByLabel("One week").check();
    await patient.look("share");
    await patient.page.getByRole("button", { name: "Share" }).click();
    await patient.page.getByText("Dr Lee may read this until").waitFor();
    await patient.page.getByRole("link", { name: "Who may read" }).click();
    await patient.page.getByRole("button", { name: /End the access of Dr Lee/ }).waitFor();
    await patient.look("shares");

    step("the doctor opens a record");
    await doctor.go("doctor/patients");
    await doctor.page.getByRole("link", { name: /^Unnamed person/ }).waitFor();
    await doctor.look("patients");
    await doctor.page.getByRole("link", { name: /^Unnamed person/ }).click();
    await doctor.page.getByRole("link", { name: "letter.txt" }).waitFor();
    await doctor.look("patient");
    const knee = await doctor.page.getByRole("link", { name: /knee/ }).getAttribute("href");
    await doctor.page.getByRole("link", { name: "letter.txt" }).click();
    await doctor.page.getByText("The patient sees that you opened").waitFor();
    await doctor.look("record-before");
    await doctor.page.getByRole("button", { name: "Open the record" }).click();
    await doctor.page.getByText("Dear Dr Lee").waitFor();
    await doctor.look("record");

    step("the patient sees the reading, and ends the share");
    await patient.go("patient/looked");
    await patient.page.getByText("Dr Lee opened “letter.txt”").waitFor();
    await patient.page.getByLabel("Show everything").check();
    await patient.page.getByText("You shared the folder “personal” with Dr Lee").waitFor();
    await patient.look("looked");
    await patient.go("patient/shares");
    await patient.page.getByRole("button", { name: /End the access of Dr Lee/ }).click();
    await patient.page.getByRole("heading", { name: "End this access?" }).waitFor();
    await patient.look("end-share");
    await patient.page.getByRole("dialog").getByRole("button", { name: "End", exact: true }).click();
    await patient.page.getByText("The access of Dr Lee has ended").waitFor();

    step("the doctor gets a clear message, and asks again");
    await doctor.page.goto(`${hospital.portal}/${knee}`);
    await doctor.page.getByRole("button", { name: "Open the record" }).click();
    await doctor.page.getByText("The patient ended it, or its time is over").waitFor();
    await doctor.look("record-denied");
    await doctor.page.getByRole("link", { name: "Back" }).click();
    await doctor.page.getByText("The patient ended it, or its time is over").waitFor();
    await doctor.look("gone");
    await doctor.page.reload().catch(() => undefined);
    await doctor.page.getByLabel("User name").fill("lee");
    await doctor.page.getByLabel("Password").fill("a wrong password of mine");
    await doctor.look("login");
    await doctor.page.getByRole("button", { name: "Log in" }).click();
    await doctor.page.getByText("The user name or the password is wrong").waitFor();
    await doctor.page.getByLabel("Password").fill(PASSWORD);
    await doctor.page.getByRole("button", { name: "Log in" }).click();
    await doctor.page.getByText("No patient shares with you yet").waitFor();
    await patient.go("patient/settings");
    const own = (await patient.page.locator('[data-text="My card"]').textContent()).trim();
    await patient.look("settings");
    await doctor.go("doctor/ask");
    await doctor.page.getByLabel("The patient's card").fill(own);
    await doctor.page.getByLabel("Why do you need access?").fill("To plan the operation of your knee");
    await doctor.look("ask");
    await doctor.page.getByRole("button", { name: "Ask", exact: true }).click();
    await doctor.page.getByText("The patient got your request").waitFor();

    step("the patient allows it");
    await patient.go("patient/requests");
    await patient.page.getByText("To plan the operation of your knee").waitFor();
    await patient.look("requests");
    await patient.page.getByRole("button", { name: "Allow" }).click();
    await patient.page.getByText("has access now").waitFor();

    step("a logout wipes, and login and words restore");
    await patient.page.getByRole("button", { name: "Log out" }).click();
    await patient.page.getByText("You are logged out").first().waitFor();
    assert.equal(patient.page.workers().length, 0);
    await patient.look("goodbye");
    await patient.go("patient/records");
    await patient.page.getByLabel("User name").fill("ana");
    await patient.page.getByLabel("Password").fill(PASSWORD);
    await patient.page.getByRole("button", { name: "Log in" }).click();
    await patient.page.getByRole("link", { name: "letter.txt" }).waitFor();
    assert.equal(await patient.page.getByText("large.bin").count(), 0, "a cancelled upload is there after all");

    step("a second tab is refused");
    const second = await patient.context.newPage();
    await second.goto(`${hospital.portal}/#/login`);
    await second.getByLabel("User name").fill("ana");
    await second.getByLabel("Password").fill(PASSWORD);
    await second.getByRole("button", { name: "Log in" }).click();
    await second.getByRole("heading", { name: "You are already logged in elsewhere" }).waitFor();
    await second.close();

    step("the words restore on a phone, and idle time logs out");
    const phone = await newPerson(browser, hospital.portal, "phone", { viewport: { width: 360, height: 700 }, colorScheme: "dark", reducedMotion: "reduce", clock: true });
    await phone.go("restore");
    await phone.page.getByLabel("Recovery words").fill(words.join(" "));
    await phone.look("restore");
    await phone.page.getByRole("button", { name: "Restore" }).click();
    await phone.page.getByRole("link", { name: "letter.txt" }).waitFor();
    await phone.look("records");
    for (const page of ["shares", "share", "looked", "requests", "settings"]) {
        await phone.go(`patient/${page}`);
        await phone.page.getByRole("heading", { level: 1 }).first().waitFor();
        await phone.page.waitForFunction(() => !document.querySelector("main")?.innerText.includes("Please wait"));
        await phone.look(page);
    }
    await phone.page.clock.fastForward("09:30");
    await phone.page.getByText("Are you still there?").waitFor();
    await phone.look("idle");
    await phone.page.getByRole("button", { name: "I am still here" }).click();
    await phone.page.clock.fastForward("09:30");
    await phone.page.getByText("Are you still there?").waitFor();
    await phone.page.clock.fastForward("01:00");
    await phone.page.getByText("You were away for a while").waitFor();
    assert.equal(phone.page.workers().length, 0);
}
