// What every story begins with.
import assert from "node:assert/strict";

export const PASSWORD = "four words make a password";
export const step = (words) => console.log(JSON.stringify({ at: new Date().toISOString().slice(11, 19), step: words }));

/** Registers a person; gives the recovery words. */
export async function register({ page, look, go }, room, user) {
    await look("home");
    await go(`register/${room}`);
    await page.getByLabel("Choose a user name").fill(user);
    await page.getByLabel("Choose a password").fill(PASSWORD);
    await page.getByLabel("The password again").fill(PASSWORD);
    await look("register");
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByRole("heading", { name: "Write these words down" }).waitFor();
    const words = await page.locator(".words li").allTextContents();
    assert.equal(words.length, 24);
    await look("phrase");
    await page.getByRole("button", { name: "I wrote them down" }).click();
    const fields = page.getByLabel(/^Word \d+$/);
    await fields.nth(0).fill("wrong");
    for (const at of [1, 2]) await fields.nth(at).fill("wrong");
    await page.getByRole("button", { name: "Register" }).click();
    await page.getByText("These are not the right words").waitFor();
    await look("phrase-check");
    for (const label of await page.getByText(/^Word \d+$/).allTextContents()) {
        await page.getByLabel(label, { exact: true }).fill(words[Number(label.slice(5)) - 1]);
    }
    await page.getByRole("button", { name: "Register" }).click();
    return words;
}
