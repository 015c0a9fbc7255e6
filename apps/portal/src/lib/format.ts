// Dates, sizes and names, by locale. Pure functions.

export const day = (at: Date, locale: string): string => new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(at);

export const moment = (at: Date, locale: string): string =>
    new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(at);

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

export function size(bytes: number, locale: string): string {
    const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
    const value = bytes / 1000 ** power;
    // In English, the short form of a byte has no plural.
    const unitDisplay = power === 0 ? "long" : "short";
    const options = { style: "unit", unit: UNITS[power]!, unitDisplay, maximumFractionDigits: value < 10 ? 1 : 0 } as const;
    return new Intl.NumberFormat(locale, options).format(value);
}

export const percent = (share: number, locale: string): string =>
    new Intl.NumberFormat(locale, { style: "percent" }).format(Math.min(1, share));

/** An account in a form that a person can tell from another one. */
export const shortId = (address: string): string => `${address.slice(2, 6)}…${address.slice(-4)}`.toUpperCase();

/**
 * A name that somebody else chose, for the screen: a mark that turns the direction of the text round, or that nobody sees,
 * could make "exe.txt" of "txt.exe". Joiners stay, which Indic and Persian spelling and emoji need, and visible Arabic marks.
 */
export const shownName = (name: string): string =>
    name.replace(/(?![\u200c\u200d\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2])[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\ufffd");

export type Kind = "text" | "picture" | "pdf" | "scan" | "video" | "health" | "other";

export function kindOf(mediaType: string): Kind {
    const type = mediaType.toLowerCase();
    if (type.includes("fhir") || type.includes("hl7")) return "health";
    if (type === "application/pdf") return "pdf";
    if (type.includes("dicom")) return "scan";
    if (type.startsWith("image/")) return "picture";
    if (type.startsWith("video/")) return "video";
    return type.startsWith("text/") || type === "application/json" ? "text" : "other";
}

/** Words of a field with commas between them. */
export const words = (field: string): string[] => field.split(",").map((word) => word.trim()).filter(Boolean);

/** The end of a day in local time, from `YYYY-MM-DD`. */
export const endOfDay = (date: string): Date => new Date(`${date}T23:59:59`);

export const inDays = (days: number, now = new Date()): Date => new Date(now.getTime() + days * 86_400_000);

/** `YYYY-MM-DD` in local time, as a field for a date has it. */
export const dateField = (at: Date): string =>
    [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => `${part}`.padStart(2, "0")).join("-");
