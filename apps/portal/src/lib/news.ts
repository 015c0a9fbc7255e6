import type { News } from "../worker/api";
import { keep, kept } from "./kept";
import { portal } from "./portal";

let before: { newest?: Date } | undefined;

/** Since the last visit; all of this visit shows the same, and what comes during it as well. The next visit starts after it. */
export async function newsSinceLastVisit(): Promise<News> {
    const news = await newsOfThisVisit();
    if (news.newest) keep("seen", news.newest.getTime());
    const denied = deniedRequests();
    return { ...news, requests: news.requests.filter((id) => !denied.has(id)) };
}

/** The same, with requests that were put away. Nobody reads it now, so it is news at the next visit too. */
export async function newsOfThisVisit(): Promise<News> {
    before ??= { newest: time(kept<number | undefined>("seen", undefined)) };
    const news = await (await portal()).news(before.newest);
    // The first visit in this browser has nothing to compare with.
    before.newest ??= news.newest ?? new Date(0);
    return news;
}

const time = (at: number | undefined): Date | undefined => (at === undefined ? undefined : new Date(at));

export const deniedRequests = (): Set<string> => new Set(kept<string[]>("denied", []));

/** Whether this browser remembers it. */
export const denyRequest = (id: string): boolean => keep("denied", [...deniedRequests(), id]);
export const undenyRequest = (id: string): boolean => keep("denied", [...deniedRequests()].filter((one) => one !== id));
