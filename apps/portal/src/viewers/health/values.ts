// FHIR's types of data as plain text. What is not as FHIR has it gives no text. Pure functions.

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type Resource = { [name: string]: Json };
export type Reader = (value: Json | undefined) => string;

const LONGEST = 2000;

export const isResource = (value: Json | undefined): value is Resource =>
    typeof value === "object" && value !== null && !Array.isArray(value);

const field = (value: Json | undefined, name: string): Json | undefined =>
    isResource(value) && Object.hasOwn(value, name) ? value[name] : undefined;

export const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);

const joined = (parts: string[], between: string): string => parts.filter(Boolean).join(between);
export const each = (read: Reader, between = "; "): Reader => (value) => joined(list(value).map(read), between);
export const at = (name: string, read: Reader): Reader => (value) => read(field(value, name));

export function plain(value: Json | undefined): string {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return "";
    const text = `${value}`;
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

export const date: Reader = (value) => plain(value).replace(/^(\d{4}-\d\d-\d\d)T/, "$1 ");

export const concept: Reader = (value) =>
    plain(field(value, "text")) || each((coding) => plain(field(coding, "display")) || plain(field(coding, "code")))(field(value, "coding"));

export const reference: Reader = (value) =>
    plain(field(value, "display")) || plain(field(value, "reference")) || identifier(field(value, "identifier"));

/** A concept or a reference, as FHIR R5 has it. */
const conceptOrReference: Reader = (value) =>
    isResource(value) && ("concept" in value || "reference" in value) && !("coding" in value)
        ? concept(value.concept) || (isResource(value.reference) ? reference(value.reference) : reference(value))
        : concept(value);
export { conceptOrReference as either };

export const quantity: Reader = (value) =>
    joined([plain(field(value, "comparator")), plain(field(value, "value")), plain(field(value, "unit")) || plain(field(value, "code"))], " ");

/** One end alone is a limit, and not a value. */
export const range: Reader = (value) => {
    const [low, high] = [quantity(field(value, "low")), quantity(field(value, "high"))];
    return low && high ? `${low} – ${high}` : joined([low && `≥ ${low}`, high && `≤ ${high}`], "");
};
export const ratio: Reader = (value) => joined([quantity(field(value, "numerator")), quantity(field(value, "denominator"))], " / ");
export const period: Reader = (value) => {
    const [start, end] = [date(field(value, "start")), date(field(value, "end"))];
    return start || end ? `${start || "…"} – ${end || "…"}` : "";
};
export const identifier: Reader = (value) => joined([concept(field(value, "type")), plain(field(value, "value"))], " ");
export const note: Reader = (value) => plain(field(value, "text")) || plain(value);

export const name: Reader = (value) =>
    plain(field(value, "text")) ||
    joined([each(plain, " ")(field(value, "prefix")), each(plain, " ")(field(value, "given")), plain(field(value, "family"))], " ");

export const address: Reader = (value) =>
    plain(field(value, "text")) ||
    joined([each(plain, ", ")(field(value, "line")), plain(field(value, "postalCode")), plain(field(value, "city")), plain(field(value, "country"))], ", ");

const KINDS: Record<string, Reader> = {
    Quantity: quantity, CodeableConcept: concept, Range: range, Ratio: ratio, Period: period, Age: quantity, Reference: reference,
    DateTime: date, Date: date, Instant: date, CodeableReference: conceptOrReference,
};

/** `value[x]` and the like: the name says the type. */
export const choice = (start: string): Reader => (value) => {
    if (!isResource(value)) return "";
    const found = Object.keys(value).find((key) => key.startsWith(start) && /^([A-Z]|$)/.test(key.slice(start.length)));
    const kind = found?.slice(start.length) ?? "";
    return found ? ((Object.hasOwn(KINDS, kind) ? KINDS[kind]! : plain)(value[found]) || plain(value[found])) : "";
};

/** A result: what it says, or why it says nothing. */
export const result: Reader = (value) => choice("value")(value) || concept(field(value, "dataAbsentReason"));

export const component: Reader = (value) => joined([concept(field(value, "code")), result(value), each(concept)(field(value, "interpretation"))], ": ");
export const normal: Reader = (value) => plain(field(value, "text")) || range(value);
export const dosage: Reader = (value) =>
    plain(field(value, "text")) ||
    joined(
        [
            each((dose) => choice("dose")(dose), ", ")(field(value, "doseAndRate")),
            concept(field(value, "route")),
            concept(field(field(value, "timing"), "code")),
            plain(field(value, "patientInstruction")),
        ],
        ", ",
    );
export const reaction: Reader = (value) => joined([each(conceptOrReference, ", ")(field(value, "manifestation")), plain(field(value, "severity"))], ": ");
