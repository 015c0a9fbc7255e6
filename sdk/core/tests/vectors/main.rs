//! The committed vectors: a file's name says what must happen, its fields are all that a reader needs.
//!
//! `cargo test -p hospital-record-core --test vectors -- --ignored` writes those that are missing. One that was
//! published is never written again: old data must keep opening.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, missing_docs)]

mod check;
mod dishonest;
mod json;
mod make;
mod make_blocks;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn read_all() -> Vec<(String, String, Value)> {
    let mut vectors = Vec::new();
    for format in check::FORMATS {
        for file in fs::read_dir(folder().join(format)).unwrap_or_else(|error| panic!("{format}: {error}")) {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let vector = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            vectors.push((format.to_owned(), name, vector));
        }
    }
    vectors
}

#[test]
fn every_vector_has_the_outcome_that_its_name_says() {
    for (format, name, vector) in read_all() {
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
            let found = vectors.iter().any(|(of, name, _)| of == format && name.starts_with(outcome));
            assert!(found, "{format} has no vector that {outcome}");
        }
    }
}

#[test]
#[ignore = "writes missing vectors"]
fn write_missing_vectors() {
    for (format, name, mut vector) in make::all().into_iter().chain(make_blocks::all()) {
        let path = folder().join(format).join(format!("{name}.json"));
        if path.exists() {
            continue;
        }
        if let (true, Err(error)) = (name.starts_with("fails_"), check::check(format, &vector)) {
            vector["error"] = error.into();
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, serde_json::to_string_pretty(&vector).unwrap() + "\n").unwrap();
    }
}
