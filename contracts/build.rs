//! Turns the committed artifacts into constants, so that a broken one is found by the compiler and not by a user, and
//! the interfaces into Rust, each with what all of them share.

use std::{env, error::Error, fmt::Write, fs, path::Path};

use serde_json::Value;

const CONTRACTS: [&str; 4] = ["HospitalRecord", "Vouching", "AccessRequests", "Boards"];
/// `Boards` makes it, so it has no artifact of its own.
const BOARD: &str = "Board";

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::var("OUT_DIR")?;
    for name in CONTRACTS {
        fs::write(Path::new(&out).join(format!("{name}.rs")), constants(name)?)?;
    }
    for name in CONTRACTS.into_iter().chain([BOARD]) {
        fs::write(Path::new(&out).join(format!("I{name}.rs")), interface(name)?)?;
    }
    Ok(())
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
    Ok(format!("alloy::sol! {{\n#![sol(all_derives)]\n{body}\n{members}\n}}\n"))
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
        r#"/// Where the contract is on every chain it is deployed to: CREATE2 of [`SALT`] and [`BYTECODE`] by `DEPLOYER`.
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

/// What to send to `DEPLOYER` to get the contract at [`ADDRESS`].
#[must_use]
pub fn deploy_calldata() -> Bytes {{
    [SALT.as_slice(), &BYTECODE].concat().into()
}}

/// Whether this is the code of the contract, whatever its constructor filled in.
#[must_use]
pub fn is_deployed_code(code: &[u8]) -> bool {{
    crate::is_same_but(IMMUTABLES, &DEPLOYED_BYTECODE, code)
}}
"#,
        text("address")?,
        text("salt")?,
        text("bytecode")?,
        text("deployedBytecode")?,
    ))
}
