// Pure pieces of src/lib.
import assert from "node:assert/strict";
import { test } from "node:test";
import { imported } from "./typescript.mjs";

const format = await imported("src/lib/format.ts");
const { everything, filtered } = await imported("src/lib/search.ts");
const { rightsWords, scopeWords } = await imported("src/lib/words.ts");
const { arrived } = await imported("src/lib/arrived.ts");
const { asProblem, wordsOf } = await imported("src/lib/problem.ts");
const { en } = await imported("src/lib/text/en.ts");
const { hi } = await imported("src/lib/text/hi.ts");

test("sizes have a plural and a unit that fits", () => {
    const sizes = [[0, "0 bytes"], [1, "1 byte"], [59, "59 bytes"], [999, "999 bytes"], [1000, "1 kB"], [1500, "1.5 kB"], [40_000_000, "40 MB"], [3e9, "3 GB"], [5e12, "5,000 GB"]];
    for (const [bytes, words] of sizes) assert.equal(format.size(bytes, "en"), words);
    assert.equal(format.size(59, "hi"), "59 बाइट");
});

test("a share of the work is at most all of it", () => {
    assert.equal(format.percent(0.5, "en"), "50%");
    assert.equal(format.percent(1.2, "en"), "100%");
});

test("a name of somebody else turns no text round", () => {
    assert.equal(format.shownName("letter\u202etxt.exe"), "letter\ufffdtxt.exe");
    for (const hidden of ["\u0000", "\n", "\u00ad", "\u061c", "\u200b", "\u200e", "\u2028", "\u2066", "\ufeff"]) {
        assert.equal(format.shownName(`a${hidden}b`), "a\ufffdb", hidden.codePointAt(0).toString(16));
    }
    for (const seen of ["👩‍⚕️", "می‌خواهم", "क्‍ष", "Ünï <b>", "\u0600"]) assert.equal(format.shownName(seen), seen);
});

test("kinds of files", () => {
    const kinds = { "application/fhir+json": "health", "application/pdf": "pdf", "APPLICATION/DICOM": "scan", "image/svg+xml": "picture", "video/mp4": "video", "text/plain": "text", "application/json": "text", "application/zip": "other" };
    for (const [type, kind] of Object.entries(kinds)) assert.equal(format.kindOf(type), kind);
});

test("words between commas, and days", () => {
    assert.deepEqual(format.words(" knee, ,mri ,"), ["knee", "mri"]);
    assert.equal(format.dateField(new Date(2027, 0, 5)), "2027-01-05");
    const end = format.endOfDay("2027-01-05");
    assert.deepEqual([end.getDate(), end.getHours(), end.getMinutes(), end.getSeconds()], [5, 23, 59, 59]);
    assert.ok(Number.isNaN(format.endOfDay("").getTime()));
    assert.equal(format.inDays(7, new Date(0)).getTime(), 7 * 86_400_000);
    assert.notEqual(format.shortId(`0x12345${"0".repeat(31)}abcd`), format.shortId(`0x12345${"0".repeat(31)}abce`));
});

const record = (name, { status = "current", added = new Date(2027, 0, 5, 12), folder = "ward", mediaType = "text/plain", ...rest } = {}) =>
    ({ status, added, metadata: { name, folder, mediaType, keywords: [], ...rest } });

test("a search finds each word, whatever its accents and case", () => {
    const records = [record("Brief Müller.pdf", { mediaType: "application/pdf", keywords: ["Knie"] }), record("x", { title: "Blood" })];
    const found = (filter) => filtered(records, { ...everything(), ...filter }).map(({ metadata }) => metadata.name);
    assert.deepEqual(found({ text: "muller KNIE" }), ["Brief Müller.pdf"]);
    assert.deepEqual(found({ text: "blood" }), ["x"]);
    assert.deepEqual(found({ text: "blood knie" }), []);
    assert.deepEqual(found({ text: "  " }), ["Brief Müller.pdf", "x"]);
    assert.deepEqual(found({ kind: "pdf" }), ["Brief Müller.pdf"]);
    assert.deepEqual(found({ folder: "other" }), []);
});

test("what is proposed is told apart from what is accepted or confirmed", () => {
    const records = [{ ...record("own"), proposed: false }, { ...record("result"), proposed: true }];
    const found = (checked) => filtered(records, { ...everything(), checked }).map(({ metadata }) => metadata.name);
    assert.deepEqual([found(""), found("accepted"), found("proposed")], [["own", "result"], ["own"], ["result"]]);
});

test("what arrived is what was not there, and has not gone", () => {
    const noted = { requests: ["a", "b"], records: 2 };
    assert.deepEqual(arrived(noted, { requests: ["b", "c"], records: 5 }), { requests: 1, records: 3 });
    assert.deepEqual(arrived(noted, { requests: [], records: 1 }), { requests: 0, records: 0 });
});

test("a search by day has both days whole, and leaves out what is old", () => {
    const records = [record("now"), record("old", { status: "superseded" }), { status: "current", added: new Date(2027, 0, 6, 0, 0, 1) }];
    const count = (filter) => filtered(records, { ...everything(), ...filter }).length;
    assert.equal(count({}), 2, "what cannot be read is listed");
    assert.equal(count({ old: true }), 3);
    assert.equal(count({ since: "2027-01-05", until: "2027-01-05" }), 1);
    assert.equal(count({ since: "2027-01-06" }), 1);
    assert.equal(count({ until: "2027-01-04" }), 0);
});

test("what a share is about", () => {
    assert.equal(scopeWords({ scope: { folder: 7, name: "ward\u202e" } }, en), "Folder ward\ufffd");
    assert.doesNotMatch(scopeWords({ scope: { folder: 7 } }, en), /7/, "a number says nothing to a person");
    assert.equal(scopeWords({ scope: { record: "hospital-record:1" }, recordName: "a.txt" }, en), "a.txt");
    assert.doesNotMatch(scopeWords({ scope: { record: "hospital-record:1" } }, en), /hospital-record/);
    assert.equal(rightsWords(["read", "contribute"], en), "read, add records");
});

test("each problem has words, and tells whether it may have happened", () => {
    assert.deepEqual(asProblem("odd"), { kind: "Unknown", message: "odd", mayHaveHappened: false });
    const words = (kind, mayHaveHappened) => wordsOf({ kind, message: "0xabc", mayHaveHappened }, en);
    assert.equal(words("NoSuchKind", false), en.problem.kinds.Unknown);
    assert.ok(words("Denied", true).endsWith(en.problem.mayHaveHappened));
    assert.doesNotMatch(words("Denied", false), /0x|may have/);
});

test("the languages have the same texts, and plurals that read well", () => {
    const keys = (texts, path = "") => (typeof texts === "object" ? Object.entries(texts).flatMap(([key, text]) => keys(text, `${path}.${key}`)) : [path]);
    assert.deepEqual(keys(hi).sort(), keys(en).sort());
    for (const words of [en.news.opened, en.news.added, en.news.requests, en.upload.done, en.attempts.failures]) {
        assert.doesNotMatch(words(1), /\b1\b/);
        assert.match(words(2), /\b2\b/);
    }
});
