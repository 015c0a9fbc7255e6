//! The gas ceiling of each verb: the contracts' gas snapshots, with a margin.

use std::collections::HashMap;

use hospital_record::ledger::{
    Act,
    ContractKind::{self, AccessRequests, Board, Boards, HospitalRecord, Vouching},
};

/// `make gas` writes them, and CI fails if they change.
const SNAPSHOTS: [(&str, &str); 4] = [
    ("HospitalRecord", include_str!("../../../../contracts/snapshots/HospitalRecord.json")),
    ("Vouching", include_str!("../../../../contracts/snapshots/Vouching.json")),
    ("AccessRequests", include_str!("../../../../contracts/snapshots/AccessRequests.json")),
    ("Board", include_str!("../../../../contracts/snapshots/Board.json")),
];

/// A verb that has a signed form.
struct Verb {
    kind: ContractKind,
    name: &'static str,
    /// The snapshot of the verb, sent by the acting account itself.
    one: &'static str,
    each: Each,
}

/// The cost of each item of a verb's list.
enum Each {
    Nothing,
    /// The snapshot of one item more, and the words that an item takes.
    Snapshot(&'static str, usize),
    /// Gas of a word, if no snapshot has it.
    Word(u64),
}

const fn one(kind: ContractKind, name: &'static str, one: &'static str) -> Verb {
    Verb { kind, name, one, each: Each::Nothing }
}

const fn several(name: &'static str, one: &'static str, each: &'static str, words: usize) -> Verb {
    Verb { kind: HospitalRecord, name, one, each: Each::Snapshot(each, words) }
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
    Verb { kind: Boards, name: "Create", one: "Board.create", each: Each::Word(MEMBER) },
    one(Boards, "InvalidateNonces", "HospitalRecord.invalidateNonces"),
    // A board of one admits with the opening.
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

/// Gas of a word of a board's creation. One more member needs 12,650 gas (its place in the code, its words, and the
/// comparison with all others). The snapshot has three of sixteen members; four words are not members.
const MEMBER: u64 = 8_200;
/// Gas of a signature: its words, its check, and an unused nonce.
const SIGNED: u64 = 30_000;
/// Slots that are written in the snapshots but not before an account's first act: its journal, its place in it.
const FIRST_ACT: u64 = 40_000;
/// Gas for a contract wallet's code to check a signature, by the keys of several owners.
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
    /// A percentage of the snapshots.
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

    /// The ceiling of this act; `None` if it is not carried.
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
        let (each, words) = match verb.each {
            Each::Nothing => (0, 1),
            Each::Snapshot(name, words) => (gas(name)? * percent / 100, words),
            Each::Word(gas) => (gas * percent / 100, 1),
        };
        Some(Self { one, each, words })
    }

    /// The gas of the most items that fit into so many words.
    fn for_words(self, words: usize) -> u64 {
        self.one + self.each * (words / self.words) as u64
    }
}

#[cfg(test)]
mod tests;
