//! The most gas that a request may need, by its verb: what the contracts' snapshots say, with a margin.

use std::collections::HashMap;

use hospital_record::ledger::{
    Act,
    ContractKind::{self, AccessRequests, Board, Boards, HospitalRecord, Vouching},
};

/// `make gas` writes them, and CI fails when they move.
const SNAPSHOTS: [(&str, &str); 4] = [
    ("HospitalRecord", include_str!("../../../contracts/snapshots/HospitalRecord.json")),
    ("Vouching", include_str!("../../../contracts/snapshots/Vouching.json")),
    ("AccessRequests", include_str!("../../../contracts/snapshots/AccessRequests.json")),
    ("Board", include_str!("../../../contracts/snapshots/Board.json")),
];

/// A verb that has a signed form.
struct Verb {
    kind: ContractKind,
    name: &'static str,
    /// The snapshot of the verb, sent by whoever acts.
    one: &'static str,
    /// Where it has a list: the snapshot of one item more, and the words that an item takes.
    each: Option<(&'static str, usize)>,
}

const fn one(kind: ContractKind, name: &'static str, one: &'static str) -> Verb {
    Verb { kind, name, one, each: None }
}

const fn several(name: &'static str, one: &'static str, each: &'static str, words: usize) -> Verb {
    Verb { kind: HospitalRecord, name, one, each: Some((each, words)) }
}

/// Every verb that a relay carries. A new one needs its row here and nothing else.
const VERBS: [Verb; 34] = [
    one(HospitalRecord, "SetProfile", "HospitalRecord.register"),
    one(HospitalRecord, "Checkpoint", "HospitalRecord.checkpoint"),
    one(HospitalRecord, "AddRecord", "HospitalRecord.addRecordByContributor"),
    several("AddRecords", "HospitalRecord.addRecordByContributor", "HospitalRecord.addRecordsTenSigned", 1),
    one(HospitalRecord, "Replace", "HospitalRecord.replace"),
    one(HospitalRecord, "SetStatus", "HospitalRecord.setStatus"),
    one(HospitalRecord, "Attest", "HospitalRecord.attest"),
    one(HospitalRecord, "Grant", "HospitalRecord.grant"),
    several("GrantMany", "HospitalRecord.grant", "HospitalRecord.grantTenSigned", 7),
    one(HospitalRecord, "PassOn", "HospitalRecord.passOn"),
    one(HospitalRecord, "Rotate", "HospitalRecord.rotate"),
    one(HospitalRecord, "Renounce", "HospitalRecord.renounce"),
    one(HospitalRecord, "Withdraw", "HospitalRecord.withdraw"),
    one(HospitalRecord, "LogAccess", "HospitalRecord.logAccessLevel3"),
    several("LogAccesses", "HospitalRecord.logAccessLevel3", "HospitalRecord.logAccessTenSigned", 1),
    one(HospitalRecord, "InvalidateNonces", "HospitalRecord.invalidateNonces"),
    one(HospitalRecord, "Revoke", "HospitalRecord.revokeSigned"),
    one(Vouching, "Vouch", "Vouching.vouch"),
    one(Vouching, "Withdraw", "Vouching.withdraw"),
    one(Vouching, "InvalidateNonces", "HospitalRecord.invalidateNonces"),
    one(AccessRequests, "Ask", "AccessRequests.ask"),
    one(AccessRequests, "Withdraw", "AccessRequests.withdraw"),
    one(AccessRequests, "InvalidateNonces", "HospitalRecord.invalidateNonces"),
    // With up to sixteen members behind its code.
    one(Boards, "Create", "Board.create"),
    one(Boards, "InvalidateNonces", "HospitalRecord.invalidateNonces"),
    // A board of one lets in with the opening.
    one(Board, "Open", "Board.caseOfTwoOfThree"),
    one(Board, "Acknowledge", "Board.acknowledgeAndGrant"),
    one(Board, "Release", "Board.release"),
    one(Board, "Review", "Board.review"),
    one(Board, "Resign", "Board.acknowledgeSuccessor"),
    one(Board, "AcknowledgeSuccessor", "Board.acknowledgeSuccessor"),
    one(Board, "Appoint", "Board.acknowledgeSuccessor"),
    one(Board, "InvalidateNonces", "HospitalRecord.invalidateNonces"),
    one(Board, "Veto", "Board.vetoAfterwards"),
];

/// What a signature adds: its words, its check, and a nonce that was not used before.
const SIGNED: u64 = 30_000;
/// Slots that the snapshots found written and an account's first act does not: its journal, its place in it.
const FIRST_ACT: u64 = 40_000;
/// What the code of a contract wallet may use to check a signature: several owners' keys.
const WALLET: u64 = 100_000;

/// The names of all verbs.
pub(crate) fn verbs() -> impl Iterator<Item = &'static str> {
    VERBS.iter().map(|verb| verb.name)
}

