import type { Known } from "../worker/api";
import { kindOf, type Kind } from "./format";

export interface Filter {
    text: string;
    folder: string;
    kind: Kind | "";
    since: string;
    until: string;
    /** What others added and nobody accepted or confirmed, or all else. */
    checked: "" | "proposed" | "accepted";
    /** Also what was replaced or marked as wrong. */
    old: boolean;
}

export const everything = (): Filter => ({ text: "", folder: "", kind: "", since: "", until: "", checked: "", old: false });

const plain = (text: string): string => text.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase();

/** Every word of the search is in the name, the title or a keyword. */
function fits(record: Known, text: string): boolean {
    const { name = "", title = "", keywords = [] } = record.metadata ?? {};
    const searched = plain([name, title, ...keywords].join(" "));
    return plain(text).split(/\s+/).every((word) => searched.includes(word));
}

export function filtered<Record extends Known>(records: Record[], filter: Filter): Record[] {
    const since = filter.since ? new Date(`${filter.since}T00:00:00`) : undefined;
    const until = filter.until ? new Date(`${filter.until}T23:59:59.999`) : undefined;
    return records.filter(
        (record) =>
            (filter.old || record.status === "current") &&
            (!filter.folder || record.metadata?.folder === filter.folder) &&
            (!filter.kind || (record.metadata && kindOf(record.metadata.mediaType) === filter.kind)) &&
            (!filter.checked || record.proposed === (filter.checked === "proposed")) &&
            (!since || record.added >= since) &&
            (!until || record.added <= until) &&
            fits(record, filter.text),
    );
}
