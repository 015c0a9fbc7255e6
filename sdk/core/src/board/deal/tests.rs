#![allow(clippy::unwrap_used)]

use super::super::release::{ShareRelease, open_release, release_share};
use super::*;
use crate::id::{Confidentiality, Folder};
use crate::identity::{Keys, Seed};
use crate::seal::envelope::{EnvelopeKeys, FolderKeyStatement};

mod misdealt;
mod strangers;

const HERE: Deployment = Deployment { chain: 31337, contract: Account([0xcc; 20]) };
const PROFILE: Digest = Digest([3; 32]);
const CASE: Digest = Digest([9; 32]);
const BOARD: Account = Account([0xb0; 20]);
const PATIENT: u8 = 1;
const DOCTOR: u8 = 2;
const MEMBERS: [u8; 4] = [13, 12, 11, 10];

fn person(byte: u8) -> ProfileKeys {
    keys(byte).profile_keys(0)
}

fn keys(byte: u8) -> Keys {
    Keys::derive(&Seed::from_bytes([byte; 32]), HERE, Account([byte; 20]))
}

fn folder() -> Folder {
    keys(PATIENT).folder("heart", Confidentiality::R)
}

fn context() -> EnvelopeContext {
    let patient = Account([PATIENT; 20]);
    let scope = Scope::Folder(folder());
    EnvelopeContext { deployment: HERE, patient, issuer: patient, grantee: BOARD, scope, epoch: 2 }
}

fn payload() -> EnvelopePayload {
    let state = keys(PATIENT).folder_state(folder(), 2);
    let statement = FolderKeyStatement::sign(folder(), &state, HERE, PROFILE, &person(PATIENT)).unwrap();
    EnvelopePayload {
        keys: EnvelopeKeys::Folder { state: Some(state), statement: statement.bytes.to_vec() },
        folder_name: "heart".into(),
        confidentiality: Confidentiality::R,
        sources: vec![],
    }
}

fn dealt(threshold: u8, members: &[u8]) -> Result<Verified<Deal>, CoreError> {
    let members: Vec<_> =
        members.iter().map(|byte| (Account([*byte; 20]), person(*byte).public().hpke.clone())).collect();
    let block = seal_deal(&context(), threshold, &members, &payload(), None, PROFILE, &person(PATIENT))?;
    Ok(Deal::parse(&block.bytes, HERE)?.verify(person(PATIENT).public())?)
}

fn deal() -> Verified<Deal> {
    dealt(2, &MEMBERS).unwrap()
}

fn release(deal: &Verified<Deal>, member: u8, case: Digest) -> Verified<ShareRelease> {
    let doctor = person(DOCTOR);
    let to = (doctor.account(), &doctor.public().hpke);
    let block = release_share(deal, &context(), case, to, PROFILE, &person(member)).unwrap();
    ShareRelease::parse(&block.bytes, HERE).unwrap().verify(person(member).public()).unwrap()
}

fn share(deal: &Verified<Deal>, member: u8) -> Share {
    open_release(&release(deal, member, CASE), deal, &context(), CASE, &person(DOCTOR)).unwrap()
}

fn state(payload: &EnvelopePayload) -> &[u8; 32] {
    match &payload.keys {
        EnvelopeKeys::Folder { state: Some(state), .. } => state.expose_secret(),
        _ => panic!("it is a folder's"),
    }
}

#[test]
fn any_two_of_four_members_open_a_deal_and_one_does_not() {
    let deal = deal();
    for one in MEMBERS {
        for other in MEMBERS {
            let shares = [share(&deal, one), share(&deal, other)];
            match open_deal(&deal, &context(), &shares) {
                Ok(opened) => assert!(one != other && state(&opened) == state(&payload())),
                Err(error) => {
                    assert_eq!(error, CoreError::Seal(SealError::TooFewShares { found: 1, needed: 2 }));
                    assert_eq!(one, other);
                }
            }
        }
    }
}

#[test]
fn boards_of_one_and_of_all_open_too() {
    for threshold in [1, 4] {
        let deal = dealt(threshold, &MEMBERS).unwrap();
        let shares: Vec<_> =
            MEMBERS.iter().map(|member| open_share(&deal, &context(), &person(*member)).unwrap()).collect();
        let (first, few) = shares.split_last().map(|(_, few)| (shares.first().unwrap().clone(), few)).unwrap();
        assert!(open_deal(&deal, &context(), &shares).is_ok());
        assert_eq!(open_deal(&deal, &context(), few).is_ok(), threshold == 1);
        assert_eq!(open_deal(&deal, &context(), &[first]).is_ok(), threshold == 1);
        assert!(open_deal(&deal, &context(), &[]).is_err());
    }
}

#[test]
fn invalid_boards_are_not_dealt_to() {
    let sixteen: Vec<u8> = (10..26).collect();
    assert!(dealt(16, &sixteen).is_ok());
    let wrong: [(u8, &[u8]); 7] = [
        (0, &MEMBERS),
        (5, &MEMBERS),
        (1, &[]),
        (2, &[10, 11, 10]),
        (1, &[10, PATIENT]),
        (1, &[0xb0]),
        (2, &(10..27).collect::<Vec<_>>()),
    ];
    for (threshold, members) in wrong {
        let refused = dealt(threshold, members).err();
        assert!(matches!(refused, Some(CoreError::Block(BlockError::Invalid { .. }))), "{threshold} {members:?}");
    }
}

