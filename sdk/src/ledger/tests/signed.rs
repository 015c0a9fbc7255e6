//! The table of signed forms, compared with the contracts.

use alloy::{
    primitives::U256,
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolCall,
};
use hospital_record_contracts::{
    access_requests::{self, IAccessRequests as Requests},
    boards::{self, IBoard as Board, IBoards as Boards},
    vouching::{self, IVouching as Vouching},
};

use crate::ledger::{forms::SignedForm, tests::*};

const SOME: B256 = B256::repeat_byte(7);
const OTHER: Address = Address::repeat_byte(9);

/// A call of every verb that has a signed form; the last ones are for `board`.
fn calls(contract: &Contract, board: Address) -> Vec<Call> {
    let mut calls = of_hospital(contract);
    calls.extend(of_others());
    calls.extend(of_board(board));
    let fixed = [contract.address(), vouching::ADDRESS, access_requests::ADDRESS, boards::ADDRESS, board];
    calls.extend(fixed.map(|at| contract.invalidate_nonces_at(at)));
    calls
}

fn of_hospital(contract: &Contract) -> Vec<Call> {
    let (scope, keys) = (folder_scope(FOLDER), [id(1), id(2)]);
    let grants = [permission(DOCTOR, scope, Rights::READ), permission(LAB, scope, Rights::CONTRIBUTE)];
    vec![
        contract.set_profile(SOME),
        contract.checkpoint(SOME),
        contract.add_records(OTHER, FOLDER, &keys[..1], 0),
        contract.add_records(OTHER, FOLDER, &keys, 0),
        contract.replace(OTHER, SOME, id(3), 0),
        contract.set_status(OTHER, SOME, Status::EnteredInError),
        contract.attest(OTHER, SOME),
        contract.grant(&grants[..1], 0),
        contract.grant(&grants, 0),
        contract.pass_on(OTHER, &grants[0], 0),
        contract.rotate(FOLDER, 1, SOME, 0),
        contract.renounce(OTHER, scope),
        contract.withdraw(OTHER, scope, DOCTOR),
        contract.log_access(OTHER, &keys[..1], Purpose::HRESCH, SOME),
        contract.log_access(OTHER, &keys, Purpose::HRESCH, SOME),
    ]
}

fn of_others() -> Vec<Call> {
    let (account, patient, role, reason, until) = (OTHER, OTHER, SOME, SOME, u40(NO_END));
    let asked = Requests::askCall { patient, rights: 1, purpose: 2, grantUntil: until, answerBy: until, reason };
    vec![
        call(vouching::ADDRESS, &Vouching::vouchCall { account, role, until }),
        call(vouching::ADDRESS, &Vouching::withdrawCall { account, role }),
        call(access_requests::ADDRESS, &asked),
        call(access_requests::ADDRESS, &Requests::withdrawCall { patient, reason }),
        call(boards::ADDRESS, &of_two(id(1))),
    ]
}

fn of_two(salt: B256) -> Boards::createCall {
    Boards::createCall { threshold: U256::from(1), members: vec![OTHER, DOCTOR], salt }
}

fn of_board(board: Address) -> Vec<Call> {
    let (patient, scope, grantee, reason, epoch) = (PATIENT, folder_scope(FOLDER), LAB, SOME, 3);
    let (changes, opened_at) = (Default::default(), u40(1_000_000));
    let case = Board::Case { patient, scope, grantee, duration: 60, reason, epoch, opener: OTHER, openedAt: opened_at };
    vec![
        call(board, &Board::openCall { patient, scope, grantee, duration: 60, reason, epoch, keyChanges: changes }),
        call(board, &Board::acknowledgeCall { c: case, keyChanges: changes }),
        call(board, &Board::releaseCall { id: SOME, share: id(1) }),
        call(board, &Board::reviewCall { id: SOME, finding: id(1) }),
        call(board, &Board::resignCall {}),
        call(board, &Board::acknowledgeSuccessorCall { successor: OTHER }),
        call(board, &Board::appointCall { proxy: OTHER }),
    ]
}

fn u40(value: u64) -> alloy::primitives::aliases::U40 {
    alloy::primitives::aliases::U40::from(value)
}

/// Whether the contract accepts this as a signature of the act, even if it refuses the act.
async fn is_signed(contract: &Contract, act: &Act, signature: Bytes) -> bool {
    let answer = contract.ledger().call(&contract.signed(act, signature), None).await;
    match answer {
        Ok(_) => true,
        // A selector and the fields: the same in every contract.
        Err(error) => !format!("{error}").contains("did not sign"),
    }
}

