// The worker, as the page calls it.
import { proxy, releaseProxy, wrap, type Remote } from "comlink";
import workerUrl from "../worker/main?worker&url";
import type { Place, Portal, Report } from "../worker/api";

interface Settings extends Place {
    hospital: string;
}

let running: { worker: Worker; portal: Remote<Portal>; ready: Promise<void> } | undefined;
let settings: Promise<Settings> | undefined;

/** `portal.json` beside the page. Without a node in it, the node has the page's own origin. */
export function settingsOfHospital(): Promise<Settings> {
    settings ??= fetch("./portal.json", { cache: "no-cache" }).then(async (answer) => {
        const { hospital = "", node = "", authorities = [] } = await answer.json();
        return { hospital, node: node || location.origin, authorities };
    });
    return settings;
}

interface Policy {
    createScriptURL(url: string): string;
}
interface Trusting {
    trustedTypes?: { createPolicy(name: string, rules: Policy): Policy };
}

const rules: Policy = {
    createScriptURL(url) {
        if (new URL(url, location.href).origin !== location.origin) throw new TypeError("a script of another origin");
        return url;
    },
};
const policy = (globalThis as Trusting).trustedTypes?.createPolicy("hospital-record", rules) ?? rules;

/** The address of a script of this origin, as the browser wants it. */
export const ownScript = (url: string): string => policy.createScriptURL(url);

/** Starts loading the SDK, while the page shows something. */
export async function portal(): Promise<Remote<Portal>> {
    if (!running) {
        const worker = new Worker(policy.createScriptURL(workerUrl), { type: "module" });
        const calls = wrap<Portal>(worker);
        const ready = settingsOfHospital().then(({ node, authorities }) => calls.start({ node, authorities }));
        running = { worker, portal: calls, ready };
        const failed = new Promise<never>((_, fail) => {
            worker.addEventListener("error", () => fail({ kind: "Unknown", message: "the worker did not start" }));
        });
        running.ready = Promise.race([ready, failed]);
    }
    await running.ready;
    return running.portal;
}

/** Ends the worker, and with it all keys. What answers videos goes with this page. */
export function terminate(): void {
    void navigator.serviceWorker?.getRegistrations().then((all) => all.forEach((one) => void one.unregister()));
    running?.portal[releaseProxy]();
    running?.worker.terminate();
    running = undefined;
}

export const reporting = (report: Report): Report => proxy(report);
export const newJob = (): string => crypto.randomUUID();
