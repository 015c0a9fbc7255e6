// What an app writes is checked against the types of the package: `README.md` has the same calls.
import init, { Identity, Login, System, readCard } from "hospital-record";
import type { AccessRequest, Board, Case, CaseDetails, HospitalRecordError, Listed, Names } from "hospital-record";
await init();
const system = await System.join("https://clinic.example", { storage: "ana" });
const { identity, phrase } = Identity.generate();
const ana = system.client(identity);
const { record } = await ana.add("scan.dcm", new Blob(["x"]), { folder: "radiology", progress: ({ phase, done }) => console.log(phase, done) });
const granted = await ana.grant("0x" + "0".repeat(40), { folder: "radiology", until: new Date("2027-06-01") });
const { metadata, bytes } = await ana.open(record, { signal: AbortSignal.timeout(1000) });
const listed: Listed[] = await ana.list();
for (const entry of (await ana.history()).entries) console.log(entry.words, granted.fingerprint, metadata.name, bytes.length, phrase, listed.length);
const stream: ReadableStream<Uint8Array> = ana.openStream(record);
await ana.revoke(granted.grantee).catch((error: HospitalRecordError) => console.log(error.kind));
console.log(stream);

// Every group once, as a portal uses them.
const lee: string = readCard(await ana.card()).account;
const many = await ana.addMany([{ name: "a.txt", content: "a", title: "A" }, { name: "b", content: new Uint8Array(1) }], { folder: "ward" });
const newer = await ana.replace(record, undefined, "new", { keywords: ["letter"] });
await ana.markEnteredInError(newer.record, { author: ana.address });
await ana.attest(many[0].record);
const { tooLarge } = await ana.sync({ most: 2 ** 30, take: [record] });
const attested: boolean | undefined = listed[0]?.attestations.some(({ counts }) => counts);
const trusted = await ana.grant(lee, { record, noEnd: true, trustedBy: [lee], name: "Dr Lee", patient: ana.address });
console.log(trusted.trust?.words, trusted.earlier?.expires, attested, tooLarge.map(({ size }) => size));
await ana.revoke(lee, { folder: "ward", confidentiality: "R", inAHurry: true });
const names: Names = { account: (account) => (account === lee ? "Dr Lee" : undefined), time: (at) => at.toISOString() };
for (const { action, record, rights, by } of (await system.history(lee, { names, trustedHead: "0x" + "0".repeat(64) })).entries) console.log(action, record, rights?.includes("read"), by);

console.log((await ana.contacts.add("Dr Lee", await ana.card())).fingerprint, (await ana.contacts.find("Dr Lee")).address);
const page = await ana.directory.search({ speciality: "cardiology", language: "hi", limit: 10, trustedBy: [lee] });
console.log(page.found.map(({ listing, vouched }) => [listing.name, listing.card, vouched?.role]), page.next);
await ana.directory.publish("Dr Lee", { specialities: ["cardiology"], languages: ["en", "pt-BR"] });
for (const folder of await ana.folders.list()) await ana.folders.rotate(folder.name ?? "", folder.confidentiality ?? "N");
for (const { scope, scopeId, grantee } of await ana.grants.list()) {
    console.log(scope.folder === undefined ? scope.record : scope.name);
    await ana.grants.withdraw(ana.address, scopeId, grantee);
}
for (const { patient, scopeId } of (await ana.grants.received()).grants) await ana.grants.renounce(patient, scopeId);
const { id } = await ana.requests.ask(lee, "for your next visit", { rights: ["read", "contribute"], until: new Date("2027-06-01") });
await ana.requests.withdraw(lee, id);
const asked: AccessRequest[] = (await ana.requests.list({ trustedBy: [lee] })).requests;
if (asked[0]?.details.reason) await ana.requests.answer(asked[0], { folder: "ward", rights: ["read"] });
await ana.vouches.give(lee, "practitioner", { until: new Date("2027-06-01") });
const why: string | undefined = (await system.whyTrusted(lee, [ana.address]))?.words;

const board: Board = (await ana.boards.create(2, [lee, ana.address])).board;
await ana.boards.grant(board, { folder: "ward" });
const opened: Case = await ana.boards.openCase(await system.board(board.address), lee, "unconscious", { to: ana.address, lasting: 3600 });
await ana.boards.acknowledge(await system.case(board, opened.id));
const details: CaseDetails[] = (await system.casesAbout(board, lee)).cases.map((one) => one.details);
for (const { released, error } of await ana.boards.releaseDue(board)) console.log(released?.share, error?.kind);
console.log(details[0]?.stage, (await ana.boards.reasonOf(opened)).text, (await ana.boards.findingsOf(opened)).map(({ finding }) => finding?.text));
await ana.boards.appointProxy(board, undefined);
for (const { head, sentence } of await ana.acts.missing()) console.log(sentence, await ana.acts.giveUp(head));
await ana.acts.carry(await ana.acts.signRevocation(lee, trusted.scopeId));

console.log((await System.nodeInfo("https://clinic.example", { timeout: 5 })).contracts.HospitalRecord, system.deployment.chain, why);
console.log((await system.verify(lee)).isProven, await system.agreedTime(), (await system.news()).length);
const login = await Login.at("https://clinic.example");
await login.register(phrase, 0, "ana", "four words of your own");
const loggedIn = await login.logIn("ana", "four words of your own");
const { ways } = await login.addWay(loggedIn, "ana-safe", loggedIn.revealPhrase());
const again = system.client(loggedIn.identity);
console.log(again.address === loggedIn.account, loggedIn.failures, loggedIn.lastFailure?.getTime(), ways, await login.isLive(loggedIn.token));
await login.end(loggedIn.token);
await login.delete(identity);
