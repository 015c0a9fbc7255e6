//! Shares and releases of strangers open the patient's keys or nothing.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const STRANGER: u8 = 7;

fn dealt_in(context: &EnvelopeContext, threshold: u8, members: &[u8]) -> Verified<Deal> {
    let to = |byte: &u8| (Account([*byte; 20]), person(*byte).public().hpke.clone());
    let members: Vec<_> = members.iter().map(to).collect();
    let state = keys(PATIENT).folder_state(folder(), context.epoch);
    let statement = FolderKeyStatement::sign(folder(), &state, HERE, PROFILE, &person(PATIENT)).unwrap();
    let keys = EnvelopeKeys::Folder { state: Some(state), statement: statement.bytes.to_vec() };
    let payload = EnvelopePayload { keys, ..payload() };
    let block = seal_deal(context, threshold, &members, &payload, None, PROFILE, &person(PATIENT)).unwrap();
    Deal::parse(&block.bytes, HERE).unwrap().verify(person(PATIENT).public()).unwrap()
}

/// Deals that could be confused: dealt again, or with another epoch, board, threshold, size or order.
fn alike(threshold: u8) -> Vec<(EnvelopeContext, Verified<Deal>)> {
    let later = EnvelopeContext { epoch: 3, ..context() };
    let elsewhere = EnvelopeContext { grantee: Account([0xb1; 20]), ..context() };
    let mut turned = MEMBERS;
    turned.reverse();
    let of = |context: EnvelopeContext, threshold, members: &[u8]| (context, dealt_in(&context, threshold, members));
    vec![
        of(context(), threshold, &MEMBERS),
        of(later, threshold, &MEMBERS),
        of(elsewhere, threshold, &MEMBERS),
        of(context(), threshold % 4 + 1, &MEMBERS),
        of(context(), 1, &MEMBERS[..3]),
        of(context(), threshold, &turned),
    ]
}

struct Pool {
    deal: Verified<Deal>,
    /// The deal's own shares, and then those of others.
    shares: Vec<Share>,
}

static STATE: LazyLock<[u8; 32]> = LazyLock::new(|| *state(&payload()));

static POOLS: LazyLock<Vec<Pool>> = LazyLock::new(|| {
    let pool = |threshold| {
        let deal = dealt(threshold, &MEMBERS).unwrap();
        let own = MEMBERS.map(|member| open_share(&deal, &context(), &person(member)).unwrap());
        let others = alike(threshold).into_iter().flat_map(|(context, other)| {
            MEMBERS.map(|member| open_share(&other, &context, &person(member)).ok()).into_iter().flatten()
        });
        Pool { shares: own.into_iter().chain(others).collect(), deal }
    };
    (1..=4).map(pool).collect()
});

#[derive(Debug, Clone)]
enum Hand {
    Left,
    Flipped(usize),
    Renumbered(u8),
}

impl Hand {
    fn on(&self, share: &mut Share) {
        match *self {
            Self::Left => (),
            Self::Flipped(bit) if bit < 256 => share.blinder[bit / 8] ^= 1 << (bit % 8),
            Self::Flipped(bit) => share.value[bit / 8 - SECRET] ^= 1 << (bit % 8),
            Self::Renumbered(number) => share.number = number,
        }
    }
}