/// Gas by verb.
#[derive(Debug)]
pub(crate) struct Ceilings {
    verbs: HashMap<(ContractKind, &'static str), Ceiling>,
    contract_wallets: bool,
}

#[derive(Clone, Copy, Debug)]
struct Ceiling {
    one: u64,
    each: u64,
    words: usize,
}

impl Ceilings {
    /// So many percent of what the snapshots say.
    pub(crate) fn new(percent: u64, contract_wallets: bool) -> Result<Self, String> {
        let wrong = |what: &str| format!("the gas snapshots in this program are damaged: {what}");
        let mut snapshots = HashMap::new();
        for (contract, text) in SNAPSHOTS {
            let read: Snapshots = serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
            snapshots.extend(read.into_iter().map(|(name, gas)| (format!("{contract}.{name}"), gas)));
        }
        let ceilings = VERBS.iter().map(|verb| {
            let ceiling = Ceiling::of(verb, &snapshots, percent).ok_or_else(|| wrong(verb.name))?;
            Ok(((verb.kind, verb.name), ceiling))
        });
        Ok(Self { verbs: ceilings.collect::<Result<_, String>>()?, contract_wallets })
    }

    /// The most that this act may need; `None` where it is not carried at all.
    pub(crate) fn of(&self, act: &Act, signed_by_key: bool) -> Option<u64> {
        let ceiling = self.verbs.get(&(act.kind(), act.verb()?))?;
        let gas = match act {
            Act::Once { verb, .. } => ceiling.for_words(verb.len() / 32),
            _ => ceiling.one,
        };
        match (signed_by_key, self.contract_wallets) {
            (true, _) => Some(gas),
            (false, true) => Some(gas + WALLET),
            (false, false) => None,
        }
    }
}

type Snapshots = HashMap<String, String>;

impl Ceiling {
    fn of(verb: &Verb, snapshots: &Snapshots, percent: u64) -> Option<Self> {
        let gas = |name: &str| snapshots.get(name)?.parse::<u64>().ok();
        let one = (gas(verb.one)? + SIGNED + FIRST_ACT) * percent / 100;
        let (each, words) =
            verb.each.map_or(Some((0, 1)), |(name, words)| Some((gas(name)? * percent / 100, words)))?;
        Some(Self { one, each, words })
    }

    /// For as many items as so many words can be.
    fn for_words(self, words: usize) -> u64 {
        self.one + self.each * (words / self.words) as u64
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use hospital_record::{
        Address,
        ledger::{Revocation, SignedForm},
    };

    use super::*;

    fn revocation() -> Act {
        let (scope, grantee) = (Default::default(), Address::ZERO);
        let revocation = Revocation { grantee, scope, keyring: None, barred: true };
        Act::Revocation { patient: Address::ZERO, revocation, granted_up_to: 0, key_changes: 0 }
    }

    #[test]
    fn every_verb_has_a_ceiling_far_below_a_block() {
        let ceilings = Ceilings::new(150, false).unwrap();
        for verb in VERBS {
            let gas = ceilings.verbs[&(verb.kind, verb.name)].one;
            assert!((90_000..500_000).contains(&gas), "{}: {gas}", verb.name);
        }
    }

    #[test]
    fn every_form_that_people_sign_has_its_row() {
        let rows: Vec<_> = VERBS.iter().map(|verb| (verb.kind, verb.name)).collect();
        for form in SignedForm::ALL {
            assert!(rows.contains(&(form.contract, form.name())), "{form:?}");
        }
    }

    #[test]
    fn a_list_costs_what_its_items_cost() {
        let verb = several("AddRecords", "addRecord", "addRecordsTen", 2);
        let snapshots = HashMap::from([("addRecord", "50000"), ("addRecordsTen", "30000")]);
        let snapshots = snapshots.into_iter().map(|(name, gas)| (name.into(), gas.into())).collect();
        let ceiling = Ceiling::of(&verb, &snapshots, 200).unwrap();
        assert_eq!(ceiling.one, 240_000);
        assert_eq!(ceiling.for_words(21), 240_000 + 10 * 60_000);
    }

    #[test]
    fn code_has_a_say_only_where_contract_wallets_are_carried() {
        let (without, with) = (Ceilings::new(150, false).unwrap(), Ceilings::new(150, true).unwrap());
        let act = revocation();
        assert_eq!(without.of(&act, false), None);
        assert_eq!(with.of(&act, true), without.of(&act, true));
        assert_eq!(with.of(&act, false), without.of(&act, true).map(|gas| gas + WALLET));
    }
}
