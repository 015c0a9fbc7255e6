#![allow(clippy::unwrap_used)]

use hospital_record::{
    Address,
    ledger::{Revocation, SignedForm},
};

use super::*;

mod largest;

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
fn every_signed_form_has_its_row() {
    let rows: Vec<_> = VERBS.iter().map(|verb| (verb.kind, verb.name)).collect();
    for form in SignedForm::ALL {
        assert!(rows.contains(&(form.contract, form.name())), "{form:?}");
    }
}

#[test]
fn cost_of_a_list_is_that_of_its_items() {
    let verb = several("AddRecords", "addRecord", "addRecordsTen", 2);
    let snapshots = HashMap::from([("addRecord", "50000"), ("addRecordsTen", "30000")]);
    let snapshots = snapshots.into_iter().map(|(name, gas)| (name.into(), gas.into())).collect();
    let ceiling = Ceiling::of(&verb, &snapshots, 200).unwrap();
    assert_eq!(ceiling.one, 240_000);
    assert_eq!(ceiling.for_words(21), 240_000 + 10 * 60_000);
}

#[test]
fn wallet_code_runs_only_if_contract_wallets_are_carried() {
    let (without, with) = (Ceilings::new(150, false).unwrap(), Ceilings::new(150, true).unwrap());
    let act = revocation();
    assert_eq!(without.of(&act, false), None);
    assert_eq!(with.of(&act, true), without.of(&act, true));
    assert_eq!(with.of(&act, false), without.of(&act, true).map(|gas| gas + WALLET));
}
