// Counts of what comes in while a person is logged in.
import { arrived, NOTHING, type Arrived, type Count } from "./arrived";
import { Listener } from "./listener";
import { deniedRequests, newsOfThisVisit } from "./news";
import { settingsOfHospital } from "./portal";

/** Several hints about one act come together. */
const TOGETHER_MS = 500;

interface Arrivals {
    /** What this person has taken note of. */
    noted?: Count;
    now?: Count;
    /** Requests that were put away in this browser. */
    denied: string[];
    /** Counts looks at a page that is there already: it loads anew. */
    looks: number;
}

const arrivals = $state<Arrivals>({ denied: [], looks: 0 });
let soon: ReturnType<typeof setTimeout> | undefined;
let asking: Promise<void> | undefined;

/** Numbers of the requests that wait for an answer. */
const waiting = (): string[] => (arrivals.now?.requests ?? []).filter((id) => !arrivals.denied.includes(id));
export const waitingRequests = (): number => waiting().length;
export const looks = (): number => arrivals.looks;

/** What this person has not taken note of. */
export function fresh(): Arrived {
    const now = arrivals.now ?? NOTHING;
    return arrived(arrivals.noted ?? now, { ...now, requests: waiting() });
}

/** For as long as this page is there: a logout loads it anew. */
export async function listen(account: string): Promise<void> {
    const { node } = await settingsOfHospital();
    const listener = new Listener(`${node.replace(/\/$/, "")}/v1/events?accounts=${account}`, countSoon);
    const look = () => listener.seen(!document.hidden);
    document.addEventListener("visibilitychange", look);
    look();
}

function countSoon(): void {
    clearTimeout(soon);
    soon = setTimeout(() => {
        if (asking) void asking.then(countSoon);
        else asking = count().finally(() => (asking = undefined));
    }, TOGETHER_MS);
}

async function count(): Promise<void> {
    try {
        const { requests, added } = await newsOfThisVisit();
        arrivals.denied = [...deniedRequests()];
        arrivals.now = { requests, records: added };
        arrivals.noted ??= arrivals.now;
    } catch {
        // The next hint asks again; each page shows its own problem.
    }
}

/** After a request was put away, or taken out again. */
export function countDenied(): void {
    arrivals.denied = [...deniedRequests()];
}

/** This person takes note of one kind of what came, or of all. */
export function takeNote(kind?: keyof Count): void {
    const { noted, now } = arrivals;
    if (noted && now) arrivals.noted = kind ? { ...noted, [kind]: now[kind] } : now;
}

/** The page that is shown loads anew. */
export function lookAgain(): void {
    arrivals.looks += 1;
}
