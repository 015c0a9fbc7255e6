import type { Problem } from "../worker/api";
import type { Texts } from "./text/en";

export function asProblem(error: unknown): Problem {
    const { kind, message, mayHaveHappened } = (typeof error === "object" && error !== null ? error : {}) as Partial<Problem>;
    return { kind: kind ?? "Unknown", message: message ?? String(error), mayHaveHappened: mayHaveHappened ?? false };
}

/** What a person reads. The words of the SDK are only details. */
export function wordsOf(problem: Problem, texts: Texts): string {
    const words = texts.problem.kinds[problem.kind] ?? texts.problem.kinds.Unknown!;
    return problem.mayHaveHappened ? `${words} ${texts.problem.mayHaveHappened}` : words;
}
