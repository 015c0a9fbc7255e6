import type { Entered, Problem } from "../worker/api";
import { terminate } from "./portal";
import { asProblem } from "./problem";
import { go } from "./router.svelte";
import { enter } from "./session.svelte";

/** Runs what logs a person in. What went wrong is returned; an account that is open in another tab has a page. */
export async function entering(work: () => Promise<Entered>, isDoctor?: boolean, isOffice = false): Promise<Problem | undefined> {
    try {
        const entered = await work();
        enter(entered);
        if (isOffice || entered.isOffice) go("office", "doctors");
        else if (isDoctor ?? Boolean(entered.listed)) go("doctor", isDoctor ? "listing" : "patients");
        else go("patient", "records");
        return undefined;
    } catch (error) {
        const problem = asProblem(error);
        // A worker that has half a person begins anew. One that registers keeps its words for another attempt.
        if (problem.kind === "Conflict" && isDoctor === undefined) {
            terminate();
            go("taken");
        }
        return problem;
    }
}
