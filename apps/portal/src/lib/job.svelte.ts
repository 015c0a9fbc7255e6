import type { Problem, Report } from "../worker/api";
import { newJob, portal, reporting } from "./portal";
import { asProblem } from "./problem";
import { session } from "./session.svelte";

/** A call that takes a while: its progress, and what went wrong. */
export class Job {
    busy = $state(false);
    done = $state(0);
    total = $state<number>();
    phase = $state("");
    problem = $state<Problem>();
    /** Whether the person asked to cancel it. It may be too late. */
    cancelling = $state(false);
    #name = "";

    /** Its result, or nothing if it failed. While it is busy, as after a second click, nothing is begun. */
    async run<R>(work: (name: string, report: Report) => Promise<R>): Promise<R | undefined> {
        if (this.busy) return undefined;
        this.#name = newJob();
        this.busy = true;
        [this.problem, this.cancelling] = [undefined, false];
        [this.done, this.total, this.phase] = [0, undefined, ""];
        session.busy += 1;
        try {
            return await work(this.#name, reporting(this.#report));
        } catch (error) {
            this.problem = asProblem(error);
            return undefined;
        } finally {
            session.busy -= 1;
            this.busy = false;
        }
    }

    cancel = async (): Promise<void> => {
        this.cancelling = true;
        await (await portal()).cancel(this.#name);
    };

    #report: Report = (done, total, phase) => {
        [this.done, this.total, this.phase] = [done, total, phase];
    };
}
