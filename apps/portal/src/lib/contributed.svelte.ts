import type { Copied, Problem } from "../worker/api";
import { portal } from "./portal";
import { asProblem } from "./problem";

/** What the last copying of others' records told. */
export const contributed = $state<{ copied?: Copied; problem?: Problem }>({});

let running: Promise<void> | undefined;

/** Copies what others added into the patient's own store. One at a time: more would only wait for each other. */
export function copyContributed(): Promise<void> {
    running ??= copy().finally(() => (running = undefined));
    return running;
}

async function copy(): Promise<void> {
    try {
        contributed.copied = await (await portal()).sync();
        contributed.problem = undefined;
    } catch (error) {
        contributed.problem = asProblem(error);
    }
}
