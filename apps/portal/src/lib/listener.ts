// Hints of the hospital's server that something happened to an account. They have no content: what it was is asked then.

/** A tab that was hidden for this long listens no more. Each listener keeps one of the browser's few connections to a server. */
const HIDDEN_MS = 60_000;
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 5 * 60_000;
const HINTS = ["begin", "journal", "request", "missed"];

/** Grows with the failures in a row; `random`, from 0 to 1, spreads those who lost the same server. */
export const pauseAfter = (failures: number, random: number): number =>
    Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)) * (0.5 + random / 2);

export class Listener {
    readonly #address: string;
    readonly #heard: () => void;
    #source: EventSource | undefined;
    #next: ReturnType<typeof setTimeout> | undefined;
    #hidden: ReturnType<typeof setTimeout> | undefined;
    #failures = 0;

    constructor(address: string, heard: () => void) {
        this.#address = address;
        this.#heard = heard;
    }

    /** Listens while the tab is seen, and for a while after. */
    seen(isSeen: boolean): void {
        clearTimeout(this.#hidden);
        if (!isSeen) {
            this.#hidden = setTimeout(() => this.#end(), HIDDEN_MS);
        } else if (!this.#source) {
            this.#failures = 0;
            this.#begin();
        }
    }

    #begin(): void {
        clearTimeout(this.#next);
        const source = new EventSource(this.#address);
        this.#source = source;
        for (const hint of HINTS) source.addEventListener(hint, this.#heard);
        source.addEventListener("open", () => (this.#failures = 0));
        source.addEventListener("error", () => this.#failed(source));
    }

    #failed(source: EventSource): void {
        this.#failures += 1;
        // Each answer ends after a while. The browser then comes back at once, and names the last event that it got.
        if (this.#failures === 1 && source.readyState === EventSource.CONNECTING) return;
        this.#end();
        this.#next = setTimeout(() => this.#begin(), pauseAfter(this.#failures, Math.random()));
    }

    #end(): void {
        clearTimeout(this.#next);
        this.#source?.close();
        this.#source = undefined;
    }
}
