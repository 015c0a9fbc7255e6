import { readCard } from "hospital-record";
import type { Address, Portal } from "./api";
import { account, client, person, state, using } from "./person";

const trusted = () => (state.place.authorities.length ? { trustedBy: state.place.authorities } : {});

async function listedCard(of: Address): Promise<string> {
    try {
        return (await using(client().directory, (group) => group.find(of))).listing.card;
    } catch {
        throw { kind: "NeedsCard", message: "the account is not in the directory", mayHaveHappened: false };
    }
}

export const people = {
    contacts: () => using(client().contacts, (group) => group.list()),

    async readCard(card) {
        const { account, fingerprint } = readCard(card);
        return { account, fingerprint };
    },

    addContact: (name, card) => using(client().contacts, (group) => group.add(name, card)),
    async nameAccount(of, name, card) {
        const given = card ?? (await listedCard(of));
        if (readCard(given).account.toLowerCase() !== of.toLowerCase()) {
            throw { kind: "OtherCard", message: "the card is that of another account", mayHaveHappened: false };
        }
        return using(client().contacts, (group) => group.add(name, given));
    },

    removeContact: (name) => using(client().contacts, (group) => group.remove(name)),

    searchDirectory: (text, after) =>
        using(client().directory, (group) => group.search({ ...trusted(), ...(text ? { text } : {}), ...(after ? { after } : {}) })),

    async publish(name, specialities, languages) {
        await using(client().directory, (group) => group.publish(name, { specialities, languages }));
    },

    async unpublish() {
        await using(client().directory, (group) => group.withdraw());
    },

    async standing() {
        const found = await using(client().directory, (group) => group.find(account(), trusted())).catch(() => undefined);
        const { authorities } = state.place;
        const trust = authorities.length ? await person().system.whyTrusted(account(), authorities) : undefined;
        return { vouched: Boolean(trust), found };
    },
} satisfies Partial<Portal>;
