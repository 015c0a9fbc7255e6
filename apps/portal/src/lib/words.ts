import type { Right, Share } from "../worker/api";
import type { Texts } from "./text/en";

/** What a share is about, in words of the person. */
export function scopeWords({ scope, scopeName }: Pick<Share, "scope" | "scopeName">, texts: Texts): string {
    if (scope.record !== undefined) return scopeName || texts.shares.record;
    return texts.shares.folder(scope.name ?? `${scope.folder}`);
}

export const rightsWords = (rights: Right[], texts: Texts): string => rights.map((right) => texts.shares.rights[right]).join(", ");
