import type { CardText } from "../worker/api";
import { portal } from "./portal";

/** An account from what a person pasted: its number, or a card. Without a card there is no fingerprint. */
export async function accountOf(pasted: string): Promise<{ account: CardText["account"]; fingerprint?: string }> {
    const text = pasted.trim();
    if (/^0x[0-9a-f]{40}$/i.test(text)) return { account: text as CardText["account"] };
    return (await portal()).readCard(text);
}

/** A number in groups of four signs, which two people can read to each other. */
export const inGroups = (account: string): string => account.replace(/^0x/, "").match(/.{1,4}/g)?.join(" ") ?? account;
