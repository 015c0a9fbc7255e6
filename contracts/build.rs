//! Turns the committed artifact into constants, so that a broken one is found by the compiler and not by a user.

use std::{env, error::Error, fmt::Write, fs, path::Path};

use serde_json::Value;

const ARTIFACT: &str = "artifacts/HospitalRecord.json";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={ARTIFACT}");
    println!("cargo::rerun-if-changed=src/IHospitalRecord.sol");
    let artifact: Value = serde_json::from_str(&fs::read_to_string(ARTIFACT)?)?;
    let text = |key: &str| artifact[key].as_str().ok_or(format!("{ARTIFACT} has no {key}"));

    let mut places = String::new();
    for place in artifact["immutableReferences"].as_array().ok_or("no immutableReferences")? {
        let number = |key: &str| place[key].as_u64().ok_or(format!("an immutable has no {key}"));
        let start = number("start")?;
        write!(places, "{start}..{},", start + number("length")?)?;
    }
    let constants = format!(
        r#"/// Where the contract is on every chain it is deployed to: CREATE2 of [`SALT`] and [`BYTECODE`] by [`DEPLOYER`].
pub const ADDRESS: Address = address!("{}");
/// Salt of the deployment: "hospital-record/v1" in ASCII.
pub const SALT: B256 = b256!("{}");
/// Creation code. It takes no arguments.
pub static BYTECODE: Bytes = bytes!("{}");
/// Code after the deployment; the bytes in [`IMMUTABLES`] are zero here and filled in by the constructor.
pub static DEPLOYED_BYTECODE: Bytes = bytes!("{}");
/// Which bytes of the code the constructor fills in.
#[allow(clippy::single_range_in_vec_init)]
pub const IMMUTABLES: &[Range<usize>] = &[{places}];
"#,
        text("address")?,
        text("salt")?,
        text("bytecode")?,
        text("deployedBytecode")?,
    );
    fs::write(Path::new(&env::var("OUT_DIR")?).join("artifact.rs"), constants)?;
    Ok(())
}
