// People who are there when a story begins.
import assert from "node:assert/strict";
import { newPerson } from "../browser.mjs";
import { PASSWORD } from "./register.mjs";

/** Registers somebody, without a look at the pages: the story `share` has them. */
async function enter({ page, go }, room, user) {
    await go(`register/${room}`);
    await page.getByLabel("Choose a user name").fill(user);
    await page.getByLabel("Choose a password").fill(PASSWORD);
    await page.getByLabel("The password again").fill(PASSWORD);
    await page.getByRole("button", { name: "Next" }).click();
    return confirmWords(page);
}

/** The recovery words: shown, and asked back. */
export async function confirmWords(page) {
    await page.getByRole("heading", { name: "Write these words down" }).waitFor();
    const words = await page.locator(".words li").allTextContents();
    await page.getByRole("button", { name: "I wrote them down" }).click();
    for (const label of await page.getByText(/^Word \d+$/).allTextContents()) {
        await page.getByLabel(label, { exact: true }).fill(words[Number(label.slice(5)) - 1]);
    }
    await page.getByRole("button", { name: "Register" }).click();
    return words;
}

export async function newPatient(hospital, browser, user, options) {
    const person = await newPerson(browser, hospital.portal, user, options);
    const words = await enter(person, "patient", user);
    await person.page.getByText("You have no records yet").waitFor();
    return { ...person, user, words };
}

/** A doctor whom the hospital vouches for, and who is in its list. */
export async function newDoctor(hospital, browser, user, name) {
    const person = await newPerson(browser, hospital.portal, user);
    const { page } = person;
    await enter(person, "doctor", user);
    await page.getByText("has not confirmed you yet").waitFor();
    const account = (await page.locator('[data-text^="My number for"]').textContent()).trim();
    const card = (await page.locator('[data-text="My card"]').textContent()).trim();
    hospital.vouch(account);
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: "Show me in the list" }).click();
    await page.getByText(`Patients find you as “${name}”`).first().waitFor();
    return { ...person, user, name, card };
}

/** Loads the page anew and logs in: what it shows then is what the hospital has. */
export async function again({ page, go, user }, address) {
    await go("login");
    await page.reload();
    await logIn(page, user);
    await page.getByRole("button", { name: "Log out" }).waitFor();
    await go(address);
}

export async function logIn(page, user, password = PASSWORD) {
    await page.getByLabel("User name").fill(user);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Log in", exact: true }).click();
}

export async function upload({ page, go }, ...files) {
    await go("patient/records");
    await page.getByLabel("Choose files").setInputFiles(files.map(([name, text]) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) })));
    await page.getByRole("button", { name: "Encrypt and add" }).click();
    await page.getByText(files.length === 1 ? "The record was added" : `${files.length} records were added`).waitFor();
}

/** Chooses a doctor from the list of the hospital, on the page that shares. */
export async function choose({ page }, name) {
    await page.getByLabel("Find a doctor").fill(name);
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByRole("button", { name: `Choose ${name}` }).click();
    assert.equal(await page.getByLabel("The doctor's name").inputValue(), name);
    await page.getByLabel("I compared it").check();
}

/** Shares the folder "personal". */
export async function share(patient, doctor, { mayAdd = false } = {}) {
    await patient.go("patient/share");
    await choose(patient, doctor.name);
    if (mayAdd) await patient.page.getByLabel("read and add results").check();
    await patient.page.getByRole("button", { name: "Share", exact: true }).click();
    await patient.page.getByText(`${doctor.name} may read this until`).waitFor();
}

export const cardOf = async ({ page, go }) => {
    await go("patient/settings");
    return (await page.locator('[data-text="My card"]').textContent()).trim();
};
