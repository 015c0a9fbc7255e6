import type { Right, Share } from "../worker/api";
import { shownName } from "./format";
import type { Texts } from "./text/en";

/** What a share is about, in words of the person. */
export function scopeWords({ scope, recordName }: Pick<Share, "scope" | "recordName">, texts: Texts): string {
    if (scope.record !== undefined) return recordName === undefined ? texts.shares.record : shownName(recordName);
    return scope.name === undefined ? texts.people.unnamedFolder : texts.shares.folder(shownName(scope.name));
}

export const rightsWords = (rights: Right[], texts: Texts): string => rights.map((right) => texts.shares.rights[right]).join(", ");
