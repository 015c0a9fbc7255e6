import { en, type Texts } from "./text/en";

const LOADERS: Record<string, () => Promise<Texts>> = {
    en: async () => en,
    hi: async () => (await import("./text/hi")).hi,
};

export const LANGUAGES = [
    { tag: "en", name: "English" },
    { tag: "hi", name: "हिन्दी (अपुष्ट)" },
];

const chosen = $state({ tag: "en", texts: en });

/** The texts in the language of the person. */
export const t = (): Texts => chosen.texts;
export const languageTag = (): string => chosen.tag;

export async function speak(tag: string): Promise<void> {
    const known = LOADERS[tag] ? tag : "en";
    chosen.texts = await LOADERS[known]!();
    chosen.tag = known;
    document.documentElement.lang = known;
    document.documentElement.dir = directionOf(known);
}

export const preferredLanguage = (): string =>
    navigator.languages.map((tag) => tag.split("-")[0]!).find((tag) => LOADERS[tag]) ?? "en";

const directionOf = (tag: string): string => (["ar", "fa", "he", "ur"].includes(tag) ? "rtl" : "ltr");
