import { readCard } from "hospital-record";
import type { Portal } from "./api";
import { account, client, person, state, using } from "./person";

const trusted = () => (state.place.authorities.length ? { trustedBy: state.place.authorities } : {});

export const people = {
    contacts: () => using(client().contacts, (group) => group.list()),

    async readCard(card) {
        const { account, fingerprint } = readCard(card);
        return { account, fingerprint };
    },

    addContact: (name, card) => using(client().contacts, (group) => group.add(name, card)),
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
