// A worker that reads what a record's author wrote: bytes in, pixels and plain text out. It has no keys.
import { proxy, releaseProxy, wrap, type Remote } from "comlink";
import { ownScript } from "../lib/portal";

/** Why something is not shown. */
export type Why = "damaged" | "size" | "slow" | "locked" | "unsupported";

const REASONS = new Set<string>(["damaged", "size", "slow", "locked", "unsupported"]);

export class NotShown extends Error {
    constructor(readonly why: Why, detail?: unknown) {
        super(`${why}: ${String(detail ?? "")}`);
    }
}

/** From the worker an error arrives as its message alone. What has no reason is of a damaged file. */
export function whyOf(error: unknown): Why {
    if (error instanceof NotShown) return error.why;
    const [reason = ""] = (error instanceof Error ? error.message : "").split(":");
    return REASONS.has(reason) ? (reason as Why) : "damaged";
}

/** What a call may take. A file that makes the worker busy for longer is not worth the battery. */
const LONGEST_MS = 20_000;

export class Isolated<T> {
    readonly #worker: Worker;
    readonly #calls: Remote<T>;
    readonly #broken: Promise<never>;
    #over?: Why;

    constructor(url: string) {
        this.#worker = new Worker(ownScript(url), { type: "module" });
        this.#calls = wrap<T>(this.#worker);
        this.#broken = new Promise<never>((_, fail) => {
            this.#worker.addEventListener("error", (event) => fail(new NotShown("damaged", event.message)));
        });
        this.#broken.catch(() => undefined);
    }

    /** Ends the worker if it does not answer in time. */
    async call<R>(work: (calls: Remote<T>) => Promise<R>): Promise<R> {
        if (this.#over) throw new NotShown(this.#over);
        let clock: ReturnType<typeof setTimeout> | undefined;
        const late = new Promise<never>((_, fail) => {
            clock = setTimeout(() => {
                this.#over = "slow";
                this.#worker.terminate();
                fail(new NotShown("slow"));
            }, LONGEST_MS);
        });
        try {
            return await Promise.race([work(this.#calls), late, this.#broken]);
        } finally {
            clearTimeout(clock);
        }
    }

    end = (): void => {
        this.#over ??= "damaged";
        this.#calls[releaseProxy]();
        this.#worker.terminate();
    };
}

/** Something of the page that the worker may call. */
export const offered = <F extends object>(call: F): F => proxy(call);
