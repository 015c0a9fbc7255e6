import type { AccessRequest, HistoryEntry } from "hospital-record";
import type { Address, Entry, Portal, Received, Request, ScopeId, ShareOptions } from "./api";
import { account, client, nameOf, state, using } from "./person";

/** The requests that were listed: `answer` takes the object itself. */
const listed = new Map<string, AccessRequest>();

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
            folder: entry.folder === undefined ? record?.metadata?.folder : folderOf.get(entry.folder),
            record: record?.metadata?.name,
            grantee: entry.grantee,
            granteeName: entry.grantee && name(entry.grantee),
            rights: entry.rights,
            purpose: entry.purpose,
            expires: entry.expires,
        };
    };
}

/** A folder whose name cannot be read cannot be named to `revoke`, but a signed revocation names it by its id. */
async function endUnnamed(grantee: Address, scopeId: ScopeId): Promise<{ keysMoved: boolean }> {
    await using(client().acts, async (acts) => acts.carry(await acts.signRevocation(grantee, scopeId)));
    return { keysMoved: false };
}

export const sharing = {
    async shares() {
        const grants = await using(client().grants, (group) => group.list());
        const records = grants.some(({ scope }) => scope.record) ? await client().list() : [];
        const names = new Map(records.map(({ record, metadata }) => [record, metadata?.title ?? metadata?.name]));
        const name = await nameOf();
        return grants.map((grant) => ({
            ...grant,
            recordName: grant.scope.record && names.get(grant.scope.record),
            giverName: grant.givenBy && name(grant.givenBy),
        }));
    },

    async share(who, { folder, record, rights, until, name }) {
        const time = until ? { until } : { noEnd: true };
        return client().grant(who, { ...scopeOf({ folder, record }), rights, ...time, ...(name ? { name } : {}) });
    },

    async endShare({ grantee, scope, scopeId }) {
        if (scope.record !== undefined) return client().revoke(grantee, { record: scope.record });
        if (scope.name === undefined) return endUnnamed(grantee, scopeId);
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
        return inbox.requests.map(({ details }): Request => details);
    },

    async answer(id) {
        const request = listed.get(id);
        if (!request) throw { kind: "NotFound", message: "the request is not open any more", mayHaveHappened: false };
        return using(client().requests, (group) => group.answer(request));
    },

    async received() {
        const [shared, name] = await Promise.all([using(client().grants, (group) => group.received()), nameOf()]);
        return shared.grants.map(
            ({ patient, scope, scopeId, rights, expires, live }): Received => ({
                patient, name: name(patient), scope, scopeId, rights, expires, live,
            }),
        );
    },

    async ask(who, reason, rights, until) {
        await using(client().requests, (group) => group.ask(who, reason, { rights, until }));
    },
} satisfies Partial<Portal>;
