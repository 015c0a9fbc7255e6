import type { Entered, Resumed } from "../worker/api";
import { listen } from "./arrivals.svelte";
import { copyContributed } from "./contributed.svelte";
import { portal, terminate } from "./portal";

const IDLE_MS = 10 * 60_000;
const WARNING_MS = 60_000;
/** How often this device asks whether its login was ended elsewhere. */
const ALIVE_MS = 30_000;

interface Session {
    entered?: Entered;
    resumed?: Resumed;
    /** Seconds to the logout, while the warning is shown. */
    warning?: number;
    /** What must not be interrupted, such as uploads. */
    busy: number;
}

export const session = $state<Session>({ busy: 0 });

let lastSign = Date.now();
let clock: ReturnType<typeof setInterval> | undefined;

export function enter(entered: Entered): void {
    session.entered = entered;
    lastSign = Date.now();
    clock ??= setInterval(look, 1000);
    for (const sign of ["pointerdown", "keydown"]) addEventListener(sign, stay, { passive: true });
    void finishEarlier().then(copyContributed);
    void listen(entered.account);
    setInterval(() => void leaveIfEnded().catch(() => undefined), ALIVE_MS);
}

/** Somebody ended this login from another device. A server that does not answer ends nothing. */
async function leaveIfEnded(): Promise<void> {
    if (session.busy === 0 && !(await (await portal()).isLoggedIn())) await leave("ended");
}

/** Finishes or removes what an earlier session, or a cancelled call, left undone. */
export async function finishEarlier(): Promise<void> {
    try {
        const resumed = await (await portal()).resume();
        session.resumed = resumed.nothing ? undefined : resumed;
    } catch {
        // The next start asks again; each page shows its own problem.
    }
}

/** A sign of life. */
export function stay(): void {
    if (session.warning === undefined) lastSign = Date.now();
}

export function stayAfterWarning(): void {
    session.warning = undefined;
    lastSign = Date.now();
}

function look(): void {
    if (session.busy > 0) stay();
    const left = lastSign + IDLE_MS - Date.now();
    if (left <= 0) void leave("idle");
    else session.warning = left <= WARNING_MS ? Math.ceil(left / 1000) : undefined;
}

/** Frees the keys, ends the worker, and loads the page anew: nothing of the session stays in its memory. */
export async function leave(why: "logout" | "idle" | "ended" = "logout"): Promise<void> {
    clearInterval(clock);
    try {
        const done = portal().then((calls) => calls.logOut());
        await Promise.race([done, new Promise((late) => setTimeout(late, 4000))]);
    } catch {
        // What is under way still uses the keys. They end with the worker.
    } finally {
        terminate();
        location.hash = why === "logout" ? "#/goodbye" : `#/goodbye/${why}`;
        location.reload();
    }
}

addEventListener("beforeunload", (event) => {
    if (session.busy > 0) event.preventDefault();
});
