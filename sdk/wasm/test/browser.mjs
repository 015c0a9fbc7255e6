// Runs a script of a dedicated worker in a real Chromium, and prints what it posts, a line of JSON for each message.
//
//   node browser.mjs PACKAGE PORT SCRIPT [NAME=VALUE]...
//
// The page is served at http://127.0.0.1:PORT; a script finds the values in its URL. With a value `page`, that page is opened
// instead, and has the script. The last message has `done`, or `error`. A message with `ask` has something done to the tab,
// see ASKED below, and is answered by a message.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { launched } from "./chromium.mjs";

const [folder, port, script, ...values] = process.argv.slice(2);
const given = Object.fromEntries(values.map((value) => value.split(/=(.*)/s).slice(0, 2)));
const origin = `http://127.0.0.1:${port}`;
const here = dirname(fileURLToPath(import.meta.url));
const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
// As strict as a page of ours is: no script but of this origin, no `eval`.
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' http://127.0.0.1:*";

const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    const file = [
        ["/package/", folder],
        ["/conformance/", join(here, "../conformance/pkg")],
        ["/vectors/", join(here, "../../core/vectors")],
        ["/", here],
    ].reduce((found, [start, place]) => found ?? (path.startsWith(start) ? join(place, path.slice(start.length)) : undefined), undefined);
    try {
        const bytes = path === "/" ? "<!doctype html><title>test</title>" : await readFile(file);
        const type = path === "/" ? "text/html" : (TYPES[extname(file)] ?? "application/octet-stream");
        response.writeHead(200, { "content-type": type, "content-security-policy": POLICY }).end(bytes);
    } catch {
        response.writeHead(404).end();
    }
});
await new Promise((listening) => server.listen(Number(port), "127.0.0.1", listening));

const browser = await launched();
const context = await browser.newContext();

/** Starts the script in a worker of a tab of its own; the messages of the worker. */
async function tab(query, told) {
    const page = await context.newPage();
    page.on("console", (message) => console.error(`console: ${message.text()}`));
    page.on("requestfailed", (request) => console.error(`${request.method()} ${request.url()}: ${request.failure()?.errorText}`));
    page.on("pageerror", (error) => console.error(`page: ${error.message}`));
    await page.exposeFunction("told", (message) => told(message, page).catch((error) => ended({ error: error.message })));
    await page.goto(given.page ?? `${origin}/`);
    await page.evaluate(
        (url) => {
            const policy = window.trustedTypes?.createPolicy("hospital-record", { createScriptURL: (url) => url });
            const worker = new Worker(policy?.createScriptURL(url) ?? url, { type: "module" });
            window.answer = (answer) => worker.postMessage(answer);
            worker.onmessage = (event) => window.told(event.data);
            worker.onerror = (event) => window.told({ error: event.message || "the worker did not start" });
        },
        `/${script}?${query}`,
    );
    return page;
}

const wait = (ms) => new Promise((later) => setTimeout(later, ms));
/** What can happen to a tab. */
const ASKED = {
    /** The disk is as full as if it had only so many bytes; without a number it is as large as it is. */
    quota: ({ bytes }, devtools) => devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: bytes }),
    /** A person removes what pages have stored. */
    clear: (_, devtools) => devtools.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" }),
    /** The tab sleeps. */
    freeze: async ({ seconds }, devtools) => {
        await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
        await wait(seconds * 1000);
        await devtools.send("Page.setWebLifecycleState", { state: "active" });
    },
};

let ended;
const end = new Promise((resolve) => (ended = resolve));
let failed = true;
const deadline = setTimeout(() => {
    console.error("the script did not end in five minutes");
    process.exit(1);
}, 300_000);
try {
    const query = new URLSearchParams(given);
    const pages = [];
    const start = async (part) => {
        if (part) query.set("part", part);
        pages.push(await tab(query.toString(), told));
    };
    // A message can close its own tab, as a person does, and start the script anew; or start it in another tab as well.
    const told = async (message, page) => {
        console.log(JSON.stringify(message));
        if (message.again) {
            await page.close({ runBeforeUnload: false });
            await start(message.again);
        }
        if (message.beside) await start(message.beside);
        if (message.ask) {
            // What it asks for ends with its session.
            await ASKED[message.ask](message, await context.newCDPSession(page));
            await page.evaluate(() => window.answer("done"));
        }
        // What a tab beside found out, for the first one.
        if (message.found) await pages[0].evaluate((found) => window.answer(found), message.found);
        if (message.done || message.error) ended(message);
    };
    await start();
    failed = Boolean((await end).error);
} finally {
    clearTimeout(deadline);
    await browser.close();
    server.close();
}
process.exit(failed ? 1 : 0);
