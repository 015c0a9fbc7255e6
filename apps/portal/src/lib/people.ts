import type { Known } from "../worker/api";
import { shownName } from "./format";
import type { Texts } from "./text/en";
import { keep, kept } from "./kept";
import { session } from "./session.svelte";

/** The same number for the same person, as long as this browser keeps it. */
function numberOf(address: string): number {
    const known = kept<string[]>("unnamed", []);
    const at = known.indexOf(address.toLowerCase());
    if (at >= 0) return at + 1;
    keep("unnamed", [...known, address.toLowerCase()]);
    return known.length + 1;
}

/** The name that this person gave somebody, or words that tell two people without a name apart. */
export const personWords = (address: string, name: string | undefined, texts: Texts): string =>
    (name && shownName(name)) ?? texts.people.unnamed(numberOf(address));

/** The same, and "you" for the one who reads it. */
export const whoWords = ({ name, account }: { name?: string; account: string }, texts: Texts): string =>
    account.toLowerCase() === session.entered?.account.toLowerCase() ? texts.you : personWords(account, name, texts);

export const statusWords = ({ status, docStatus, proposed }: Known, { records }: Texts): string =>
    records.status[status] || records.docStatus[docStatus] || (proposed ? records.proposed : "");
