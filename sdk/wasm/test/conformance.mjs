// The conformance suites of the SDK, and the committed vectors of its formats, in this browser.
import init, * as suites from "/conformance/conformance.js";

const given = new URL(self.location).searchParams;

/** How many vectors have the outcome in their name. */
async function vectors(names) {
    for (const name of names) {
        const text = await (await fetch(`/vectors/${name}`)).text();
        const error = suites.vector(name.split("/")[0], text);
        const expected = name.includes("/fails_") ? JSON.parse(text).error : undefined;
        if (error !== expected) throw new Error(`${name}: ${error}, not ${expected}`);
    }
    return names.length;
}

const suite = async (name, run) => {
    const start = performance.now();
    self.postMessage({ passed: name, count: await run(), ms: Math.round(performance.now() - start) });
};

try {
    await init();
    await suite("vectors", () => vectors(given.get("vectors").split(" ")));
    await suite("file", () => suites.storageConforms("conforms"));
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("hospital-record");
    await folder.getFileHandle("conforms.redb");
    StorageManager.prototype.getDirectory = undefined;
    await suite("database", () => suites.storageConforms("conforms-too"));
    const databases = (await indexedDB.databases()).map(({ name }) => name);
    if (databases.join() !== "hospital-record/conforms-too") throw new Error(`databases: ${databases}`);
    await suite("memory", () => suites.memoryConforms());
    await suite("node", () => suites.nodeConforms(given.get("node")));
    await suite("gateway", () => suites.gatewayConforms(given.get("gateway"), given.get("node")));
    await suite("chain", () => suites.chainConforms(given.get("rpc"), given.get("key")));
    self.postMessage({ done: true });
} catch (error) {
    self.postMessage({ error: `${error.name}: ${error.message}` });
}
