//! Vectors of keyrings, with and without deals to boards.

use hospital_record_core::block::Body;
use hospital_record_core::id::{Account, Digest, Epoch, Folder};
use hospital_record_core::seal::envelope::FolderKeyStatement;
use hospital_record_core::seal::keyring::{Keyring, KeyringDeal, KeyringEntry, open_keyring, seal_keyring};
use hospital_record_core::seal::ratchet::FolderState;
use serde::Serialize;
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

use crate::check::{Outcome, error_name, public};
use crate::dishonest::signed;
use crate::json::*;
use crate::make::{Change, Vectors, row, with};
use crate::make_blocks::{self, held, hexed, spoilt};

pub fn all() -> Vectors {
    [readers(), deals(), contradictions(), shapes()].concat()
}

pub fn block(readers: &[Value], deals: &[KeyringDeal]) -> Value {
    let ana = person(1);
    let reader = |person: &Value| (account(&person["account"]), profile_keys(person).public().hpke.clone());
    let readers: Vec<_> = readers.iter().map(reader).collect();
    let (profile, keys) = (profile_digest(&ana), profile_keys(&ana));
    hexed(&seal_keyring(HERE, make_blocks::folder(), &held(), &readers, deals.to_vec(), profile, &keys).unwrap())
}

fn vector(deals: &[KeyringDeal]) -> Value {
    json!({ "patient": person(1), "grantee": person(2), "folder": make_blocks::folder().number(), "epoch": 7,
        "state": hex::encode([0x77; 32]), "block": block(&[person(3), person(2)], deals) })
}

fn readers() -> Vectors {
    let vector = vector(&[]);
    let mut vectors = spoilt("keyring", "patient", &vector);
    vectors.push(row("keyring", "fails_account_without_entry", with(&vector, |vector| vector["grantee"] = person(4))));
    vectors.push(row("keyring", "fails_other_folder", with(&vector, |vector| vector["folder"] = json!(1))));
    let nobody = with(&vector, |vector| vector["block"] = block(&[], &[]));
    vectors.push(row("keyring", "fails_empty_keyring", nobody));
    vectors.push(row("keyring", "opens_second_reader", with(&vector, |vector| vector["grantee"] = person(3))));
    vectors.push(row("keyring", "opens_first_reader", vector));
    vectors
}

/// Of boards 0, 1, ...
fn dealt(count: u8) -> Vec<KeyringDeal> {
    (0..count).map(|byte| KeyringDeal { board: Account([byte; 20]), deal: Digest([byte; 32]) }).collect()
}

fn json_of(deals: &[KeyringDeal]) -> Value {
    let dealt = |dealt: &KeyringDeal| json!({ "board": hex::encode(dealt.board.0), "deal": hex::encode(dealt.deal.0) });
    deals.iter().map(dealt).collect()
}

fn deals() -> Vectors {
    let opens = |deals: &[KeyringDeal]| with(&vector(deals), |vector| vector["deals"] = json_of(deals));
    let two = opens(&dealt(2));
    let board = with(&two, |vector| vector["grantee"]["account"] = json!(hex::encode([1; 20])));
    vec![
        row("keyring", "opens_with_deals", two),
        row("keyring", "opens_with_sixteen_deals", opens(&dealt(16))),
        row("keyring", "fails_board_has_no_entry", board),
    ]
}

fn body() -> Keyring {
    let two = vector(&dealt(2));
    Keyring::parse(&bytes(&two["block"]), HERE).unwrap().verify(&public(&two["patient"])).unwrap().into_body()
}

fn forged(body: &impl Serialize) -> Value {
    with(&vector(&[]), |vector| vector["block"] = signed("keyring", body, &person(1)))
}

fn stated(patient: u8, folder: Folder, epoch: Epoch, state: u8) -> ByteBuf {
    let (patient, state) = (person(patient), FolderState::from_bytes(epoch, [state; 32]));
    let statement =
        FolderKeyStatement::sign(folder, &state, HERE, profile_digest(&patient), &profile_keys(&patient)).unwrap();
    ByteBuf::from(statement.bytes.to_vec())
}

/// Keyrings whose fields are well formed but must not be combined.
fn contradictions() -> Vectors {
    let rows: [Change<Keyring>; 9] = [
        ("fails_deals_unsorted", |keyring| keyring.deals.reverse()),
        ("fails_board_twice", |keyring| keyring.deals[1].board = keyring.deals[0].board),
        ("fails_seventeen_deals", |keyring| keyring.deals = dealt(17)),
        ("fails_entries_unsorted", |keyring| keyring.entries.reverse()),
        ("fails_reader_twice", |keyring| keyring.entries[1] = keyring.entries[0].clone()),
        ("fails_statement_of_another_epoch", |keyring| keyring.statement = stated(1, make_blocks::folder(), 6, 0x77)),
        ("fails_statement_of_another_folder", |keyring| {
            keyring.statement = stated(1, Folder::new(1).unwrap(), 7, 0x77)
        }),
        ("fails_statement_of_another_patient", |keyring| keyring.statement = stated(2, make_blocks::folder(), 7, 0x77)),
        ("fails_statement_of_another_key", |keyring| keyring.statement = stated(1, make_blocks::folder(), 7, 0x78)),
    ];
    let changed = |change: fn(&mut Keyring)| {
        let mut body = body();
        change(&mut body);
        forged(&body)
    };
    rows.into_iter().map(|(name, change)| row("keyring", name, changed(change))).collect()
}

/// A keyring that encodes its deals in any shape.
#[derive(Serialize)]
struct Shaped<D> {
    folder: Folder,
    epoch: Epoch,
    statement: ByteBuf,
    entries: Vec<KeyringEntry>,
    deals: D,
}

#[derive(Serialize)]
struct ShapedDeal {
    board: Account,
    deal: ByteBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<u8>,
}

fn shapes() -> Vectors {
    fn shaped(deals: impl Serialize) -> Value {
        let Keyring { folder, epoch, statement, entries, .. } = body();
        forged(&Shaped { folder, epoch, statement, entries, deals })
    }
    let deal = |length, more| ShapedDeal { board: Account([1; 20]), deal: ByteBuf::from(vec![1; length]), more };
    let right = with(&shaped([deal(32, None)]), |vector| vector["deals"] = json_of(&dealt(2)[1..]));
    assert_eq!(keyring(&right), Ok(()), "only the shape is wrong in the following vectors");
    vec![
        row("keyring", "fails_deals_written_although_empty", shaped(Vec::<KeyringDeal>::new())),
        row("keyring", "fails_deals_null", shaped(None::<u8>)),
        row("keyring", "fails_deal_with_a_field_more", shaped([deal(32, Some(0))])),
        row("keyring", "fails_deal_of_31_bytes", shaped([deal(31, None)])),
    ]
}

pub fn keyring(vector: &Value) -> Outcome {
    let here = deployment(&vector["patient"]);
    let unverified = Keyring::parse(&bytes(&vector["block"]), here).map_err(error_name)?;
    let keyring = unverified.verify(&public(&vector["patient"])).map_err(error_name)?;
    let reader = profile_keys(&vector["grantee"]);
    let opened = open_keyring(&keyring, here, folder(&vector["folder"]), &reader).map_err(error_name)?;
    assert_eq!(opened.epoch() as u64, number(&vector["epoch"]));
    assert_eq!(opened.expose_secret(), &array::<32>(&vector["state"]));
    assert_eq!(&json_of(&keyring.deals), vector.get("deals").unwrap_or(&json!([])));
    Ok(())
}
