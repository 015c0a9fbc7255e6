// What an app writes is checked against the types of the package: `README.md` has the same calls.
import init, { Identity, System } from "hospital-record";
import type { HospitalRecordError, Listed } from "hospital-record";
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
