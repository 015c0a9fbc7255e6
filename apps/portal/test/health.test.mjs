import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./source.mjs";

const { summaryOf } = await source("viewers/health/summary.ts");

const facts = (resource) => Object.fromEntries(summaryOf(resource).facts.map(({ name, value }) => [name, value]));
const code = (text) => ({ text });

test("a patient", () => {
    const patient = { resourceType: "Patient", name: [{ given: ["Ana", "Devi"], family: "Rao" }], birthDate: "1980-02", gender: "female", deceasedBoolean: false, address: [{ line: ["1 Road"], city: "Pune" }] };
    assert.deepEqual(facts(patient), { name: "Ana Devi Rao", born: "1980-02", died: "false", sex: "female", address: "1 Road, Pune" });
});

test("a finding: its value, or why there is none, and its parts", () => {
    const observation = { resourceType: "Observation", status: "final", code: code("Hb"), effectiveDateTime: "2026-04-12T09:30:00Z", valueQuantity: { comparator: "<", value: 0, unit: "g/dL" } };
    assert.deepEqual(facts(observation), { what: "Hb", value: "< 0 g/dL", when: "2026-04-12 09:30:00Z", status: "final" });
    const pressure = { resourceType: "Observation", code: code("BP"), dataAbsentReason: code("not done"), component: [{ code: code("high"), valueQuantity: { value: 120 } }, { code: code("low"), valueInteger: 80 }] };
    assert.deepEqual(facts(pressure), { what: "BP", value: "not done", parts: "high: 120; low: 80" });
    const range = (normal) => facts({ resourceType: "Observation", referenceRange: [normal] }).normal;
    assert.deepEqual([range({ low: { value: 12 } }), range({ high: { value: 5 } }), range({ low: { value: 1 }, high: { value: 2 } })], ["≥ 12", "≤ 5", "1 – 2"]);
    assert.equal(facts({ resourceType: "Observation", valueBoolean: false }).value, "false");
});

test("what must not be given, and what changes a meaning, is never left out", () => {
    const request = { resourceType: "MedicationRequest", doNotPerform: true, modifierExtension: [{ url: "x" }], medicationCodeableConcept: { coding: [{ code: "123", display: "Penicillin" }] } };
    assert.deepEqual(facts(request), { changed: "true", what: "Penicillin", not: "true" });
    assert.equal(facts({ ...request, doNotPerform: false }).not, undefined);
    assert.equal(facts({ resourceType: "Immunization", status: "not-done", vaccineCode: code("MMR") }).status, "not-done");
});

test("each kind has what it is about", () => {
    const about = { subject: { display: "Ana" } };
    assert.deepEqual(facts({ resourceType: "Condition", ...about, code: code("Asthma"), clinicalStatus: code("active"), onsetString: "childhood" }), { what: "Asthma", status: "active", about: "Ana", when: "childhood" });
    assert.deepEqual(facts({ resourceType: "DiagnosticReport", code: code("MRI"), conclusion: "Torn", result: [{ reference: "Observation/1" }] }), { what: "MRI", result: "Torn", results: "Observation/1" });
    assert.deepEqual(facts({ resourceType: "AllergyIntolerance", code: code("Nuts"), criticality: "high", reaction: [{ manifestation: [code("Hives")], severity: "mild" }] }), { what: "Nuts", danger: "high", reactions: "Hives: mild" });
    assert.deepEqual(facts({ resourceType: "MedicationStatement", medication: { concept: code("Aspirin") }, dosage: [{ text: "one a day" }] }), { what: "Aspirin", how: "one a day" });
    assert.deepEqual(facts({ resourceType: "Procedure", code: code("Suture"), performedPeriod: { start: "2026-01-01" } }), { what: "Suture", when: "2026-01-01 – …" });
});

test("a bundle has its parts, and says what it does not show", () => {
    const bundle = { resourceType: "Bundle", entry: [...Array(205)].map(() => ({ resource: { resourceType: "Device" } })) };
    const { parts, hidden } = summaryOf(bundle);
    assert.deepEqual([parts.length, hidden, parts[0].type], [200, 5, "Device"]);
});

test("the narrative is never read, and nonsense gives no facts", () => {
    const hostile = { resourceType: "Patient", text: { div: "<script>1</script>" }, name: "x", birthDate: { a: 1 }, gender: ["a", null, {}], identifier: [[[]]], contained: [null, 3, { resourceType: {} }] };
    assert.doesNotMatch(JSON.stringify(summaryOf(hostile)), /script/);
    assert.equal(facts(hostile).born, undefined);
    for (const odd of [null, 3, "x", [], {}, { resourceType: "constructor" }, { resourceType: "__proto__" }, { resourceType: 3 }]) assert.equal(summaryOf(odd), undefined);
    let deep = { resourceType: "Bundle" };
    for (let at = 0; at < 5000; at += 1) deep = { resourceType: "Bundle", entry: [{ resource: deep }] };
    assert.equal(summaryOf(deep).parts[0].parts[0].parts.length, 0);
});
