// The hospital's office confirms a doctor; a patient who cannot answer, and the people who may let somebody in together.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { newPerson } from "../browser.mjs";
import { PASSWORD, step } from "./register.mjs";

export async function story(hospital, browser) {
    const [ana, kim, mira, ravi, office] = await Promise.all(
        ["ana", "kim", "mira", "ravi", "office"].map((name) => newPerson(browser, hospital.portal, name, { clock: name === "ravi" })),
    );
    step("four people register, and the office restores its account");
    await Promise.all([
        quickly(ana, "patient", "ana"), quickly(kim, "doctor", "kim"), quickly(mira, "patient", "mira"), quickly(ravi, "patient", "ravi"),
        enters(office, hospital.phrase),
    ]);
    await confirms(office, kim);
    const cards = { kim: await cardOf(kim), mira: await cardOf(mira), ravi: await cardOf(ravi), office: await cardOf(office) };
    const board = await chooses(ana, cards);
    await Promise.all([join(kim, "doctor", board), join(mira, "patient", board), join(ravi, "patient", board), join(office, "office", board)]);
    const patient = await accountOf(ana);
    await vetoed(kim, ana, mira, patient);
    await letIn(kim, { ana, mira, office, ravi }, patient);
    await afterwards({ ana, mira, ravi, kim });
    await proxy(ana, kim, ravi, patient, board);
    await withdraws(office, kim);
    await phone(browser, hospital);
}

async function quickly({ page, go }, room, user) {
    await go(`register/${room}`);
    await page.getByLabel("Choose a user name").fill(user);
    await page.getByLabel("Choose a password").fill(PASSWORD);
    await page.getByLabel("The password again").fill(PASSWORD);
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByRole("heading", { name: "Write these words down" }).waitFor();
    const words = await page.locator(".words li").allTextContents();
    await page.getByRole("button", { name: "I wrote them down" }).click();
    for (const label of await page.getByText(/^Word \d+$/).allTextContents()) {
        await page.getByLabel(label, { exact: true }).fill(words[Number(label.slice(5)) - 1]);
    }
    await page.getByRole("button", { name: "Register" }).click();
    await page.getByRole("heading", { level: 1, name: room === "doctor" ? "My entry" : "Records" }).waitFor();
}

async function enters({ page, look }, phrase) {
    await page.getByRole("link", { name: "I work for the hospital's office" }).click();
    await page.getByRole("heading", { name: "The hospital's office" }).waitFor();
    await look("enter");
    await page.getByRole("link", { name: "I have only my recovery words" }).click();
    await page.getByLabel("Recovery words").fill(phrase);
    await page.getByRole("button", { name: "Restore" }).click();
    await page.getByRole("heading", { name: "Doctors whom we confirm" }).waitFor();
    await page.getByText("You confirm nobody yet").waitFor();
    await look("nobody");
}

const textOf = async (page, selector) => (await page.locator(selector).textContent()).trim();

async function cardOf({ page, go }) {
    await go("patient/settings");
    return textOf(page, '[data-text="My card"]');
}

async function accountOf({ page, go }) {
    await go("patient/settings");
    await page.getByText("Advanced").click();
    return textOf(page, "details code");
}

async function confirms(office, kim) {
    step("the office confirms the doctor, whose page says so");
    await kim.page.getByText("has not confirmed you yet").waitFor();
    const account = await textOf(kim.page, '[data-text^="My number for"]');
    const { page, look, go } = office;
    await page.getByRole("link", { name: "Confirm a doctor" }).click();
    await page.getByLabel("The doctor's number or card").fill("0x12");
    await page.getByText("This is neither a number nor a card").waitFor();
    await page.getByLabel("The doctor's number or card").fill(account);
    assert.equal((await textOf(page, "[data-part=compare]")).replaceAll(" ", ""), account.slice(2));
    await page.getByLabel("The doctor's name").fill("Dr Kim");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("Please compare the number first").waitFor();
    await page.getByLabel("I compared it").check();
    await look("confirm");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("You confirm Dr Kim until").waitFor();
    assert.equal(await page.getByText("Only your own list could not be written").count(), 0);
    await go("office/doctors");
    await page.getByRole("row", { name: /Dr Kim.*Confirmed/ }).waitFor();
    await look("doctors");
    await kim.page.getByText("The hospital confirmed you").waitFor();
    await kim.look("confirmed");
    await go("office/server");
    await page.getByText("The server answers, after").waitFor();
    await page.getByText("the clock of this device agree").waitFor();
    await look("server");
    await go("office/did");
    await page.getByText("You registered").waitFor();
    await page.getByText("You added “Dr Kim.txt”").waitFor();
    await look("did");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as a file" }).click()]);
    const report = JSON.parse(readFileSync(await download.path(), "utf8"));
    assert.deepEqual(report.confirmed.map(({ name, account, live }) => ({ name, account: account.toLowerCase(), live })), [{ name: "Dr Kim", account: account.toLowerCase(), live: true }]);
    assert.ok(report.entries.some(({ action }) => action === "profile-set"));
}

