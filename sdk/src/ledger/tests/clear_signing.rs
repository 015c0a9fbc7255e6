//! The clear signing descriptors for wallets (ERC-7730), compared with the table of signed forms.

use std::collections::BTreeMap;

use hospital_record_contracts::{self as artifact, boards};
use serde_json::Value;

use crate::ledger::{contracts::ContractKind as Kind, forms::SignedForm, tests::*};

const FORMATS: [&str; 5] = ["raw", "addressName", "date", "duration", "enum"];
/// Small screens truncate longer labels.
const LONGEST_LABEL: usize = 20;
const LONGEST_INTENT: usize = 30;

fn kinds() -> Vec<(Kind, Address)> {
    // Each board has its own address and is a clone of this one.
    let others = [(Kind::HospitalRecord, artifact::ADDRESS), (Kind::Board, boards::implementation())];
    [&others, Kind::BESIDE].concat()
}

fn descriptor(kind: Kind) -> Value {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../contracts/clear-signing");
    let file = folder.join(format!("eip712-{}.json", kind.domain_name()));
    serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap()
}

/// All signed forms of this contract.
fn types(kind: Kind) -> BTreeSet<String> {
    let forms = SignedForm::ALL.iter().filter(|form| form.contract == kind).map(|form| form.encode_type);
    let others = match kind {
        Kind::HospitalRecord => vec![Act::REVOKE.to_owned(), crate::people::profile::signed_type()],
        Kind::Board => vec![Act::VETO.to_owned()],
        _ => Vec::new(),
    };
    forms.map(str::to_owned).chain(others).collect()
}

/// Paths and types of the fields of a type, those of an array's elements with its path before them.
fn paths(encode_type: &str) -> BTreeMap<String, String> {
    let structs: BTreeMap<&str, &str> =
        encode_type.split_terminator(')').filter_map(|part| part.split_once('(')).collect();
    let first = encode_type.split('(').next().unwrap();
    let mut paths = BTreeMap::new();
    for field in structs[first].split(',') {
        let (kind, name) = field.split_once(' ').unwrap();
        match (kind.strip_suffix("[]"), kind.strip_suffix("[]").and_then(|element| structs.get(element))) {
            (None, _) => drop(paths.insert(name.to_owned(), kind.to_owned())),
            (Some(element), None) => drop(paths.insert(format!("{name}.[]"), element.to_owned())),
            (_, Some(inner)) => {
                let inner = inner.split(',').map(|field| field.split_once(' ').unwrap());
                paths.extend(inner.map(|(kind, inner)| (format!("{name}.[].{inner}"), kind.to_owned())));
            }
        }
    }
    paths
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_signed_struct_has_a_descriptor_of_its_exact_type() {
    for (kind, address) in kinds() {
        let descriptor = descriptor(kind);
        assert_eq!(keys(&descriptor), ["$schema", "context", "display", "metadata"]);
        let bound = &descriptor["context"]["eip712"];
        assert_eq!(bound["domain"], serde_json::json!({"name": kind.domain_name(), "version": "1"}));
        assert_eq!(bound["deployments"][0]["address"], address.to_string(), "`make artifacts` writes it");
        let described: BTreeSet<_> = keys(&descriptor["display"]["formats"]).into_iter().map(str::to_owned).collect();
        assert_eq!(described, types(kind));
    }
}

#[test]
fn every_signed_field_has_a_display_format_that_fits_its_type() {
    for (kind, _) in kinds() {
        let descriptor = descriptor(kind);
        for (encode_type, format) in descriptor["display"]["formats"].as_object().unwrap() {
            assert_eq!(keys(format), ["fields", "intent"]);
            assert!(format["intent"].as_str().unwrap().len() <= LONGEST_INTENT, "{}", format["intent"]);
            let mut shown = BTreeSet::new();
            let types = paths(encode_type);
            for (path, field) in flat(&format["fields"], "") {
                check_field(&descriptor, &types[&path], &field);
                assert!(shown.insert(path));
            }
            assert_eq!(shown, types.into_keys().collect(), "{encode_type}");
        }
    }
}

/// The fields of a format. A field of a group has the group's path as a prefix.
fn flat(fields: &Value, before: &str) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for field in fields.as_array().unwrap() {
        let path = format!("{before}{}", field["path"].as_str().unwrap());
        match field.get("fields") {
            Some(inner) => all.extend(flat(inner, &format!("{path}."))),
            None => all.push((path, field.clone())),
        }
    }
    all
}

fn check_field(descriptor: &Value, kind: &str, field: &Value) {
    let format = field["format"].as_str().unwrap();
    let allowed_keys = ["format", "label", "params", "path", "visible"];
    assert!(keys(field).iter().all(|key| allowed_keys.contains(key)) && FORMATS.contains(&format), "{field}");
    let label = field["label"].as_str().unwrap();
    assert!(!label.is_empty() && label.len() <= LONGEST_LABEL, "{label}");
    match format {
        "addressName" => assert_eq!(kind, "address"),
        "date" => assert_eq!(field["params"]["encoding"], "timestamp"),
        "enum" => {
            let name = field["params"]["$ref"].as_str().unwrap().strip_prefix("$.metadata.enums.").unwrap();
            let values = descriptor["metadata"]["enums"][name].as_object().unwrap();
            let numbers: BTreeSet<u8> = values.keys().map(|key| key.parse().unwrap()).collect();
            let possible: BTreeSet<u8> = match name {
                "rights" => (1..=15).collect(),
                "purpose" => (0..=u8::MAX).filter(|code| Purpose::try_from(*code).is_ok()).collect(),
                _ => (1..=u8::MAX).filter(|code| Status::try_from(*code).is_ok()).collect(),
            };
            assert_eq!(numbers, possible, "{name}");
        }
        _ => {}
    }
    let (is_address, is_time) = (
        kind == "address",
        kind == "uint40" && field["path"] != "folder" || label.contains("until") && kind == "uint256",
    );
    assert!(!is_address || format == "addressName", "{field}");
    assert!(!is_time || format == "date", "{field}");
}
