// A dedicated worker: it owns the SDK and the keys of the person.
import { expose } from "comlink";
import type { Portal } from "./api";
import { boards } from "./boards";
import { exporting } from "./export";
import { knowledge } from "./known";
import { office } from "./office";
import { people } from "./people";
import { problemOf } from "./problem";
import { records } from "./records";
import { session } from "./session";
import { sharing } from "./sharing";
import { video } from "./video";
import { ward } from "./ward";

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

expose(guarded({ ...session, ...records, ...sharing, ...people, ...knowledge, ...video, ...exporting, ...office, ...boards, ...ward }));
