import type { AccessRequest, HistoryEntry } from "hospital-record";
import type { Entry, Portal, Received, Request, ShareOptions } from "./api";
import { account, client, nameOf, state, using } from "./person";

/** The requests that were listed: `answer` takes the object itself. */
const listed = new Map<string, AccessRequest>();
const denied = new Set<string>();

const scopeOf = ({ folder, record }: Pick<ShareOptions, "folder" | "record">) => (record ? { record } : { folder: folder ?? "personal" });

async function named(): Promise<(entry: HistoryEntry) => Entry> {
    const [name, folders, records] = await Promise.all([
        nameOf(),
        using(client().folders, (group) => group.list()),
        client().list(),
    ]);
    const folderOf = new Map(folders.map((folder) => [folder.number, folder.name]));
    const recordOf = new Map(records.map((record) => [record.key, record]));
    return (entry) => {
        const record = entry.key ? recordOf.get(entry.key) : undefined;
        return {
            at: entry.at,
            by: entry.by,
            byName: name(entry.by),
            mine: entry.by.toLowerCase() === account().toLowerCase(),
            action: entry.action,
            folder: entry.folder === undefined ? record?.metadata?.folder : (folderOf.get(entry.folder) ?? `${entry.folder}`),
            record: record?.metadata?.name,
            grantee: entry.grantee && (name(entry.grantee) ?? entry.grantee),
            rights: entry.rights,
            purpose: entry.purpose,
            expires: entry.expires,
        };
    };
}

export const sharing = {
    shares: () => using(client().grants, (grants) => grants.list()),

    async share(who, { folder, record, rights, until, name }) {
        const time = until ? { until } : { noEnd: true };
        return client().grant(who, { ...scopeOf({ folder, record }), rights, ...time, ...(name ? { name } : {}) });
    },

    async endShare({ grantee, scope }) {
        if (scope.record !== undefined) return client().revoke(grantee, { record: scope.record });
        if (scope.name === undefined) return client().revoke(grantee);
        const { name: folder, confidentiality } = scope;
        return client().revoke(grantee, { folder, ...(confidentiality ? { confidentiality } : {}) });
    },

    async endAllShares() {
        const grants = await using(client().grants, (group) => group.list());
        const grantees = new Set(grants.filter(({ live }) => live).map(({ grantee }) => grantee));
        for (const grantee of grantees) await client().revoke(grantee);
        return grantees.size;
    },

    async timeline() {
        const [history, naming] = await Promise.all([client().history(), named()]);
        return {
            entries: history.entries.map(naming).reverse(),
            isProven: history.complete.isProven,
            completeness: history.completeness,
        };
    },

    async requests() {
        const { authorities } = state.place;
        const options = authorities.length ? { trustedBy: authorities } : {};
        const inbox = await using(client().requests, (group) => group.list(options));
        for (const request of listed.values()) request.free();
        listed.clear();
        for (const request of inbox.requests) listed.set(request.id, request);
        return inbox.requests.map(({ details }): Request => details).filter(({ id }) => !denied.has(id));
    },

    async answer(id) {
        const request = listed.get(id);
        if (!request) throw { kind: "NotFound", message: "the request is not open any more", mayHaveHappened: false };
        return using(client().requests, (group) => group.answer(request));
    },

    async deny(id) {
        denied.add(id);
    },

    async received() {
        const [shared, name] = await Promise.all([using(client().grants, (group) => group.received()), nameOf()]);
        return shared.grants.map(
            ({ patient, scopeId, scopeName, rights, expires, live }): Received => ({
                patient, name: name(patient), scopeId, scopeName, rights, expires, live,
            }),
        );
    },

    async ask(who, reason, rights, until) {
        await using(client().requests, (group) => group.ask(who, reason, { rights, until }));
    },
} satisfies Partial<Portal>;