/** The patient adds a record, and chooses two of four people for its folder. */
async function chooses({ page, look, go }, cards) {
    step("the patient chooses people for an emergency");
    await go("patient/records");
    await page.getByLabel("Choose files").setInputFiles([{ name: "allergies.txt", mimeType: "text/plain", buffer: Buffer.from("Penicillin!") }]);
    await page.getByLabel("Into the folder").fill("emergency");
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await page.getByText("The record was added").waitFor();
    await go("patient/boards");
    await page.getByText("You have chosen nobody yet").waitFor();
    await look("boards-empty");
    await page.getByRole("link", { name: "Choose people" }).click();
    const people = page.locator("section", { hasText: "Add a person" });
    for (const [name, card] of Object.entries(cards)) {
        await people.getByLabel("Name", { exact: true }).fill(name);
        await people.getByLabel("Card").fill(card);
        await people.getByLabel("I compared it").check();
        if (name === "kim") await look("board-person");
        await people.getByRole("button", { name: "Add to the people I know" }).click();
        await page.getByRole("checkbox", { name, exact: true }).check();
    }
    await page.getByLabel("Your name for this group").fill("My people");
    await look("board-new");
    await page.getByRole("button", { name: "Give them this folder" }).click();
    await page.getByRole("heading", { name: "My people" }).waitFor();
    await page.getByText("2 of these 4 people must agree").waitFor();
    await page.getByText("Folder “emergency”, until").waitFor();
    await look("boards");
    return textOf(page, '[data-text="Number of the group"]');
}

const pageOfMember = (room) => (room === "patient" ? "patient/helping" : `${room}/emergencies`);

async function join({ page, look, go }, room, board) {
    await go(pageOfMember(room));
    await page.getByLabel("Number of the group").fill(`0x${"1".repeat(40)}`);
    await page.getByLabel("Name for yourself").fill("Ana's people");
    await page.getByRole("button", { name: "Enter", exact: true }).click();
    await page.getByText("There is no group with this number").waitFor();
    await page.getByLabel("Number of the group").fill(board);
    await page.getByRole("button", { name: "Enter", exact: true }).click();
    await page.getByRole("link", { name: "Ana's people" }).waitFor();
    if (room !== "patient") await look("emergencies");
}

async function asks({ page, look, go }, patient, reason, shot) {
    await go("doctor/emergencies");
    await page.getByRole("link", { name: "Report an emergency" }).click();
    await page.getByLabel("Group").selectOption({ label: "Ana's people" });
    await page.getByLabel("The patient's number or card").fill(patient);
    await page.getByLabel("Why?").fill(reason);
    if (shot) await look(shot);
    await page.getByRole("button", { name: "Report the emergency" }).click();
    await page.getByText("The emergency is reported").waitFor();
    await page.getByText("0 of 2 have agreed").waitFor();
    if (shot) await look(`${shot}-done`);
}

async function vetoed(kim, ana, mira, patient) {
    step("the doctor reports an emergency, and the patient says no");
    await asks(kim, patient, "Found on the street.", "report");
    await ana.go("patient/records");
    await ana.page.getByRole("heading", { name: "There is an emergency with your records" }).waitFor();
    await ana.page.getByText("Reason: Found on the street.").waitFor();
    await ana.look("banner");
    await ana.page.getByRole("button", { name: "Say no" }).click();
    await ana.page.getByText("nobody will be, by this request").waitFor();
    await ana.look("veto");
    await ana.page.getByRole("dialog").getByRole("button", { name: "Say no" }).click();
    await ana.page.getByText("Your no has taken effect").waitFor();
    await ana.page.getByRole("heading", { name: "There is an emergency with your records" }).waitFor({ state: "detached" });
    await mira.go("patient/helping");
    await mira.page.getByRole("link", { name: "Ana's people" }).click();
    await mira.page.getByText("Stopped by a no").waitFor();
    assert.equal(await mira.page.getByRole("button", { name: "I agree" }).count(), 0);
}

const caseAbout = ({ page }, words) => page.getByRole("article").filter({ hasText: words });
const FALL = "Unconscious after a fall.";

async function letIn(kim, { mira, office }, patient) {
    step("another emergency is let through by two others");
    await asks(kim, patient, FALL);
    await mira.page.getByText("One emergency waits for you").waitFor();
    await caseAbout(mira, FALL).getByText("Confirmed by the hospital", { exact: true }).waitFor();
    await mira.look("acknowledge");
    await caseAbout(mira, FALL).getByRole("button", { name: "I agree" }).click();
    await mira.page.getByText("You have agreed").waitFor();
    await caseAbout(mira, "1 of 2 have agreed").waitFor();
    await mira.look("agreed");
    await office.go("office/emergencies");
    await office.page.getByRole("link", { name: "Ana's people" }).click();
    await caseAbout(office, FALL).getByRole("button", { name: "I agree" }).click();
    await caseAbout(office, "Has access now").waitFor();
    await kim.page.getByRole("link", { name: "Emergencies" }).last().click();
    const now = caseAbout(kim, FALL);
    await now.getByText("The records can be opened now").waitFor({ timeout: 40_000 });
    await kim.look("let-in");
    step("the doctor reads what the patient gave");
    await now.getByRole("link", { name: "Open the records" }).click();
    await kim.page.getByRole("link", { name: "allergies.txt" }).click();
    await kim.page.getByRole("button", { name: "Open the record" }).click();
    await kim.page.getByText("Penicillin!").waitFor();
    await kim.look("read");
}

