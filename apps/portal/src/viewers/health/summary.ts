// What a person wants to know of a FHIR resource, in plain text. A pure function; the narrative in HTML is never read.
import {
    address, at, choice, component, concept, date, dosage, each, either, identifier, isResource, list, name, normal, note, plain, reaction,
    reference, result, type Json, type Reader, type Resource,
} from "./values";

export type FactName =
    | "what" | "name" | "born" | "died" | "sex" | "numbers" | "contact" | "address" | "value" | "parts" | "meaning" | "normal" | "when"
    | "until" | "status" | "certainty" | "severity" | "danger" | "reactions" | "place" | "how" | "why" | "result" | "results" | "who" | "about"
    | "lot" | "dose" | "notes" | "not" | "changed";

export interface Fact {
    name: FactName;
    value: string;
}

export interface Summary {
    type: string;
    facts: Fact[];
    parts: Summary[];
    /** More parts than are shown. */
    hidden: number;
}

const MOST_PARTS = 200;

type Facts = Partial<Record<FactName, Reader>>;

const of = (field: string, read: Reader = plain): Reader => at(field, each(read));
const first = (...readers: Reader[]): Reader => (value) => readers.map((read) => read(value)).find(Boolean) ?? "";
const isTrue = (field: string): Reader => (value) => (at(field, plain)(value) === "true" ? "true" : "");

const CODE: Facts = { what: of("code", concept) };
const STATUS: Facts = { status: of("status"), notes: of("note", note), about: first(of("subject", reference), of("patient", reference)) };
const CLINICAL: Facts = { status: of("clinicalStatus", concept), certainty: of("verificationStatus", concept) };
const MEDICATION: Facts = {
    what: first(choice("medication"), of("medication", either)), not: isTrue("doNotPerform"), ...STATUS,
    how: first(of("dosageInstruction", dosage), of("dosage", dosage)), why: first(of("reasonCode", concept), of("reason", either)),
    when: first(of("authoredOn", date), choice("effective"), of("dateAsserted", date)), who: first(of("requester", reference), of("informationSource", reference)),
};

const KNOWN: Record<string, Facts> = {
    Patient: {
        name: of("name", name), born: of("birthDate", date), died: choice("deceased"), sex: of("gender"),
        numbers: of("identifier", identifier), contact: of("telecom", at("value", plain)), address: of("address", address),
    },
    Observation: {
        ...CODE, value: result, parts: of("component", component), meaning: of("interpretation", concept), normal: of("referenceRange", normal),
        when: first(choice("effective"), of("issued", date)), place: of("bodySite", concept), who: of("performer", reference), ...STATUS,
    },
    DiagnosticReport: {
        ...CODE, result: of("conclusion"), meaning: of("conclusionCode", either), results: of("result", reference),
        when: first(choice("effective"), of("issued", date)), who: first(of("resultsInterpreter", reference), of("performer", reference)), ...STATUS,
    },
    Condition: {
        ...CODE, ...STATUS, ...CLINICAL, severity: of("severity", concept), place: of("bodySite", concept),
        when: first(choice("onset"), of("recordedDate", date)), until: choice("abatement"), who: first(of("asserter", reference), of("recorder", reference)),
    },
    MedicationRequest: MEDICATION,
    MedicationStatement: MEDICATION,
    AllergyIntolerance: {
        ...CODE, ...STATUS, ...CLINICAL, danger: of("criticality"), reactions: of("reaction", reaction),
        when: first(choice("onset"), of("recordedDate", date)), who: of("recorder", reference),
    },
    Immunization: {
        what: of("vaccineCode", concept), ...STATUS, why: of("statusReason", concept), when: first(choice("occurrence"), of("recorded", date)), lot: of("lotNumber"),
        place: of("site", concept), dose: of("protocolApplied", choice("doseNumber")), who: of("performer", at("actor", reference)),
    },
    Procedure: {
        ...CODE, ...STATUS, when: first(choice("performed"), choice("occurrence")), place: of("bodySite", concept), result: of("outcome", concept),
        why: first(of("reasonCode", concept), of("reason", either)), who: of("performer", at("actor", reference)),
    },
    Bundle: { when: of("timestamp", date) },
};

/** Only what is known here: all else is shown as a tree. */
export function summaryOf(resource: Json | undefined, depth = 0): Summary | undefined {
    if (!isResource(resource)) return undefined;
    const type = plain(resource.resourceType);
    if (!Object.hasOwn(KNOWN, type)) return undefined;
    const read = Object.entries(KNOWN[type]!) as [FactName, Reader][];
    const facts = read.map(([name, reader]) => ({ name, value: reader(resource) })).filter(({ value }) => value);
    // Whoever does not know such an extension must not trust the rest.
    if (isChanged(resource)) facts.unshift({ name: "changed", value: "true" });
    const inside = depth < 2 ? insideOf(resource) : [];
    const parts = inside.slice(0, MOST_PARTS).map((part) => summaryOf(part, depth + 1) ?? unknown(part));
    return { type, facts, parts: parts.filter((part) => part !== undefined), hidden: Math.max(0, inside.length - MOST_PARTS) };
}

const isChanged = (resource: Resource): boolean => list(resource.modifierExtension).length > 0 || plain(resource.implicitRules) !== "";

const insideOf = (resource: Resource): Json[] =>
    [...list(resource.entry).map((entry) => (isResource(entry) ? (entry.resource ?? null) : null)), ...list(resource.contained)].filter(isResource);

function unknown(resource: Json): Summary | undefined {
    return isResource(resource) ? { type: plain(resource.resourceType), facts: [], parts: [], hidden: 0 } : undefined;
}
