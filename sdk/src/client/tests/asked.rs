//! More requests for access than a list takes.

use alloy::primitives::{Address, B256, aliases::U40};
use hospital_record_contracts::access_requests::IAccessRequests::askCall;

use super::person;
use crate::{Cut, System};

#[tokio::test]
async fn requests_of_strangers_beyond_the_list_are_counted() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let memory = system.memory().unwrap();
    let until = U40::from(memory.now() + 86_400);
    let ask = askCall {
        patient: ana.address(),
        rights: 1,
        purpose: 0,
        grantUntil: until,
        answerBy: until,
        reason: B256::repeat_byte(7),
    };
    let call = system.services.besides.access_requests.to_send(&ask);
    let ask_all = |strangers: std::ops::Range<u64>| {
        for number in strangers {
            assert!(memory.act(Address::left_padding_from(&(number << 16).to_be_bytes()), call.clone()));
        }
    };
    ask_all(1..71);
    let inbox = ana.requests().list().await.unwrap();
    assert_eq!((inbox.requests.len(), inbox.cut), (64, Cut { count: 6, older: false }));
    ask_all(71..4200);
    let inbox = ana.requests().list().await.unwrap();
    assert_eq!((inbox.requests.len(), inbox.cut), (64, Cut { count: 4096 - 64, older: true }));
}
