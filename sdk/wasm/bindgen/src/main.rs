//! Writes the JavaScript and the types around a WebAssembly file, as an ES module with the file beside it.
//!
//! Usage: `hospital-record-bindgen IN.wasm FOLDER NAME`

use std::{env, process::ExitCode};

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let [input, folder, name] = &words[..] else {
        eprintln!("usage: hospital-record-bindgen IN.wasm FOLDER NAME");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    let written = bindgen.web(true).and_then(|bindgen| {
        let bindgen = bindgen.input_path(input).out_name(name).typescript(true).omit_default_module_path(false);
        bindgen.remove_name_section(true).remove_producers_section(true).generate(folder)
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}
