// Names, passwords, devices, and a tab that is killed.
import assert from "node:assert/strict";
import { newPerson, newTab } from "../../browser.mjs";
import { confirmWords, again, logIn, newPatient, upload } from "../people.mjs";
import { PASSWORD, step } from "../register.mjs";

export async function story(hospital, browser) {
    const patient = await newPatient(hospital, browser, "lena");
    await takenName(hospital, browser);
    await wrongPasswords(patient);
    await everywhere(hospital, browser, patient);
    await killedTab(hospital, patient);
}

async function takenName(hospital, browser) {
    step("a user name that is taken");
    const { page, go, look } = await newPerson(browser, hospital.portal, "liam");
    const fill = async (user) => {
        await page.getByLabel("Choose a user name").fill(user);
        await page.getByLabel("Choose a password").fill(PASSWORD);
        await page.getByLabel("The password again").fill(PASSWORD);
        await page.getByRole("button", { name: "Next" }).click();
        return confirmWords(page);
    };
    await go("register/patient");
    const words = await fill("lena");
    await page.getByText("Somebody else has this user name").waitFor();
    await look("taken");
    assert.deepEqual(await fill("liam"), words, "the words that were written down stay the same");
    await page.getByText("You have no records yet").waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByText("You are logged out").first().waitFor();

    step("a user name that is taken, with the recovery words");
    await go("restore");
    await page.getByLabel("Recovery words").fill(words.join(" "));
    await page.getByLabel("Choose a new password").check();
    await page.getByLabel("Choose a user name").fill("lena");
    await page.getByLabel("Choose a password").fill(PASSWORD);
    await page.getByLabel("The password again").fill(PASSWORD);
    await page.getByRole("button", { name: "Restore" }).click();
    await page.getByText("Somebody else has this user name").waitFor();
    await page.getByLabel("Choose a user name").fill("liam2");
    await page.getByRole("button", { name: "Restore" }).click();
    await page.getByText("You have no records yet").waitFor();
    await again({ page, go, user: "liam2" }, "patient/records");
    await page.getByText("You have no records yet").waitFor();
}

async function wrongPasswords({ page, go, look, user }) {
    step("three wrong passwords are told");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByText("You are logged out").first().waitFor();
    await go("login");
    for (let attempt = 0; attempt < 3; attempt += 1) {
        await logIn(page, user, `a wrong password ${attempt}`);
        await page.getByText("The user name or the password is wrong").waitFor();
        assert.equal(await page.getByLabel("User name").inputValue(), user);
    }
    await logIn(page, user);
    await page.getByText("3 logins with your user name failed").waitFor();
    await page.getByText(`The last one was on ${new Intl.DateTimeFormat("en-US", { dateStyle: "medium" }).format(new Date())}`).waitFor();
    await look("failed");
    await again({ page, go, user }, "patient/records");
    await page.getByText("You have no records yet").waitFor();
    assert.equal(await page.getByText("logins with your user name failed").count(), 0, "it is told once");
}

async function everywhere(hospital, browser, patient) {
    step("the patient logs out everywhere");
    const other = await newPerson(browser, hospital.portal, "other", { clock: true });
    await other.go("login");
    await logIn(other.page, patient.user);
    await other.page.getByText("You have no records yet").waitFor();
    await other.page.clock.fastForward("00:31");
    await other.go("patient/settings");
    await other.page.getByText(/^\d+ logins are open/).waitFor();
    await other.look("devices");
    await patient.go("patient/settings");
    await patient.page.getByRole("button", { name: "Log out everywhere" }).click();
    await patient.page.getByText("You are logged out").first().waitFor();
    await other.page.clock.fastForward("00:31");
    await other.page.getByText("You logged out everywhere from another device").waitFor();
    assert.equal(other.page.workers().length, 0);
    await other.look("ended");
    await again(patient, "patient/settings");
    await patient.page.getByText("One login is open").waitFor();
    await other.context.close();
}

async function killedTab(hospital, patient) {
    step("a tab is killed while an upload is confirmed");
    const { context, page } = patient;
    const reached = holdAnswers(context, "**/v1/requests");
    await patient.go("patient/records");
    await page.getByLabel("Choose files").setInputFiles([{ name: "late.txt", mimeType: "text/plain", buffer: Buffer.from("it arrives") }]);
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await reached;
    await page.close();
    await context.unrouteAll({ behavior: "ignoreErrors" });
    const tab = { ...(await newTab(context, hospital.portal, "lena2")), user: patient.user };
    await tab.go("login");
    await logIn(tab.page, patient.user);
    await tab.page.getByRole("heading", { name: "Since your last visit" }).waitFor();
    await tab.page.getByText("One upload that was interrupted is finished now").waitFor();
    await tab.look("resumed");
    await again(tab, "patient/records");
    await tab.page.getByRole("link", { name: "late.txt" }).click();
    await tab.page.getByText("it arrives").waitFor();
    assert.equal(await tab.page.getByRole("heading", { name: "Since your last visit" }).count(), 0);
    await upload(tab, ["next.txt", "and the next one works"]);
}

/** What is sent gets to the hospital, but no answer gets back. */
function holdAnswers(context, address) {
    return new Promise((reached, failed) => {
        setTimeout(() => failed(new Error(`nothing was sent to ${address}`)), 30_000).unref();
        void context.route(address, async (route) => {
            if (route.request().method() !== "POST") return route.continue();
            await route.fetch();
            reached();
        });
    });
}