#[tokio::test]
async fn every_verb_is_signed_as_its_contract_hashes_it() {
    let memory = MemoryLedger::with_contract().await.unwrap();
    let (contract, signer) = (memory.contract(), PrivateKeySigner::random());
    assert!(memory.act(PATIENT, call(boards::ADDRESS, &of_two(SOME))));
    let board = {
        let Boards::createCall { threshold, members, salt } = of_two(SOME);
        let question = call(boards::ADDRESS, &Boards::boardOfCall { threshold, members, salt });
        Address::from_slice(&memory.call(&question, None).await.unwrap()[12..])
    };
    let mut seen = BTreeSet::new();
    for call in calls(&contract, board) {
        let act = contract.once(&call, signer.address(), U256::from(5), u64::MAX).unwrap();
        let sign = |signer: &PrivateKeySigner| {
            let signature = signer.sign_hash_sync(&contract.digest_of(&act).unwrap()).unwrap();
            Bytes::from(signature.as_bytes().to_vec())
        };
        assert!(is_signed(&contract, &act, sign(&signer)).await, "{act:?}");
        assert!(!is_signed(&contract, &act, sign(&PrivateKeySigner::random())).await, "{act:?}");
        let request = contract.signed(&act, sign(&signer));
        assert_eq!(Contract::act_of(request.to, &request.data, contract.address()), Some(act.clone()));
        seen.insert((act.kind(), act.verb().unwrap(), act.encode_type().unwrap()));
    }
    let all: BTreeSet<_> = SignedForm::ALL.iter().map(|form| (form.contract, form.name(), form.encode_type)).collect();
    assert_eq!(seen, all);
}

#[test]
fn every_signed_form_has_the_arguments_of_its_verb() {
    for form in SignedForm::ALL {
        let name = form.name();
        let (verb, arguments) = form.signature.split_once('(').unwrap();
        assert_eq!(name.to_lowercase(), verb.to_lowercase());
        let (fields, _) = form.encode_type.split_once(')').unwrap();
        let fields = fields.strip_prefix(name).unwrap().trim_start_matches('(');
        let fields = fields.strip_suffix("address signer,uint256 nonce,uint256 deadline").unwrap();
        let types: Vec<_> = fields.split_terminator(',').map(|field| field.split(' ').next().unwrap()).collect();
        // A single struct is flattened to its fields; an array of structs keeps its name.
        let permission = "(bytes32,address,uint8,uint8,uint40,uint16,bytes32)[]";
        let arguments = arguments.strip_suffix(')').unwrap().replace(permission, "Permission[]");
        assert_eq!(types.join(","), arguments.replace(['(', ')'], ""), "{name}");
    }
}

#[test]
fn only_several_revocations_are_signed_one_by_one() {
    let contract = Contract::new(Arc::new(MemoryLedger::new()), 1, Contract::ADDRESS);
    for call in calls(&contract, OTHER) {
        assert_eq!(contract.unsigned_acts(&call).len(), 1);
    }
    let end = |grantee| Revocation { grantee, scope: SOME, keyring: None, barred: true };
    assert_eq!(contract.unsigned_acts(&contract.revoke(&[end(DOCTOR), end(LAB)], 0)).len(), 2);
}

#[test]
fn readings_are_logged_in_the_order_and_number_that_the_contract_requires() {
    let contract = Contract::new(Arc::new(MemoryLedger::new()), 1, Contract::ADDRESS);
    let keys = [id(1), id(2), id(1), id(3)];
    let call = contract.log_access(PATIENT, &keys, Purpose::TREAT, SOME);
    let sent = hospital_record_contracts::IHospitalRecord::logAccessesCall::abi_decode(&call.data).unwrap();
    assert_eq!(sent.keys, BTreeSet::from(keys).into_iter().collect::<Vec<_>>());
    assert_eq!(contract.log_access(PATIENT, &[id(1); 2], Purpose::TREAT, SOME), {
        contract.log_access(PATIENT, &[id(1)], Purpose::TREAT, SOME)
    });
}

#[test]
fn relay_documentation_lists_the_verbs_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/relay.md");
    let text = std::fs::read_to_string(path).unwrap();
    for kind in ["HospitalRecord", "Vouching", "AccessRequests", "Boards", "Board"] {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{kind}` |"))).unwrap();
        let documented: BTreeSet<_> = row.split('`').skip(3).step_by(2).collect();
        let forms = SignedForm::ALL.iter().filter(|form| format!("{:?}", form.contract) == kind);
        let others = match kind {
            "HospitalRecord" => vec!["Revoke"],
            "Board" => vec!["Veto"],
            _ => Vec::new(),
        };
        assert_eq!(documented, forms.map(SignedForm::name).chain(others).collect(), "{kind}");
    }
}
