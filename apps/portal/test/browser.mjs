// A Chromium, and people who each have a profile of their own in it.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";

import { launched } from "../../../sdk/wasm/test/chromium.mjs";

const shots = process.env.PORTAL_SHOTS;
export const startBrowser = launched;

/** What is wrong on any page: what axe finds, and what the browser refused. */
export const findings = [];
export const seen = { pages: 0 };

export async function newPerson(browser, portal, name, { clock, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1000, height: 800 }, ...options });
    return newTab(context, portal, name, { clock });
}

/** Another tab of a person, who has the profile already. */
export async function newTab(context, portal, name, { clock } = {}) {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const note = (words) => findings.push(`${name}: ${words}`);
    page.on("console", (message) => {
        if (process.env.PORTAL_VERBOSE) console.error(name, message.type(), message.text());
        if (/Content Security Policy|Trusted ?Type|integrity/i.test(message.text())) note(message.text());
    });
    page.on("pageerror", (error) => note(`error: ${error.message ?? error}`));
    page.on("dialog", (dialog) => {
        if (dialog.type() !== "beforeunload") note(`a script ran: ${dialog.message()}`);
        return dialog.accept().catch(() => undefined);
    });
    page.on("request", (request) => {
        const { protocol, hostname } = new URL(request.url());
        if (protocol.startsWith("http") && hostname !== new URL(portal).hostname) note(`asks a third party: ${request.url()}`);
    });
    if (clock) await page.clock.install();
    await page.goto(portal);
    return { context, page, look: (shot) => look(page, `${name}-${shot}`, note), go: (address) => page.goto(`${portal}/#/${address}`) };
}

/** Has axe look at the page, and takes a picture of it. */
async function look(page, shot, note) {
    seen.pages += 1;
    if (shots) {
        mkdirSync(shots, { recursive: true });
        await page.screenshot({ path: join(shots, `${shot}.png`), fullPage: true });
    }
    const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
    for (const { id, help, nodes } of violations) note(`${shot}: axe: ${id}: ${help}: ${nodes.map(({ html }) => html).slice(0, 3).join(" | ")}`);
    const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    if (width[0] > width[1]) note(`${shot}: is wider than the window: ${width}`);
}
