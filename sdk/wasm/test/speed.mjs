// How fast a browser seals and opens 100 MiB, with the node on this machine.
import init, { Identity, System } from "/package/hospital_record.js";

const given = new URL(self.location).searchParams;
const MIB = 100;
try {
    await init();
    const system = await System.join(given.get("node"));
    const ana = system.client(Identity.generate().identity);
    await ana.add("first.txt", "the keys are published");
    const bytes = new Uint8Array(MIB * 1024 * 1024);
    for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    const timed = async (work) => {
        const start = performance.now();
        const done = await work();
        return [done, (MIB * 1000) / (performance.now() - start)];
    };
    const [{ record }, add] = await timed(() => ana.add("scan", bytes));
    const [, open] = await timed(() => ana.open(record));
    self.postMessage({ done: true, add, open });
} catch (error) {
    self.postMessage({ error: `${error.name}: ${error.message}` });
}
