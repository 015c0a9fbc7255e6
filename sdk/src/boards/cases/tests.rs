#![allow(clippy::unwrap_used)]

use alloy::primitives::Bytes;
use proptest::prelude::*;

use crate::boards::cases::*;

fn opening(opener: u8, block: u64) -> (Log, CaseOpened) {
    let contract = Address::ZERO;
    let data = Bytes::new();
    let log = Log { contract, topics: Vec::new(), data, block, time: None, transaction: B256::ZERO, index: 0 };
    let opener = Address::repeat_byte(opener);
    (log, CaseOpened { opener, ..CaseOpened::default() })
}

proptest! {
    /// However many cases others open, an opener keeps an equal share of the places, or as many as they need.
    #[test]
    fn each_opener_gets_an_equal_share_for_their_newest_cases(openers in prop::collection::vec(0_u8..16, 0..400)) {
        let openings: Vec<_> = openers.iter().zip((0..400).rev()).map(|(by, block)| opening(*by, block)).collect();
        let places = fairly(openings.clone());
        prop_assert_eq!(places.len(), openings.len().min(MOST_LISTED));
        for opener in openers {
            let of = |list: &[(Log, CaseOpened)]| -> Vec<u64> {
                let theirs = list.iter().filter(|(_, event)| event.opener == Address::repeat_byte(opener));
                theirs.map(|(log, _)| log.block).collect()
            };
            let all = of(&openings);
            let listed = of(&places);
            prop_assert!(listed.len() >= all.len().min(MOST_LISTED / 16));
            prop_assert_eq!(&all[..listed.len()], &listed[..]);
        }
    }
}