async function afterwards({ ana, ravi, kim }) {
    step("another member looks at it afterwards, and the patient ends it");
    await ravi.go("patient/helping");
    await ravi.page.getByRole("link", { name: "Ana's people" }).click();
    const reviewed = caseAbout(ravi, FALL);
    await reviewed.getByLabel("What was wrong?").fill("Nobody rang her sister.");
    await ravi.look("review");
    await ravi.page.clock.fastForward(11_000); // The page looks again, and what is typed stays.
    await ravi.page.waitForTimeout(1500);
    assert.equal(await reviewed.getByLabel("What was wrong?").inputValue(), "Nobody rang her sister.");
    await reviewed.getByRole("button", { name: "Send the opinion" }).click();
    await ravi.page.getByText("Your opinion is written down").waitFor();
    await ana.go("patient/boards");
    const seen = caseAbout(ana, FALL);
    await seen.getByText("ravi: Nobody rang her sister.").waitFor();
    await seen.getByText("mira, office").waitFor();
    await ana.look("boards-emergency");
    await seen.getByRole("button", { name: "Say no" }).click();
    await ana.page.getByText("What was read or saved before cannot be taken back").waitFor();
    await ana.page.getByRole("dialog").getByRole("button", { name: "Say no" }).click();
    await seen.getByText("Stopped by a no").waitFor();
    await kim.page.reload();
    await kim.page.getByLabel("User name").fill("kim");
    await kim.page.getByLabel("Password").fill(PASSWORD);
    await kim.page.getByRole("button", { name: "Log in" }).click();
    await kim.page.getByRole("heading", { level: 1 }).first().waitFor();
    await kim.page.getByRole("button", { name: "Log out" }).waitFor();
    await kim.go("doctor/emergencies");
    await kim.page.getByRole("link", { name: "Ana's people" }).click();
    await caseAbout(kim, FALL).getByText("Stopped by a no").waitFor();
    assert.equal(await kim.page.getByRole("link", { name: "Open the records" }).count(), 0);
}

async function proxy(ana, kim, ravi, patient) {
    step("somebody else says no for the patient, and a member leaves");
    await ana.page.getByLabel("Person").selectOption({ label: "ravi" });
    await ana.page.getByRole("button", { name: "Appoint" }).click();
    await ana.page.getByText("ravi may say no for you").waitFor();
    await ana.look("proxy");
    await asks(kim, patient, "Again.");
    await caseAbout(ravi, "Again.").getByRole("button", { name: "Say no" }).click();
    await ravi.page.getByRole("dialog").getByRole("button", { name: "Say no" }).click();
    await caseAbout(ravi, "Again.").getByText("Stopped by a no").waitFor();
    await ravi.page.getByRole("button", { name: "Leave this group" }).click();
    await ravi.look("resign");
    await ravi.page.getByRole("dialog").getByRole("button", { name: "Leave this group" }).click();
    await ravi.page.getByText("You have left this group").waitFor();
    await ana.go("patient/records");
    await ana.go("patient/boards");
    await ana.page.getByText("has left").waitFor();
}

async function withdraws({ page, look, go }, kim) {
    step("the office withdraws the confirmation");
    await go("office/doctors");
    await page.getByRole("button", { name: "Withdraw the confirmation of Dr Kim" }).click();
    await look("withdraw");
    await page.getByRole("dialog").getByRole("button", { name: "Withdraw" }).click();
    await page.getByText("You do not confirm Dr Kim any more").waitFor();
    await page.getByRole("row", { name: /Dr Kim.*Not confirmed/ }).waitFor();
    await kim.go("doctor/listing");
    await kim.page.getByText("has not confirmed you yet").waitFor();
}

async function phone(browser, hospital) {
    step("on a phone, in the dark");
    const options = { viewport: { width: 360, height: 700 }, colorScheme: "dark", reducedMotion: "reduce" };
    const ana = await newPerson(browser, hospital.portal, "phone", options);
    await ana.go("login");
    await ana.page.getByLabel("User name").fill("ana");
    await ana.page.getByLabel("Password").fill(PASSWORD);
    await ana.page.getByRole("button", { name: "Log in" }).click();
    await ana.page.getByRole("link", { name: "allergies.txt" }).waitFor();
    await ana.go("office/doctors");
    await ana.page.getByText("This account is not the hospital's office yet").waitFor();
    await ana.look("not-office");
    for (const at of ["patient/boards", "patient/board-new", "patient/helping", "patient/emergency"]) {
        await ana.go(at);
        await ana.page.getByRole("heading", { level: 1 }).first().waitFor();
        await ana.page.waitForFunction(() => !document.querySelector("main")?.innerText.includes("Please wait"));
        await ana.look(at.slice(8));
    }
}
