// What this person must know again on another device, as small records of their own. The person can read them as well.
import type { Listed } from "hospital-record";
import { account, client } from "./person";

export interface Note {
    name: string;
    words: string[];
    added: Date;
}

export async function notes(folder: string): Promise<Note[]> {
    return notesAmong(await client().list(), folder);
}

export function notesAmong(records: Listed[], folder: string): Note[] {
    // Somebody who may add to this folder writes no notes of this person.
    const own = records.filter(({ author, status }) => author === account() && status === "current");
    const current = own.flatMap(({ metadata }) => (metadata?.folder === folder ? metadata : []));
    return current.map(({ title, name, keywords, added }) => ({ name: title ?? name, words: keywords, added }));
}

export async function note(folder: string, title: string, words: string[], text: string): Promise<void> {
    const name = title.replace(/[^\p{L}\p{M}\p{N} .'-]/gu, "_");
    await client().add(`${name}.txt`, `${text}\n`, { folder, title, keywords: words, mediaType: "text/plain" });
}
