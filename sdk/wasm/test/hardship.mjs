// What a browser does to a page: no files, no locks, a full disk, storage that is removed, a tab that sleeps, a second tab.
import init, { Identity, System } from "/package/hospital_record.js";

const given = new URL(self.location).searchParams;
const say = (message) => self.postMessage(message);
const answer = () => new Promise((told) => (self.onmessage = ({ data }) => told(data)));
/** Has something done to this tab. */
const ask = async (what, details = {}) => {
    const done = answer();
    say({ ask: what, ...details });
    await done;
};
const equal = (found, expected, what) => {
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
        throw new Error(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
    }
};
const refused = async (work, kind, words) => {
    const error = await work().then(
        () => ({ message: "it went well" }),
        (error) => error,
    );
    equal(error.kind, kind, error.message);
    if (!error.message.includes(words)) throw new Error(`${error.message}: it does not say "${words}"`);
};
const join = (storage, options) => System.join(given.get("node"), { storage, ...options });
const names = async (client) => (await client.list()).map(({ metadata }) => metadata.name).sort();

/** This browser has no files for pages from here on. */
const withoutFiles = () => (StorageManager.prototype.getDirectory = undefined);
const withoutLocks = () => Object.defineProperty(navigator, "locks", { value: undefined });

async function fullDisk(storage) {
    await ask("quota", { bytes: 10_000 });
    await refused(() => join(storage), "File", "make room");
    await ask("quota");
    const system = await join(storage);
    const ana = system.client(Identity.generate().identity);
    await ana.add("first.txt", "first");
    return ana;
}

async function removedStorage(storage) {
    const ana = (await join(storage)).client(Identity.generate().identity);
    await ana.add("first.txt", "first");
    await ask("clear");
    await refused(() => ana.add("second.txt", "second"), "File", "load the page again");
}

async function sleepingTab() {
    const ana = (await join("asleep", { timeout: 5 })).client(Identity.generate().identity);
    await ana.add("first.txt", "first");
    const adding = ana.add("second.txt", "second").then(
        () => "added",
        (error) => error.kind,
    );
    await ask("freeze", { seconds: 8 });
    const outcome = await adding;
    if (outcome !== "added") equal(["TimedOut", "Unreachable"].includes(outcome), true, outcome);
    await ana.resume();
    const known = await names(ana);
    equal(outcome !== "added" || known.includes("second.txt"), true, `${outcome}: ${known}`);
    await ana.add("third.txt", "third");
    say({ slept: outcome, known });
}

/** Without files and locks, the newest tab has the database. */
async function databaseOfTwo() {
    withoutLocks();
    const first = (await join("pages")).client(Identity.generate().identity);
    await first.add("first.txt", "first");
    const found = answer();
    say({ beside: "taking" });
    equal(await found, "taken", "the tab beside");
    await refused(() => first.add("second.txt", "second"), "Conflict", "another tab");
}

async function story() {
    const second = answer();
    const system = await join("shared");
    say({ beside: "second" });
    equal(await second, "Conflict", "the tab beside");
    system.free();
    await fullDisk("full");
    await removedStorage("removed");
    await sleepingTab();

    withoutFiles();
    await fullDisk("full-pages");
    await removedStorage("removed-pages");
    await databaseOfTwo();
    const { identity, phrase } = Identity.generate();
    await (await join("kept-pages")).client(identity).add("first.txt", "first");
    say({ again: `again:${phrase}` });
}

/** Also a browser that has files by now goes on with the database. */
async function again(phrase) {
    const ana = (await join("kept-pages", { waitForStorage: true })).client(Identity.fromPhrase(phrase));
    const resumed = await ana.resume();
    equal(resumed.watching > 0, true, "what the tab before remembered");
    equal(await names(ana), ["first.txt"], "the records");
    say({ done: true });
}

async function beside(part) {
    if (part === "second") {
        const kind = await join("shared").then(
            () => "it opened",
            (error) => error.kind,
        );
        return say({ found: kind });
    }
    withoutFiles();
    withoutLocks();
    await (await join("pages")).client(Identity.generate().identity).add("taken.txt", "taken");
    say({ found: "taken" });
}

try {
    await init();
    const part = given.get("part");
    if (!part) await story();
    else if (part.startsWith("again:")) await again(part.slice("again:".length));
    else await beside(part);
} catch (error) {
    say({ error: `${error.name}: ${error.message}`, kind: error.kind, stack: error.stack, part: given.get("part") });
}
