//! The committed vectors. A file's name says the outcome, and its fields are all that a reader needs.
//!
//! `HOSPITAL_RECORD_WRITE_VECTORS=true cargo test -p hospital-record-core --test vectors` writes those that are
//! missing. A published vector is never rewritten, because old data must keep opening.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, missing_docs)]

mod boards;
mod check;
mod dishonest;
mod json;
mod keyrings;
mod make;
mod make_blocks;
mod notes;
mod vaults;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// By format and name.
type Vectors = BTreeMap<(String, String), Value>;

fn read_all() -> Vectors {
    let mut vectors = Vectors::new();
    for format in check::FORMATS {
        for file in fs::read_dir(folder().join(format)).unwrap_or_else(|error| panic!("{format}: {error}")) {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            vectors.insert((format.to_owned(), name), serde_json::from_slice(&fs::read(&path).unwrap()).unwrap());
        }
    }
    vectors
}

#[test]
fn every_vector_has_the_outcome_in_its_name() {
    for ((format, name), vector) in read_all() {
        let outcome = check::check(&format, &vector);
        match name.split_once('_').unwrap().0 {
            "opens" => assert_eq!(outcome, Ok(()), "{format}/{name}"),
            "fails" => assert_eq!(outcome.unwrap_err(), vector["error"].as_str().unwrap(), "{format}/{name}"),
            _ => panic!("{format}/{name} does not say its outcome"),
        }
    }
}

#[test]
fn every_format_has_a_vector_that_opens_and_one_that_fails() {
    let vectors = read_all();
    for format in check::FORMATS {
        for outcome in ["opens_", "fails_"] {
            let found = vectors.keys().any(|(of, name)| of == format && name.starts_with(outcome));
            assert!(found, "{format} has no vector that {outcome}");
        }
    }
}

#[test]
fn generator_makes_the_committed_vectors() {
    let (made, again) = (generate(), generate());
    if std::env::var("HOSPITAL_RECORD_WRITE_VECTORS").is_ok_and(|write| write == "true") {
        write_missing(&made);
    }
    let committed = read_all();
    assert!(made.keys().eq(committed.keys()), "vectors were added or removed: see the top of this file");
    for (name, first) in &made {
        agrees(first, &again[name], &committed[name]).unwrap_or_else(|field| panic!("{name:?} differs in {field}"));
    }
}

/// The vectors that the generator makes now.
fn generate() -> Vectors {
    let made = [make::all(), make_blocks::all(), keyrings::all(), boards::all(), notes::all(), vaults::all()]
        .into_iter()
        .flatten();
    let named = made.map(|(format, name, mut vector)| {
        if let (true, Err(error)) = (name.starts_with("fails_"), check::check(format, &vector)) {
            vector["error"] = error.into();
        }
        ((format.to_owned(), name), vector)
    });
    named.collect()
}

fn write_missing(vectors: &Vectors) {
    for ((format, name), vector) in vectors {
        let path = folder().join(format).join(format!("{name}.json"));
        if !path.exists() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, serde_json::to_string_pretty(vector).unwrap() + "\n").unwrap();
        }
    }
}

/// Compares two runs of the generator with the committed file. Fields that are equal in both runs must equal the
/// committed ones. Random fields (nonces, encapsulations and values made from them) must have the same length. `Err` is
/// the field that differs.
fn agrees(first: &Value, again: &Value, committed: &Value) -> Result<(), String> {
    match (first, again, committed) {
        (Value::Object(first), Value::Object(again), Value::Object(committed)) => {
            if !first.keys().eq(committed.keys()) {
                return Err("its fields".into());
            }
            let mut fields = first.iter().map(|(name, value)| (name, agrees(value, &again[name], &committed[name])));
            fields.find_map(|(name, agreed)| agreed.err().map(|inner| format!("{name}.{inner}"))).map_or(Ok(()), Err)
        }
        _ if first == again && first != committed => Err("its value".into()),
        _ if first != again && first.as_str().map(str::len) != committed.as_str().map(str::len) => {
            Err("its length".into())
        }
        _ => Ok(()),
    }
}
