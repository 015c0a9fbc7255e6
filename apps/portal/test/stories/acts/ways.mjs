// Other ways to use the portal: without a mouse, large, small, and in Hindi.
import assert from "node:assert/strict";
import { newPerson } from "../../browser.mjs";
import { imported } from "../../typescript.mjs";
import { again, logIn, newDoctor, newPatient, share, upload } from "../people.mjs";
import { step } from "../register.mjs";

const ROOMS = [
    "patient/records", "patient/shares", "patient/share", "patient/looked", "patient/requests", "patient/settings",
    "doctor/patients", "doctor/ask", "doctor/listing", "doctor/settings",
];
const BEFORE = ["", "login", "register/patient", "register/doctor", "restore", "taken", "goodbye", "goodbye/idle", "goodbye/ended", "nowhere"];

export async function story(hospital, browser) {
    const patient = await newPatient(hospital, browser, "wanda");
    const doctor = await newDoctor(hospital, browser, "walt", "Dr Walt");
    await upload(patient, ["xyz.txt", "12345"]);
    await byKeyboard(patient, doctor);
    const link = await recordLink(patient);
    await patient.page.getByRole("button", { name: "Log out" }).click();
    await patient.page.getByText("You are logged out").first().waitFor();
    const pages = [...ROOMS, link];
    await inWindow(hospital, browser, "zoomed", pages, { viewport: { width: 640, height: 360 }, deviceScaleFactor: 2 });
    await inWindow(hospital, browser, "small", pages, { viewport: { width: 360, height: 640 }, colorScheme: "dark" });
    await inHindi(hospital, browser, pages);
}

async function recordLink({ page, go }) {
    await go("patient/records");
    return (await page.getByRole("link", { name: "xyz.txt" }).getAttribute("href")).slice(2);
}

/** Presses Tab until this has the focus, as a person without a mouse does. */
async function tabTo(page, target) {
    for (let pressed = 0; pressed < 60; pressed += 1) {
        if (await target.evaluate((element) => element === document.activeElement).catch(() => false)) {
            const outline = await target.evaluate((element) => getComputedStyle(element).outlineStyle);
            return assert.notEqual(outline, "none", "the focus can be seen");
        }
        await page.keyboard.press("Tab");
    }
    throw new Error(`the keyboard does not get to ${target}`);
}

async function byKeyboard(patient, doctor) {
    step("a share without a mouse");
    const { page } = patient;
    const press = async (target, key) => (await tabTo(page, target), page.keyboard.press(key));
    await again(patient, "patient/records");
    await page.getByRole("heading", { name: "Records", exact: true }).waitFor();
    await press(page.getByRole("link", { name: "Shares" }), "Enter");
    await page.getByText("You share nothing").waitFor();
    await press(page.getByRole("link", { name: "Share with a doctor" }), "Enter");
    await page.getByRole("heading", { name: "With whom?" }).waitFor();
    await tabTo(page, page.getByLabel("Find a doctor"));
    await page.keyboard.type("walt");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Choose Dr Walt" }).waitFor();
    await press(page.getByRole("button", { name: "Choose Dr Walt" }), "Enter");
    await press(page.getByLabel("I compared it"), "Space");
    await tabTo(page, page.getByLabel("One week"));
    await page.keyboard.press("ArrowUp");
    assert.ok(await page.getByLabel("One day").isChecked());
    await press(page.getByRole("button", { name: "Share", exact: true }), "Enter");
    await page.getByText("Dr Walt may read this until").waitFor();
    await again(doctor, "doctor/patients");
    await doctor.page.getByRole("link", { name: /^Unnamed person/ }).waitFor();
    await endsByKeyboard(patient, press);
    await again(doctor, "doctor/patients");
    await doctor.page.getByText("No patient shares with you yet").waitFor();
    await share(patient, doctor);
}

async function endsByKeyboard({ page, go }, press) {
    await go("patient/shares");
    const end = page.getByRole("button", { name: /End the access of Dr Walt/ });
    await end.waitFor();
    await press(end, "Space");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.ok(await end.evaluate((element) => element === document.activeElement), "the focus goes back to where it was");
    await press(end, "Space");
    await press(page.getByRole("dialog").getByRole("button", { name: "End", exact: true }), "Enter");
    await page.getByText("The access of Dr Walt has ended").waitFor();
}

const settled = (page, wait) => page.waitForFunction((wait) => !document.querySelector("main")?.innerText.includes(wait), wait);

async function inWindow(hospital, browser, name, pages, options) {
    step(`every page, ${name}`);
    const person = await newPerson(browser, hospital.portal, name, options);
    await person.go("login");
    await logIn(person.page, "wanda");
    await person.page.getByRole("link", { name: "xyz.txt" }).waitFor();
    for (const address of pages) {
        await person.go(address);
        await person.page.getByRole("heading", { level: 1 }).first().waitFor();
        await settled(person.page, "Please wait");
        await person.look(address.split("/").slice(0, 2).join("-"));
    }
    await person.page.getByRole("button", { name: "Log out" }).click();
    await person.page.getByText("You are logged out").first().waitFor();
    await person.context.close();
}

/** All that a person sees or hears on a page, but closed details. */
const visibleTexts = (page) =>
    page.evaluate(() => {
        const named = [...document.querySelectorAll("[aria-label], [placeholder], [alt]")].filter((element) => element.checkVisibility());
        const texts = named.flatMap((element) => ["aria-label", "placeholder", "alt"].map((name) => element.getAttribute(name) ?? ""));
        return [document.title, document.body.innerText, ...texts].join("\n");
    });

/** Words of the English texts that the Hindi ones do not have: on a Hindi page they were forgotten. */
async function englishWords() {
    const { en } = await imported("src/lib/text/en.ts");
    const { hi } = await imported("src/lib/text/hi.ts");
    const wordsOf = (texts) => {
        if (typeof texts === "function") return wordsOf(texts("", "", ""));
        if (typeof texts === "string") return texts.toLowerCase().match(/[a-z]{2,}/g) ?? [];
        return Object.values(texts).flatMap(wordsOf);
    };
    const known = new Set([...wordsOf(hi), "personal", "city", "hospital", "english", "dr", "am", "pm"]);
    return new Set(wordsOf(en).filter((word) => !known.has(word)));
}

async function inHindi(hospital, browser, pages) {
    step("every page in Hindi");
    const english = await englishWords();
    assert.ok(english.has("records") && english.has("share"), "there are words to look for");
    const person = await newPerson(browser, hospital.portal, "hindi", { locale: "hi-IN" });
    const check = async (address) => {
        await person.go(address);
        await person.page.getByRole("heading", { level: 1 }).first().waitFor();
        await settled(person.page, "कृपया प्रतीक्षा करें");
        // Cards and media types are the same in each language.
        const texts = (await visibleTexts(person.page)).toLowerCase().replace(/hospital-record-card:\S+|\(\w+\/[\w.+-]+\)/g, "");
        const words = texts.match(/(?<![\p{L}\d.])[a-z]{2,}(?![\p{L}\d.])/gu) ?? [];
        assert.deepEqual(words.filter((word) => english.has(word)), [], `${address} has English words`);
        await person.look(address.split("/").slice(0, 2).join("-") || "home");
    };
    for (const address of BEFORE) await check(address);
    await person.go("login");
    await person.page.getByLabel("यूज़र नाम").fill("wanda");
    await person.page.getByLabel("पासवर्ड").fill("four words make a password");
    await person.page.getByRole("button", { name: "लॉग इन करें" }).click();
    await person.page.getByRole("link", { name: "xyz.txt" }).waitFor();
    for (const address of pages) await check(address);
}
