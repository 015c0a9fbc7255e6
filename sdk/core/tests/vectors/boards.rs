//! Vectors of boards: deals to members, and releases of members.

use hospital_record_core::block::{Body, Verified};
use hospital_record_core::board::deal::{Deal, Share, open_deal, open_share, seal_deal};
use hospital_record_core::board::release::{ShareRelease, open_release, release_share};
use hospital_record_core::id::{Confidentiality, Digest, RecordKey, Scope, block_digest};
use hospital_record_core::seal::envelope::{EnvelopeContext, EnvelopeKeys, EnvelopePayload};
use hospital_record_core::seal::stream::ContentKey;
use serde_json::{Value, json};

use crate::check::{Outcome, error_name, fields, public};
use crate::dishonest::{sealed, signed};
use crate::json::*;
use crate::make::{Vectors, row, with};
use crate::make_blocks::{folder, held, spoilt, statement};

const MEMBERS: [u8; 3] = [5, 4, 3];

pub fn all() -> Vectors {
    [deals(), shares()].concat()
}

fn context(scope: Scope) -> Value {
    let ana = person(1);
    json!({ "chain": 31337, "contract": ana["contract"], "patient": ana["account"], "issuer": ana["account"],
        "grantee": hex::encode([0xb0; 20]), "scope": hex::encode(scope.to_bytes()), "epoch": 7 })
}

fn block(context: &Value, threshold: u8, keys: EnvelopeKeys) -> Value {
    let ana = person(1);
    let member = |byte: &u8| (account(&person(*byte)["account"]), profile_keys(&person(*byte)).public().hpke.clone());
    let members: Vec<_> = MEMBERS.iter().map(member).collect();
    let payload =
        EnvelopePayload {
            keys, folder_name: "心臓".into(), confidentiality: Confidentiality::R, sources: Vec::new()
        };
    let context = envelope_context(context);
    let deal =
        seal_deal(&context, threshold, &members, &payload, None, profile_digest(&ana), &profile_keys(&ana)).unwrap();
    json!(hex::encode(&deal.bytes))
}

fn released(vector: &Value, byte: u8) -> Value {
    let (member, lee) = (person(byte), profile_keys(&person(2)));
    let deal = deal_of(vector, &vector["block"]).unwrap();
    let to = (account(&person(2)["account"]), &lee.public().hpke);
    let (context, case) = (envelope_context(&vector["context"]), Digest(array(&vector["case"])));
    let block = release_share(&deal, &context, case, to, profile_digest(&member), &profile_keys(&member)).unwrap();
    json!({ "member": member, "block": hex::encode(&block.bytes) })
}

/// A deal whose first members released their shares.
fn vector(scope: Scope, threshold: u8, keys: EnvelopeKeys, secret: [u8; 32]) -> Value {
    let context = context(scope);
    let block = block(&context, threshold, keys);
    let mut vector = json!({ "context": context, "patient": person(1), "grantee": person(2), "block": block,
        "case": hex::encode([9; 32]), "secret": hex::encode(secret), "folder_name": "心臓" });
    let releases = MEMBERS.iter().take(threshold.into()).map(|member| released(&vector, *member)).collect();
    vector["releases"] = Value::Array(releases);
    vector
}

fn two_of_three() -> Value {
    let keys = EnvelopeKeys::Folder { state: Some(held()), statement: statement(&person(1)).bytes.to_vec() };
    vector(Scope::Folder(folder()), 2, keys, [0x77; 32])
}

fn deals() -> Vectors {
    let content = || EnvelopeKeys::Record { content: ContentKey::from_bytes([0x44; 32]) };
    let record = |threshold| vector(Scope::Record(RecordKey([0xab; 32])), threshold, content(), [0x44; 32]);
    let whole = two_of_three();
    let other = two_of_three();
    let mut vectors = spoilt("deal", "patient", &whole);
    let changed = [
        ("patient", person(2)["account"].clone()),
        ("grantee", json!(hex::encode([0xb1; 20]))),
        ("scope", json!(hex::encode([0xab; 32]))),
        ("epoch", json!(8)),
        ("chain", json!(1)),
    ];
    for (field, value) in changed {
        let changed = with(&whole, |vector| vector["context"][field] = value);
        vectors.push(row("deal", &format!("fails_other_{field}"), changed));
    }
    let one = |vector: &mut Value| vector["releases"].as_array_mut().unwrap().truncate(1);
    vectors.push(row("deal", "fails_one_share_of_two", with(&whole, one)));
    let twice = with(&whole, |vector| vector["releases"][1] = vector["releases"][0].clone());
    vectors.push(row("deal", "fails_one_share_twice", twice));
    let mixed = with(&whole, |vector| vector["releases"][1] = other["releases"][1].clone());
    vectors.push(row("deal", "fails_share_of_another_deal", mixed));
    let third = with(&whole, |vector| vector["releases"][1] = released(vector, MEMBERS[2]));
    vectors.push(row("deal", "opens_another_two_of_three", third));
    vectors.push(row("deal", "fails_commitment_flipped", committed_otherwise(&whole)));
    vectors.push(row("deal", "opens_two_of_three", whole));
    vectors.push(row("deal", "opens_one_of_three", record(1)));
    vectors.push(row("deal", "opens_three_of_three", record(3)));
    vectors
}

