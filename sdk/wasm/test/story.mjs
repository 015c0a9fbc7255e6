// A patient and a doctor, each in this tab: add, grant, open, revoke, history; then the tab is closed in an add.
import init, { Identity, System } from "/package/hospital_record.js";

const given = new URL(self.location).searchParams;
const say = (message) => self.postMessage(message);
const equal = (found, expected, what) => {
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
        throw new Error(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
    }
};
const refused = async (work, kind) => {
    try {
        await work();
    } catch (error) {
        equal([error.name, error.kind], ["HospitalRecordError", kind], error.message);
        return;
    }
    throw new Error(`it should be refused as ${kind}`);
};
const random = (length) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    return bytes;
};
const read = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());
const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

async function story() {
    const system = await System.join(given.get("node"), { storage: "ana" });
    const { identity, phrase } = Identity.generate();
    equal(phrase.split(" ").length, 24, "words");
    equal(Identity.fromPhrase(phrase).address, identity.address, "the phrase restores the account");
    const ana = system.client(identity);
    const lee = system.client(Identity.generate().identity);
    await lee.register();

    const phases = new Set();
    const note = await ana.add("note.txt", "Dear Dr Lee", { folder: "ward", mediaType: "text/plain", keywords: ["letter"] });
    const scan = random(3 * 1024 * 1024 + 5);
    const blob = await ana.add("scan.dcm", new Blob([scan]), { folder: "ward", progress: ({ phase }) => phases.add(phase) });
    equal([blob.size, phases.size > 0], [scan.length, true], "the scan");
    say({ added: 2 });

    await refused(() => lee.open(note.record), "Denied");
    const granted = await ana.grant(await lee.card(), { folder: "ward", until: new Date(Date.now() + 86_400_000) });
    equal(granted.grantee, lee.address, "the grantee");
    const opened = await lee.open(note.record);
    equal([opened.metadata.name, new TextDecoder().decode(opened.bytes)], ["note.txt", "Dear Dr Lee"], "the note");
    const before = (await system.history(ana.address)).entries.length;
    const unread = lee.openStream(blob.record);
    equal((await system.history(ana.address)).entries.length, before, "what nobody reads is not logged");
    equal(same(await read(unread), scan), true, "the scan as a stream");
    equal((await system.history(ana.address)).entries.length, before + 1, "what somebody reads is logged");
    const part = await lee.open(blob.record, { start: 1_048_000, end: 1_049_000 });
    equal(same(part.bytes, scan.slice(1_048_000, 1_049_000)), true, "a range");
    const listed = await lee.list({ patient: ana.address });
    equal(listed.map((record) => record.metadata.name).sort(), ["note.txt", "scan.dcm"], "the list");
    say({ opened: 3 });

    const revoked = await ana.revoke(lee.address);
    equal([revoked.ended, revoked.keysMoved], [1, true], "the revocation");
    await refused(() => lee.open(note.record), "Denied");
    const history = await system.history(ana.address);
    equal(history.entries.length >= 7, true, `${history.entries.length} entries`);
    say({ history: history.entries.map((entry) => entry.words), completeness: history.completeness });

    const [theirs, ...words] = given.get("theirs").split(" ");
    const other = system.client(Identity.fromPhrase(words.join(" ")));
    const digest = await crypto.subtle.digest("SHA-256", (await other.open(theirs)).bytes);
    say({ sha256: [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("") });

    await refused(() => ana.open("nonsense"), "Invalid");
    await refused(() => ana.add("x", 7), "Invalid");
    await refused(() => ana.add("x", "x", { foldr: "ward" }), "Invalid");
    await refused(() => ana.revoke(lee.address, { confidentiality: "V" }), "Invalid");
    await refused(() => ana.revoke(lee.address, { folder: "ward", record: note.record }), "Invalid");
    const locked = new Blob(["x"]).stream();
    locked.getReader();
    await refused(() => ana.add("x", locked), "Invalid");
    await refused(() => ana.grant(lee.address, { purpose: "FUN" }), "Invalid");
    await refused(() => ana.grant(lee.address, { folder: undefined }), "Invalid");
    await refused(() => ana.grant(lee.address, { until: new Date(), noEnd: true }), "Invalid");
    await refused(() => ana.grant(lee.address, { noEnd: "false" }), "Invalid");
    await refused(() => ana.grant(lee.address, { folder: "ward", record: note.record }), "Invalid");
    await refused(() => ana.open(note.record, { attestedOnly: true, trustedBy: undefined }), "Invalid");
    await refused(() => ana.boards.create(1.5, [ana.address, lee.address]), "Invalid");
    await refused(async () => Identity.fromPhrase(phrase, Number.NaN), "Invalid");
    await refused(() => ana.open(note.record, { start: -1 }), "Invalid");
    await refused(() => System.join(given.get("node"), { storage: "ana" }), "Conflict");
    const aborting = new AbortController();
    aborting.abort();
    const reason = await ana.add("never.txt", "x", { signal: aborting.signal }).then(() => "added", (error) => [error.name, error.mayHaveHappened]);
    equal(reason, ["AbortError", false], "an aborted add");

    const last = await ana.add("last.bin", scan);
    say({ phrase, record: last.record, first: [...scan.slice(0, 8)], size: scan.length });
}

/** The tab is closed while a record is stored, and before it is registered. */
async function killed() {
    const system = await System.join(given.get("node"), { storage: "ben" });
    const { identity, phrase } = Identity.generate();
    const ben = system.client(identity);
    await ben.add("first.txt", "first");
    let told = false;
    const adding = ben.add("second.bin", random(8 * 1024 * 1024), {
        progress: ({ phase, done }) => {
            // All of it was sent to the store, and it is not registered yet.
            if (phase === "Confirming" && !told) {
                told = true;
                say({ again: `resumed:${phrase}`, phase });
            }
        },
    });
    adding.catch((error) => told || say({ error: `the add that was to be interrupted: ${error.message}` }));
}

async function resumed(phrase) {
    const system = await System.join(given.get("node"), { storage: "ben", waitForStorage: true });
    const ben = system.client(Identity.fromPhrase(phrase));
    const resumed = await ben.resume();
    say({ resumed });
    equal(resumed.failed, [], "what failed");
    const listed = await ben.list();
    const names = listed.map((record) => record.metadata.name).sort();
    // Only the storage knows of acts that are watched until they are final.
    equal(resumed.watching > 0, true, "what the tab before remembered");
    // It is registered whole; or it is gone, and the person learns of it if it had been written down.
    equal(names[0], "first.txt", "what was there before");
    const second = listed.find((record) => record.metadata.name === "second.bin");
    equal(resumed.removed.every(({ name }) => name === "second.bin" && !second), true, JSON.stringify(resumed));
    if (second) equal((await ben.open(second.record)).bytes.length, 8 * 1024 * 1024, "its content");
    await ben.add("third.txt", "third");
    say({ done: true, resumed, names });
}

try {
    await init();
    const part = given.get("part") ?? "story";
    if (part === "story") {
        await story();
        await killed();
    } else {
        await resumed(part.slice("resumed:".length));
    }
} catch (error) {
    say({ error: `${error.name}: ${error.message}`, kind: error.kind, part: given.get("part") ?? "story" });
}
