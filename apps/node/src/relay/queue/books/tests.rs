use super::*;

const ANA: Address = Address::repeat_byte(1);
const BEA: Address = Address::repeat_byte(2);
const NOON: u64 = 20_000 * DAY + DAY / 2;

fn books() -> Books {
    let terms = Terms { queue: 4, urgent: 1, ordinary: 2, budget: U256::from(160), budget_per_account: U256::from(80) };
    Books::new(terms, HashMap::new())
}

fn pay(books: &mut Books, signer: Address, wei: u64, in_vain: bool, now: u64) {
    let paid = Paid { wei: U256::from(wei), in_vain };
    let accounts = books.charged(signer, Lane::Ordinary, paid, now);
    books.keep(accounts);
}

fn admit(books: &Books, signer: Address, lane: Lane, cost: u64, now: u64) -> Result<(), Refusal> {
    books.admit(signer, lane, U256::from(cost), now)
}

#[test]
fn waiting_requests_of_an_account_are_capped_in_each_lane_separately() {
    let mut books = books();
    for _ in 0..2 {
        assert_eq!(admit(&books, ANA, Lane::Ordinary, 1, NOON), Ok(()));
        books.open(ANA, Lane::Ordinary, U256::ONE);
    }
    assert_eq!(admit(&books, ANA, Lane::Ordinary, 1, NOON), Err(Refusal::Open(2)));
    assert_eq!(admit(&books, ANA, Lane::Urgent, 1, NOON), Ok(()));
    assert_eq!(admit(&books, BEA, Lane::Ordinary, 1, NOON), Ok(()));
    books.close(ANA, Lane::Ordinary, U256::ONE);
    assert_eq!(admit(&books, ANA, Lane::Ordinary, 1, NOON), Ok(()));
}

#[test]
fn full_lane_turns_away_and_leaves_the_other_open() {
    let mut books = books();
    for number in 10..14 {
        books.open(Address::repeat_byte(number), Lane::Ordinary, U256::ZERO);
    }
    assert_eq!(admit(&books, ANA, Lane::Ordinary, 1, NOON), Err(Refusal::Full(4)));
    assert_eq!(admit(&books, ANA, Lane::Urgent, 1, NOON), Ok(()));
}

#[test]
fn spent_budget_says_when_to_come_back_and_leaves_a_quarter_for_revocations() {
    let mut books = books();
    pay(&mut books, ANA, 60, false, NOON);
    let until_midnight = Duration::from_secs(DAY / 2);
    let spent = |whose| Err(Refusal::Spent { whose, wait: until_midnight });
    assert_eq!(admit(&books, ANA, Lane::Ordinary, 1, NOON), spent("this account's"));
    assert_eq!(admit(&books, ANA, Lane::Urgent, 20, NOON), Ok(()));
    assert_eq!(admit(&books, ANA, Lane::Urgent, 21, NOON), spent("this account's"));
    assert_eq!(admit(&books, BEA, Lane::Ordinary, 60, NOON), Ok(()));
    pay(&mut books, BEA, 60, false, NOON);
    let kim = Address::repeat_byte(3);
    assert_eq!(admit(&books, kim, Lane::Ordinary, 1, NOON), spent("this relay's"));
    assert_eq!(admit(&books, kim, Lane::Urgent, 40, NOON), Ok(()));
    assert_eq!(admit(&books, ANA, Lane::Ordinary, 60, NOON + DAY / 2), Ok(()), "the next day");
}

#[test]
fn cost_of_a_waiting_request_is_reserved_until_it_is_paid() {
    let mut books = books();
    books.open(ANA, Lane::Ordinary, U256::from(50));
    let soon = Err(Refusal::Reserved { whose: "this account's", wait: Duration::from_secs(FIRST_REST) });
    assert_eq!(admit(&books, ANA, Lane::Ordinary, 20, NOON), soon);
    pay(&mut books, ANA, 10, false, NOON);
    books.close(ANA, Lane::Ordinary, U256::from(50));
    assert_eq!(admit(&books, ANA, Lane::Ordinary, 20, NOON), Ok(()));
}