fn hands() -> impl Strategy<Value = Vec<(usize, Hand)>> {
    let hand = prop_oneof![
        20 => Just(Hand::Left),
        1 => (0..512_usize).prop_map(Hand::Flipped),
        1 => (0..6_u8).prop_map(Hand::Renumbered),
        1 => any::<u8>().prop_map(Hand::Renumbered),
    ];
    let which = prop_oneof![20 => 0..4_usize, 1 => 4..27_usize];
    prop::collection::vec((which, hand), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_handful_of_shares_opens_when_all_are_right_and_enough(threshold in 1..=4_usize, hands in hands()) {
        let Pool { deal, shares } = &POOLS[threshold - 1];
        let (mut given, mut numbers, mut right) = (Vec::new(), BTreeSet::new(), true);
        for (which, hand) in &hands {
            let mut share = shares[*which].clone();
            hand.on(&mut share);
            let number = usize::from(share.number);
            right &= *which < 4 && number == which + 1 && !matches!(hand, Hand::Flipped(_));
            numbers.insert(number);
            given.push(share);
        }
        let opened = open_deal(deal, &context(), &given).map(|opened| *state(&opened));
        let found = numbers.len();
        let expected = if !right {
            Err(SealError::Mismatch { what: "a share", field: "deal" }.into())
        } else if found < threshold {
            Err(SealError::TooFewShares { found, needed: threshold }.into())
        } else {
            Ok(*STATE)
        };
        prop_assert_eq!(opened, expected);
    }
}

pub(super) static DEAL: LazyLock<Verified<Deal>> = LazyLock::new(deal);
pub(super) static ALIKE: LazyLock<Vec<(EnvelopeContext, Verified<Deal>)>> = LazyLock::new(|| alike(2));

/// Flips one bit of a sealed value, if the result still parses.
pub(super) fn flipped(sealed: &Sealed, at: prop::sample::Index) -> Option<Sealed> {
    let mut bytes = cbor::encode("share", sealed).unwrap();
    let at = at.index(bytes.len() * 8);
    bytes[at / 8] ^= 1 << (at % 8);
    cbor::decode("share", &bytes).ok()
}

#[derive(Debug, Clone)]
enum Altered {
    Nothing,
    Deal,
    Case,
    Grantee,
    Key,
    Sealed(prop::sample::Index),
}

fn altered() -> impl Strategy<Value = Altered> {
    prop_oneof![
        4 => Just(Altered::Nothing),
        1 => select(vec![Altered::Deal, Altered::Case, Altered::Grantee, Altered::Key]),
        4 => any::<prop::sample::Index>().prop_map(Altered::Sealed),
    ]
}

fn alter(body: &mut ShareRelease, how: &Altered) {
    match how {
        Altered::Nothing => (),
        Altered::Deal => body.deal.0[0] ^= 1,
        Altered::Case => body.case.0[31] ^= 1,
        Altered::Grantee => body.grantee.0[19] ^= 1,
        Altered::Key => body.key_id.0[0] ^= 1,
        Altered::Sealed(at) => body.sealed = flipped(&body.sealed, *at).unwrap_or_else(|| body.sealed.clone()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn release_opens_only_unchanged_and_for_its_own_deal(
        member in select(MEMBERS.to_vec()),
        signer in prop_oneof![select(MEMBERS.to_vec()), select(vec![PATIENT, DOCTOR, STRANGER])],
        how in altered(),
        other in prop::option::weighted(0.3, 0..6_usize),
    ) {
        let mut body = release(&DEAL, member, CASE).into_body();
        let whole = body.clone();
        alter(&mut body, &how);
        let named = (body.deal, body.case, body.grantee, body.key_id) != (whole.deal, whole.case, whole.grantee, whole.key_id);
        let same = body == whole;
        let block = block::sign(HERE, PROFILE, body, &person(signer)).unwrap();
        let release = ShareRelease::parse(&block.bytes, HERE).unwrap().verify(person(signer).public()).unwrap();
        let (context, deal) = other.map_or((context(), &*DEAL), |at| (ALIKE[at].0, &ALIKE[at].1));
        let opened = open_release(&release, deal, &context, CASE, &person(DOCTOR));
        match opened {
            Ok(share) => {
                prop_assert!(same && other.is_none() && signer == member);
                let own = open_share(&DEAL, &context, &person(member)).unwrap();
                prop_assert_eq!((share.number, share.bytes()), (own.number, own.bytes()));
            }
            Err(SealError::Mismatch { what: "the share", .. }) => prop_assert!(named || other.is_some()),
            Err(SealError::NoShare { member }) => {
                prop_assert_eq!(member, Account([signer; 20]));
                prop_assert!(!MEMBERS.contains(&signer));
            }
            Err(error) => {
                let unopenable = matches!(error, SealError::Unopenable("the share") | SealError::UnknownSuite(_));
                prop_assert!(unopenable && (!same || signer != member), "{:?}", error);
            }
        }
    }
}
