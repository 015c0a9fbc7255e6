// What this browser keeps for an account, beside the storage of the SDK. Anybody who uses this browser could read it, so
// it is numbers and times alone.
import { session } from "./session.svelte";

const key = (what: string): string => `portal-${session.entered?.account.toLowerCase()}-${what}`;

export function kept<T>(what: string, otherwise: T): T {
    try {
        return (JSON.parse(localStorage.getItem(key(what)) ?? "null") as T | null) ?? otherwise;
    } catch {
        return otherwise;
    }
}

/** Whether the browser keeps it. */
export function keep(what: string, value: unknown): boolean {
    try {
        localStorage.setItem(key(what), JSON.stringify(value));
        return true;
    } catch {
        return false; // Full, or forbidden.
    }
}
