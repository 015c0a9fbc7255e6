// What a doctor does with a patient's folder beside reading it: confirms records, and passes on within their own rights and time.
import type { GrantInfo } from "hospital-record";
import type { Address, Handed, Portal } from "./api";
import { client, nameOf, using } from "./person";

const delegated = (patient: Address): Promise<GrantInfo[]> => using(client().grants, (grants) => grants.delegated(patient));

export const ward = {
    async attest(record) {
        await client().attest(record);
    },

    async passOn(patient, who, { name: folder, confidentiality }, until, name) {
        const place = { patient, folder, ...(confidentiality ? { confidentiality } : {}) };
        const granted = await client().grant(who, { ...place, rights: ["read"], until });
        // The name is this doctor's alone, and the access stands without it.
        await using(client().contacts, (group) => group.add(name, who)).catch(() => undefined);
        return granted.expires;
    },

    async passedOn(patient) {
        const [grants, name] = await Promise.all([delegated(patient), nameOf()]);
        const live = grants.filter((grant) => grant.live);
        return live.map(({ grantee, scopeId, scope, expires }): Handed => ({ grantee, name: name(grantee), scopeId, scope, expires }));
    },

    async takeBack(patient, { scopeId, grantee }) {
        await using(client().grants, (grants) => grants.withdraw(patient, scopeId, grantee));
    },
} satisfies Partial<Portal>;