#[test]
fn only_members_have_a_share() {
    let deal = deal();
    for stranger in [DOCTOR, PATIENT] {
        let member = Account([stranger; 20]);
        assert_eq!(open_share(&deal, &context(), &person(stranger)).err(), Some(SealError::NoShare { member }));
    }
    let older = keys(MEMBERS[0]).profile_keys(1);
    assert!(matches!(open_share(&deal, &context(), &older).err(), Some(SealError::NoShare { .. })));
}

#[test]
fn deal_for_another_patient_board_scope_or_epoch_opens_nothing() {
    let deal = deal();
    let shares = [share(&deal, 10), share(&deal, 11)];
    let other = Account([7; 20]);
    let others = [
        EnvelopeContext { patient: other, ..context() },
        EnvelopeContext { issuer: other, ..context() },
        EnvelopeContext { patient: other, issuer: other, ..context() },
        EnvelopeContext { grantee: other, ..context() },
        EnvelopeContext { epoch: 3, ..context() },
        EnvelopeContext { scope: Scope::Folder(keys(PATIENT).folder("x", Confidentiality::N)), ..context() },
    ];
    for other in others {
        let refused = open_deal(&deal, &other, &shares).err();
        assert!(matches!(refused, Some(CoreError::Seal(SealError::Mismatch { .. }))), "{other:?}");
        assert!(matches!(open_share(&deal, &other, &person(10)).err(), Some(SealError::Mismatch { .. })), "{other:?}");
    }
}

#[test]
fn release_for_another_case_deal_or_person_opens_nothing() {
    let deal = deal();
    let open = |release: &_, deal: &_, case, who| open_release(release, deal, &context(), case, &person(who)).err();
    let right = release(&deal, 10, CASE);
    let mismatch = |field| Some(SealError::Mismatch { what: "the share", field });
    assert_eq!(open(&right, &deal, Digest([8; 32]), DOCTOR), mismatch("case"));
    assert_eq!(open(&right, &self::deal(), CASE, DOCTOR), mismatch("deal"));
    assert_eq!(open(&right, &deal, CASE, 11), mismatch("grantee"));
    let later = keys(DOCTOR).profile_keys(1);
    assert_eq!(open_release(&right, &deal, &context(), CASE, &later).err(), mismatch("recipient key"));
}

/// Another member signs a member's release. It does not become the other member's share.
#[test]
fn error_about_a_stolen_or_invented_release_names_its_member() {
    let deal = deal();
    let thief = person(11);
    let resign = |body, by: &ProfileKeys| {
        let block = block::sign(HERE, PROFILE, body, by).unwrap();
        let release = ShareRelease::parse(&block.bytes, HERE).unwrap().verify(by.public()).unwrap();
        open_release(&release, &deal, &context(), CASE, &person(DOCTOR)).err()
    };
    assert_eq!(resign(release(&deal, 10, CASE).into_body(), &thief), Some(SealError::Unopenable("the share")));
    let stranger = person(7);
    let refused = resign(release(&deal, 10, CASE).into_body(), &stranger);
    assert_eq!(refused, Some(SealError::NoShare { member: stranger.account() }));
    // A member releases a share of another deal as if it were of this one.
    let wrong =
        super::super::release::tests::released_as(&self::deal(), &deal, &context(), CASE, &thief, &person(DOCTOR));
    assert_eq!(wrong, Some(SealError::WrongShare { member: thief.account() }));
}

#[test]
fn shares_of_two_deals_are_not_mixed() {
    let (one, other) = (deal(), deal());
    let mixed = [share(&one, 10), share(&other, 11)];
    let refused = open_deal(&one, &context(), &mixed).err();
    assert_eq!(refused, Some(CoreError::Seal(SealError::Mismatch { what: "a share", field: "deal" })));
    let larger = dealt(2, &(10..26).collect::<Vec<_>>()).unwrap();
    let refused = open_deal(&one, &context(), &[share(&larger, 25), share(&one, 10)]).err();
    assert_eq!(refused, Some(CoreError::Seal(SealError::Mismatch { what: "a share", field: "deal" })));
}

#[test]
fn shares_that_do_not_belong_together_are_detected() {
    let (one, other) = (deal(), deal());
    let mut body = one.into_body();
    body.shares.clone_from(&other.shares);
    let block = block::sign(HERE, PROFILE, body, &person(PATIENT)).unwrap();
    let mixed = Deal::parse(&block.bytes, HERE).unwrap().verify(person(PATIENT).public()).unwrap();
    let shares = [share(&mixed, 10), share(&mixed, 11)];
    assert_eq!(open_deal(&mixed, &context(), &shares).err(), Some(CoreError::Seal(SealError::Unopenable("the deal"))));

    let mut body = mixed.into_body();
    body.shares.swap(0, 1);
    let block = block::sign(HERE, PROFILE, body, &person(PATIENT)).unwrap();
    let swapped = Deal::parse(&block.bytes, HERE).unwrap().verify(person(PATIENT).public()).unwrap();
    assert_eq!(open_share(&swapped, &context(), &person(13)).err(), Some(SealError::Unopenable("the share")));
}

#[test]
fn keys_of_another_folder_or_epoch_are_not_dealt() {
    let members = [(Account([10; 20]), person(10).public().hpke.clone())];
    let deal =
        |context: &EnvelopeContext, keys: &_| seal_deal(context, 1, &members, &payload(), None, PROFILE, keys).err();
    let later = EnvelopeContext { epoch: 3, ..context() };
    assert!(matches!(deal(&later, &person(PATIENT)), Some(CoreError::Seal(SealError::Mismatch { .. }))));
    assert!(matches!(deal(&context(), &person(10)), Some(CoreError::Seal(SealError::Mismatch { .. }))));
}
