import { shortId } from "./format";
import { session } from "./session.svelte";
import type { Texts } from "./text/en";

/** Who this is, in words of the person who reads it. */
export function personWords({ name, account }: { name?: string; account: string }, texts: Texts): string {
    if (account.toLowerCase() === session.entered?.account.toLowerCase()) return texts.you;
    return name ?? texts.unknownPerson(shortId(account));
}
