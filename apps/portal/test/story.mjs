// Runs stories of people in the portal, in a real Chromium at a real hospital.
//
//   anvil-scripts/stack.sh run -- node apps/portal/test/story.mjs [STORY]...
//
// A story is a file in `stories/`; without a name those of `make test` run. With PORTAL_SHOTS=FOLDER they take a picture
// of each page.
import { findings, seen, startBrowser } from "./browser.mjs";
import { startHospital } from "./stack.mjs";

async function told(name) {
    const { story } = await import(`./stories/${name}.mjs`);
    const hospital = await startHospital();
    let browser;
    try {
        browser = await startBrowser();
        await story(hospital, browser);
    } catch (error) {
        for (const [at, page] of (browser?.contexts() ?? []).flatMap((context) => context.pages()).entries()) {
            const text = await page.locator("main").innerText({ timeout: 2000 }).catch(() => "");
            console.error(`page ${at}, ${page.url()}: ${text.slice(0, 1500)}`);
        }
        findings.push(`${name}: ${error.stack ?? error}`);
    } finally {
        await browser?.close();
        await hospital.stop();
    }
}

const [, , ...names] = process.argv;
for (const name of names.length ? names : ["share", "office"]) await told(name);
for (const finding of findings) console.error(finding);
console.log(JSON.stringify({ pages: seen.pages, findings: findings.length }));
process.exit(findings.length ? 1 : 0);