/// The payload opens with the key from the shares, but the patient committed to another key.
fn committed_otherwise(whole: &Value) -> Value {
    let mut body = deal_of(whole, &whole["block"]).unwrap().into_body();
    body.commitment.0[0] ^= 1;
    let mut vector = with(whole, |vector| vector["block"] = signed(Deal::KIND, &body, &vector["patient"]));
    let releases = MEMBERS[..2].iter().map(|member| released(&vector, *member)).collect();
    vector["releases"] = Value::Array(releases);
    vector
}

/// The first member's program releases arbitrary bytes.
fn released_otherwise(vector: &Value, plain: &[u8]) -> Value {
    let (terms, lee, deal) = (envelope_context(&vector["context"]), &vector["grantee"], bytes(&vector["deal"]));
    let (to, deal, case) = (public(lee).hpke, block_digest(&deal), Digest(array(&vector["case"])));
    let (grantee, key_id, member) = (account(&lee["account"]), to.key_id(), account(&vector["member"]["account"]));
    let (label, here) = (b"hospital-record/v1/share-release", terms.deployment);
    let context = [&[0, label.len() as u8], label.as_slice(), &here.chain.to_be_bytes(), &here.contract.0].concat();
    let dealt = [&context, &terms.patient.0[..], &terms.grantee.0, &terms.scope.to_bytes(), &terms.epoch.to_be_bytes()];
    let info = [&dealt.concat(), &[2, 3, 1][..], &member.0, &deal.0, &case.0, &grantee.0, &key_id.0].concat();
    let sealed = sealed(to.as_bytes(), &info, plain);
    let body = ShareRelease { deal, case, grantee, key_id, sealed };
    with(vector, |vector| vector["block"] = signed(ShareRelease::KIND, &body, &vector["member"]))
}

fn shares() -> Vectors {
    let deal = two_of_three();
    let vector = json!({ "context": deal["context"], "patient": deal["patient"], "grantee": deal["grantee"],
        "case": deal["case"], "deal": deal["block"], "member": deal["releases"][0]["member"],
        "block": deal["releases"][0]["block"] });
    let mut vectors = spoilt("share", "member", &vector);
    let case = with(&vector, |vector| vector["case"] = json!(hex::encode([8; 32])));
    vectors.push(row("share", "fails_other_case", case));
    vectors.push(row("share", "fails_other_recipient", with(&vector, |vector| vector["grantee"] = person(3))));
    vectors.push(row("share", "fails_another_share", released_otherwise(&vector, &[0x11; 64])));
    vectors.push(row("share", "fails_share_of_63_bytes", released_otherwise(&vector, &[0x11; 63])));
    vectors.push(row("share", "opens_release", vector));
    vectors
}

fn deal_of(vector: &Value, block: &Value) -> Result<Verified<Deal>, String> {
    let deal = Deal::parse(&bytes(block), deployment(&vector["context"])).map_err(error_name)?;
    deal.verify(profile_keys(&vector["patient"]).public()).map_err(error_name)
}

fn share_of(
    vector: &Value,
    deal: &Verified<Deal>,
    context: &EnvelopeContext,
    (member, block): (&Value, &Value),
) -> Result<Share, String> {
    let release = ShareRelease::parse(&bytes(block), context.deployment).map_err(error_name)?;
    let member = profile_keys(member);
    let release = release.verify(member.public()).map_err(error_name)?;
    let (case, grantee) = (Digest(array(&vector["case"])), profile_keys(&vector["grantee"]));
    let share = open_release(&release, deal, context, case, &grantee).map_err(error_name)?;
    assert!(open_share(deal, context, &member).is_ok(), "a member cannot open what it released");
    Ok(share)
}

pub fn deal(vector: &Value) -> Outcome {
    let (deal, context) = (deal_of(vector, &vector["block"])?, envelope_context(&vector["context"]));
    let releases = vector["releases"].as_array().unwrap().iter();
    let shares = releases.map(|release| share_of(vector, &deal, &context, (&release["member"], &release["block"])));
    let payload = open_deal(&deal, &context, &shares.collect::<Result<Vec<_>, _>>()?).map_err(error_name)?;
    let (_, secret, _) = fields(payload.keys);
    assert_eq!(hex::encode(secret), text(&vector["secret"]));
    assert_eq!(payload.folder_name, text(&vector["folder_name"]));
    Ok(())
}

pub fn share(vector: &Value) -> Outcome {
    let (deal, context) = (deal_of(vector, &vector["deal"])?, envelope_context(&vector["context"]));
    share_of(vector, &deal, &context, (&vector["member"], &vector["block"])).map(drop)
}
