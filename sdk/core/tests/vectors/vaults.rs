//! Vaults: a phrase under a random key, and that key under what a login gives.

use hospital_record_core::vault::{
    opaque::ExportKey,
    sealed::{Place, VaultKey},
};
use serde_json::{Value, json};

use crate::check::{Outcome, error_name};
use crate::json::{account, array, bytes, deployment, number, person, text};
use crate::make::{Vectors, flip, row, with};

fn place(vector: &Value) -> Place<'_> {
    Place {
        deployment: deployment(vector),
        host: text(&vector["host"]),
        account: account(&vector["account"]),
        generation: number(&vector["generation"]),
    }
}

pub fn vault(vector: &Value) -> Outcome {
    let way = ExportKey::from(array::<64>(&vector["export_key"]));
    let key = VaultKey::unwrap(&place(vector), &way, &bytes(&vector["wrapped"])).map_err(error_name)?;
    let content = key.open(&place(vector), &bytes(&vector["sealed"])).map_err(error_name)?;
    assert_eq!(*content, bytes(&vector["content"]));
    Ok(())
}

pub fn all() -> Vectors {
    let ana = person(1);
    let content = [&[0, 0, 0, 7][..], b"legal winner thank year wave sausage worth useful legal winner thank yellow"];
    let mut vector = json!({ "chain": ana["chain"], "contract": ana["contract"], "account": ana["account"],
        "host": "clinic.example:8443", "generation": 3, "export_key": hex::encode([0x66; 64]),
        "content": hex::encode(content.concat()) });
    let key = VaultKey::random().unwrap();
    let wrapped = key.wrap(&place(&vector), &ExportKey::from([0x66; 64])).unwrap();
    let sealed = key.seal(&place(&vector), &bytes(&vector["content"])).unwrap();
    vector["wrapped"] = json!(hex::encode(wrapped));
    vector["sealed"] = json!(hex::encode(sealed));
    let fails = |name, change: fn(&mut Value)| row("vault", name, with(&vector, change));
    vec![
        fails("fails_at_another_host", |vector| vector["host"] = json!("clinic.example")),
        fails("fails_in_another_generation", |vector| vector["generation"] = json!(4)),
        fails("fails_of_another_account", |vector| flip(&mut vector["account"], 1)),
        fails("fails_on_another_chain", |vector| vector["chain"] = json!(7)),
        fails("fails_with_another_way", |vector| flip(&mut vector["export_key"], 1)),
        fails("fails_sealed_flipped", |vector| flip(&mut vector["sealed"], 20)),
        row("vault", "opens_a_phrase_of_account_7", vector.clone()),
    ]
}
