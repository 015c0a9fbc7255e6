//! A patient's program deals wrongly: members get the original keys or nothing.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::strangers::{ALIKE, DEAL, flipped};
use super::*;

static SHARES: LazyLock<Vec<Share>> =
    LazyLock::new(|| MEMBERS.map(|member| open_share(&DEAL, &context(), &person(member)).unwrap()).to_vec());

/// The ways in which a patient's program could deal wrongly. Where it names two values, they may be equal.
#[derive(Debug, Clone)]
enum Misdealt {
    Nothing,
    Swapped(usize, usize),
    SealedSwapped(usize, usize),
    Doubled(usize, usize),
    Dropped(usize),
    Threshold(u8),
    Epoch(u16),
    Board,
    Commitment,
    ShareCommitment(usize),
    Payload(prop::sample::Index),
    OtherShare(usize),
    Sealed(usize, prop::sample::Index),
}

fn misdealt() -> impl Strategy<Value = Misdealt> {
    let two = || (0..4_usize, 0..4_usize);
    prop_oneof![
        Just(Misdealt::Nothing),
        two().prop_map(|(one, other)| Misdealt::Swapped(one, other)),
        two().prop_map(|(one, other)| Misdealt::SealedSwapped(one, other)),
        two().prop_map(|(one, other)| Misdealt::Doubled(one, other)),
        (0..4_usize).prop_map(Misdealt::Dropped),
        (0..6_u8).prop_map(Misdealt::Threshold),
        (0..4_u16).prop_map(Misdealt::Epoch),
        Just(Misdealt::Board),
        Just(Misdealt::Commitment),
        (0..4_usize).prop_map(Misdealt::ShareCommitment),
        any::<prop::sample::Index>().prop_map(Misdealt::Payload),
        (0..4_usize).prop_map(Misdealt::OtherShare),
        (0..4_usize, any::<prop::sample::Index>()).prop_map(|(one, at)| Misdealt::Sealed(one, at)),
    ]
}

fn misdeal(body: &mut Deal, how: &Misdealt) {
    match *how {
        Misdealt::Nothing => (),
        Misdealt::Swapped(one, other) => body.shares.swap(one, other),
        Misdealt::SealedSwapped(one, other) => {
            let sealed = body.shares[one].sealed.clone();
            body.shares[one].sealed = std::mem::replace(&mut body.shares[other].sealed, sealed);
        }
        Misdealt::Doubled(one, other) => body.shares[one] = body.shares[other].clone(),
        Misdealt::Dropped(one) => drop(body.shares.remove(one)),
        Misdealt::Threshold(threshold) => body.threshold = threshold,
        Misdealt::Epoch(epoch) => body.epoch = epoch,
        Misdealt::Board => body.board.0[0] ^= 1,
        Misdealt::Commitment => body.commitment.0[0] ^= 1,
        Misdealt::ShareCommitment(one) => body.shares[one].commitment.0[0] ^= 1,
        Misdealt::Payload(at) => {
            let at = at.index(body.payload.len());
            body.payload[at] ^= 1;
        }
        Misdealt::OtherShare(one) => body.shares[one] = ALIKE[0].1.shares[one].clone(),
        Misdealt::Sealed(one, at) => {
            let sealed = flipped(&body.shares[one].sealed, at);
            body.shares[one].sealed = sealed.unwrap_or_else(|| body.shares[one].sealed.clone());
        }
    }
}

/// The shares that members get from a deal. Each is the original share, and is released if it can be opened.
fn shares_of(deal: &Verified<Deal>) -> Vec<Option<Share>> {
    let doctor = person(DOCTOR);
    let own = MEMBERS.map(|member| {
        let share = open_share(deal, &context(), &person(member)).ok();
        let to = (doctor.account(), &doctor.public().hpke);
        let released = release_share(deal, &context(), CASE, to, PROFILE, &person(member));
        assert_eq!(released.is_ok(), share.is_some(), "{member} releases what it cannot open");
        share
    });
    own.to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_deal_that_was_changed_opens_as_it_was_or_not_at_all(
        how in misdealt(),
        members in prop::sample::subsequence(vec![0, 1, 2, 3], 2..=4),
    ) {
        let mut body = DEAL.clone().into_body();
        misdeal(&mut body, &how);
        let (whole, key_kept) = (body == **DEAL, body.commitment == DEAL.commitment && body.payload == DEAL.payload);
        let Ok(block) = block::sign(HERE, PROFILE, body, &person(PATIENT)) else { return Ok(()) };
        let changed = Deal::parse(&block.bytes, HERE).unwrap().verify(person(PATIENT).public()).unwrap();
        let (before, after) = (&SHARES[..], shares_of(&changed));
        for at in members.iter().copied() {
            let same = after[at].as_ref().is_none_or(|share| share.bytes() == before[at].bytes());
            prop_assert!(same || matches!(how, Misdealt::OtherShare(_)), "another share than was dealt");
        }
        let own: Option<Vec<_>> = members.iter().map(|at| after[*at].clone()).collect();
        let old = members.iter().map(|at| before[*at].clone()).collect();
        for shares in [own.unwrap_or_default(), old] {
            match open_deal(&changed, &context(), &shares) {
                Ok(opened) => prop_assert!(key_kept && state(&opened) == state(&payload())),
                Err(error) => prop_assert!(!whole, "{:?}", error),
            }
        }
    }
}
