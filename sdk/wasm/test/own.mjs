// The page of a node uses that node, and nothing else.
import init, { Identity, System } from "/package/hospital_record.js";

const fails = (work) => work().then(() => false, () => true);
try {
    await init();
    const system = await System.join(self.location.origin, { storage: "own" });
    const ana = system.client(Identity.generate().identity);
    const { record } = await ana.add("note.txt", "Dear Dr Lee");
    const { bytes } = await ana.open(record);
    self.postMessage({
        done: true,
        text: new TextDecoder().decode(bytes),
        elsewhere: await fails(() => fetch(new URL(self.location).searchParams.get("elsewhere"), { mode: "no-cors" })),
        evaluates: !(await fails(async () => new Function("return 1")())),
    });
} catch (error) {
    self.postMessage({ error: `${error.name}: ${error.message}` });
}
