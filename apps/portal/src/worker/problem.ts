import type { Problem } from "./api";

/** An error of the SDK, or another, as a plain object. */
export function problemOf(error: unknown): Problem {
    if (typeof error !== "object" || error === null) return { kind: "Unknown", message: String(error), mayHaveHappened: false };
    const { name, kind, message, mayHaveHappened } = error as Record<string, unknown>;
    const other = name === "AbortError" ? "Aborted" : "Unknown";
    return {
        kind: typeof kind === "string" ? kind : other,
        message: String(message),
        mayHaveHappened: mayHaveHappened === true,
    };
}
