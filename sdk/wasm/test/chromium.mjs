// Starts a Chromium: the one on PATH, else the one of an npm package. `anvil-scripts/tools.sh browser` installs it.
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const tools = createRequire(join(process.env.HOSPITAL_RECORD_BROWSER, "package.json"));
const { chromium } = tools("playwright-core");

async function executable() {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
        try {
            return execFileSync("which", [name], { encoding: "utf8" }).trim();
        } catch {
            // The next one.
        }
    }
    return (await import(pathToFileURL(tools.resolve("@sparticuz/chromium")))).default.executablePath();
}

export async function launched(...more) {
    return chromium.launch({
        executablePath: process.env.HOSPITAL_RECORD_CHROMIUM || (await executable()),
        args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", ...more],
    });
}