#[test]
fn each_budget_refusal_has_its_own_words() {
    let most = |most: u64| U256::from(most);
    let wait = Duration::from_secs(DAY / 2);
    // spent, reserved, asked for, lane -> the refusal
    for (spent, reserved, cost, lane, expected) in [
        (0, 0, 60, Lane::Ordinary, None),
        (0, 0, 61, Lane::Ordinary, Some(Refusal::TooDear { whose: "this account's", cost: most(61), most: most(60) })),
        (0, 0, 80, Lane::Urgent, None),
        (0, 0, 81, Lane::Urgent, Some(Refusal::TooDear { whose: "this account's", cost: most(81), most: most(80) })),
        (1, 0, 60, Lane::Ordinary, Some(Refusal::Spent { whose: "this account's", wait })),
        (0, 1, 60, Lane::Ordinary, Some(Refusal::Reserved { whose: "this account's", wait: Duration::from_secs(60) })),
        (30, 30, 1, Lane::Ordinary, Some(Refusal::Reserved { whose: "this account's", wait: Duration::from_secs(60) })),
        (30, 30, 20, Lane::Urgent, None),
    ] {
        let mut books = books();
        pay(&mut books, ANA, spent, false, NOON);
        books.open(ANA, Lane::Ordinary, U256::from(reserved));
        let refusal = admit(&books, ANA, lane, cost, NOON).err();
        assert_eq!(refusal, expected, "{spent} {reserved} {cost}");
        let words = refusal.map(|refusal| refusal.to_string()).unwrap_or_default();
        assert_eq!(words.contains("spent"), matches!(expected, Some(Refusal::Spent { .. })), "{words}");
    }
}

#[test]
fn cost_booked_before_the_end_of_a_request_counts_for_both_budgets_and_causes_no_rest() {
    let mut books = books();
    (0..5).for_each(|_| {
        let accounts = books.booked(Some(ANA), U256::from(10), NOON);
        books.keep(accounts);
    });
    let accounts = books.booked(None, U256::from(5), NOON);
    books.keep(accounts);
    assert_eq!((books.spent(ANA, NOON), books.spent(ALL, NOON)), (U256::from(50), U256::from(55)));
    assert_eq!(admit(&books, ANA, Lane::Ordinary, 10, NOON), Ok(()), "it does not rest");
}

#[test]
fn account_with_reverted_requests_rests_longer_each_time_and_can_still_revoke() {
    let mut books = books();
    let rest = |books: &Books, now| match admit(books, ANA, Lane::Ordinary, 1, now) {
        Err(Refusal::Resting(rest)) => rest.as_secs(),
        other => panic!("{other:?}"),
    };
    // A patient's key rotation can make a doctor's request fail now and then.
    (0..2).for_each(|_| pay(&mut books, ANA, 0, true, NOON));
    assert_eq!(admit(&books, ANA, Lane::Ordinary, 1, NOON), Ok(()));
    for expected in [60, 120, 240] {
        pay(&mut books, ANA, 0, true, NOON);
        assert_eq!(rest(&books, NOON), expected);
    }
    assert_eq!(admit(&books, ANA, Lane::Urgent, 1, NOON), Ok(()));
    assert_eq!(admit(&books, BEA, Lane::Ordinary, 1, NOON), Ok(()));
    assert_eq!(admit(&books, ANA, Lane::Ordinary, 1, NOON + 240), Ok(()));
    pay(&mut books, ANA, 0, false, NOON + 240);
    pay(&mut books, ANA, 0, true, NOON + 240);
    assert_eq!(rest(&books, NOON + 240), 240, "one success takes back one failure");
    (0..40).for_each(|_| pay(&mut books, ANA, 0, true, NOON));
    assert_eq!(rest(&books, NOON), DAY);
}

#[test]
fn accounts_are_forgotten_when_nothing_depends_on_them() {
    let mut books = books();
    pay(&mut books, ANA, 1, false, NOON);
    (0..40).for_each(|_| pay(&mut books, BEA, 1, true, NOON + DAY));
    assert!(books.stale(NOON + DAY).is_empty());
    assert_eq!(books.stale(NOON + 2 * DAY - 1), [ANA]);
}
