// A dedicated worker: it owns the SDK and the keys of the person.
import { expose } from "comlink";
import type { Portal, Problem } from "./api";
import { knowledge } from "./known";
import { people } from "./people";
import { records } from "./records";
import { session } from "./session";
import { sharing } from "./sharing";

function problemOf(error: unknown): Problem {
    if (typeof error !== "object" || error === null) return { kind: "Unknown", message: String(error), mayHaveHappened: false };
    const { name, kind, message, mayHaveHappened } = error as Record<string, unknown>;
    const other = name === "AbortError" ? "Aborted" : "Unknown";
    return {
        kind: typeof kind === "string" ? kind : other,
        message: String(message),
        mayHaveHappened: mayHaveHappened === true,
    };
}

/** An error would lose its kind on the way to the page, so each call throws a plain object. */
function guarded(portal: Portal): Portal {
    const calls = Object.entries(portal).map(([name, call]) => [
        name,
        async (...given: unknown[]) => {
            try {
                return await (call as (...given: unknown[]) => unknown)(...given);
            } catch (error) {
                throw problemOf(error);
            }
        },
    ]);
    return Object.fromEntries(calls);
}

expose(guarded({ ...session, ...records, ...sharing, ...people, ...knowledge }));
