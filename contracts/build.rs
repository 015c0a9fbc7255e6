//! Turns the committed artifacts into constants, so that a broken one is found by the compiler and not by a user, and
//! the interfaces into Rust, each with what all of them share.

use std::{env, error::Error, fmt::Write, fs, path::Path};

use serde_json::Value;

/// All that are deployed, in this order. A new one is a name here: its module, with the name in snake case, and its row in
/// `ALL` follow from it.
const CONTRACTS: [&str; 4] = ["HospitalRecord", "Vouching", "AccessRequests", "Boards"];
/// `Boards` makes it, so it has no artifact of its own.
const BOARD: &str = "Board";

fn main() -> Result<(), Box<dyn Error>> {
    let mut all = String::new();
    for name in CONTRACTS {
        let (module, title) = (snake_case(name), title(name)?);
        let body = [interface(name)?, constants(name)?].concat();
        write!(all, "/// {title}\npub mod {module} {{\n{body}\n}}\n")?;
    }
    write!(all, "/// The interface of a board.\npub mod board {{\n{}\n}}\n", interface(BOARD)?)?;
    let rows = CONTRACTS.map(|name| format!("&{}::ARTIFACT,", snake_case(name))).concat();
    let count = CONTRACTS.len();
    write!(
        all,
        "/// Every contract, in the order in which they are deployed.\npub static ALL: [&crate::Artifact; {count}] = [{rows}];\n"
    )?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("contracts.rs"), all)?;
    Ok(())
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// As the interface's manual begins.
fn title(name: &str) -> Result<String, Box<dyn Error>> {
    let source = source(name)?;
    let title = source.lines().find_map(|line| line.strip_prefix("/// @title "));
    Ok(format!("{}.", title.ok_or(format!("I{name}.sol has no title"))?))
}

/// `sol!` resolves neither imports nor inheritance. So the members of `ISigned`, which every interface inherits, are
/// written into each.
fn interface(name: &str) -> Result<String, Box<dyn Error>> {
    let own = source(name)?;
    let own = own.replacen(" is ISigned {", " {", 1);
    let lines = own.lines().filter(|line| !line.starts_with("import "));
    let body = lines.collect::<Vec<_>>().join("\n");
    let body = body.strip_suffix('}').ok_or("an interface does not end with its brace")?;
    let signed = source("Signed")?;
    let (_, members) = signed.split_once("interface ISigned {").ok_or("ISigned.sol declares no ISigned")?;
    Ok(format!(
        r#"pub use interface::I{name};
/// Its functions.
pub use interface::I{name}::I{name}Calls as Calls;
/// Its errors.
pub use interface::I{name}::I{name}Errors as Errors;

mod interface {{
    #![allow(missing_docs, clippy::too_many_arguments)]

    alloy::sol! {{
        #![sol(all_derives)]
        {body}
        {members}
    }}
}}
"#
    ))
}

fn source(name: &str) -> Result<String, Box<dyn Error>> {
    let path = format!("src/I{name}.sol");
    println!("cargo::rerun-if-changed={path}");
    Ok(fs::read_to_string(&path)?)
}

fn constants(name: &str) -> Result<String, Box<dyn Error>> {
    let path = format!("artifacts/{name}.json");
    println!("cargo::rerun-if-changed={path}");
    let artifact: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
    let text = |key: &str| artifact[key].as_str().ok_or(format!("{path} has no {key}"));

    let mut places = String::new();
    for place in artifact["immutableReferences"].as_array().ok_or("no immutableReferences")? {
        let number = |key: &str| place[key].as_u64().ok_or(format!("an immutable has no {key}"));
        let start = number("start")?;
        write!(places, "{start}..{},", start + number("length")?)?;
    }
    Ok(format!(
        r#"
use std::ops::Range;

use alloy::primitives::{{Address, B256, Bytes, address, b256, bytes}};

/// Where the contract is on every chain it is deployed to: CREATE2 of [`SALT`] and [`BYTECODE`] by `DEPLOYER`.
pub const ADDRESS: Address = address!("{}");
/// Salt of the deployment: "hospital-record/v1" in ASCII.
pub const SALT: B256 = b256!("{}");
/// Creation code, with its arguments.
pub static BYTECODE: Bytes = bytes!("{}");
/// Code after the deployment; the bytes in [`IMMUTABLES`] are zero here and filled in by the constructor.
pub static DEPLOYED_BYTECODE: Bytes = bytes!("{}");
/// Which bytes of the code the constructor fills in.
#[allow(clippy::single_range_in_vec_init)]
pub const IMMUTABLES: &[Range<usize>] = &[{places}];
/// All of it.
pub static ARTIFACT: crate::Artifact = crate::Artifact {{
    name: "{name}",
    address: ADDRESS,
    salt: SALT,
    bytecode: &BYTECODE,
    deployed_bytecode: &DEPLOYED_BYTECODE,
    immutables: IMMUTABLES,
}};
"#,
        text("address")?,
        text("salt")?,
        text("bytecode")?,
        text("deployedBytecode")?,
    ))
}
