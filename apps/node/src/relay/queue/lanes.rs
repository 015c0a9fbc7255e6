//! The order of requests: revocations and vetoes first, and in each lane the signers take turns.

use std::collections::{HashMap, VecDeque};

use hospital_record::{Address, B256};

/// Acts that end access have their own lane, which goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// Revocations and vetoes.
    Urgent,
    /// All else.
    Ordinary,
}

impl Lane {
    /// Reverts after which a request ends. A retry helps if another request was first or the gas did not suffice, and
    /// the signer of a revocation may be gone. But a stranger's code may fail each time.
    pub(crate) fn tries(self) -> u32 {
        match self {
            Self::Urgent => 5,
            Self::Ordinary => 1,
        }
    }
}

/// Requests that are ready to be carried.
#[derive(Default)]
pub(super) struct Lanes {
    urgent: Ring,
    ordinary: Ring,
}

impl Lanes {
    /// Queues a request behind the others of its signer. With a payer, it is only for that payer.
    pub(super) fn push(&mut self, lane: Lane, signer: Address, id: B256, payer: Option<Address>) {
        self.ring(lane).push(signer, Waiting { id, payer });
    }

    /// The next request that this payer may carry, from this lane or a higher one.
    pub(super) fn pop(&mut self, payer: Address, down_to: Lane) -> Option<B256> {
        let ordinary = |lanes: &mut Self| (down_to == Lane::Ordinary).then(|| lanes.ordinary.pop(payer)).flatten();
        self.urgent.pop(payer).or_else(|| ordinary(self))
    }

    /// Whether this payer may carry something urgent.
    pub(super) fn has_urgent(&self, payer: Address) -> bool {
        self.urgent.lines.values().flatten().any(|waiting| waiting.is_for(payer))
    }

    /// Takes a request out of its turn.
    pub(super) fn remove(&mut self, lane: Lane, signer: Address, id: B256) {
        self.ring(lane).remove(signer, id);
    }

    fn ring(&mut self, lane: Lane) -> &mut Ring {
        match lane {
            Lane::Urgent => &mut self.urgent,
            Lane::Ordinary => &mut self.ordinary,
        }
    }
}

struct Waiting {
    id: B256,
    payer: Option<Address>,
}

impl Waiting {
    fn is_for(&self, payer: Address) -> bool {
        self.payer.is_none_or(|only| only == payer)
    }
}

/// Round robin: after its turn, a signer is last in line.
#[derive(Default)]
struct Ring {
    turns: VecDeque<Address>,
    lines: HashMap<Address, VecDeque<Waiting>>,
}

impl Ring {
    fn push(&mut self, signer: Address, waiting: Waiting) {
        let line = self.lines.entry(signer).or_default();
        if line.is_empty() {
            self.turns.push_back(signer);
        }
        line.push_back(waiting);
    }

    fn pop(&mut self, payer: Address) -> Option<B256> {
        for _ in 0..self.turns.len() {
            let signer = self.turns.pop_front()?;
            let line = self.lines.get_mut(&signer)?;
            let next = line.iter().position(|waiting| waiting.is_for(payer)).and_then(|place| line.remove(place));
            self.keep_turn(signer);
            if let Some(next) = next {
                return Some(next.id);
            }
        }
        None
    }

    fn remove(&mut self, signer: Address, id: B256) {
        let Some(line) = self.lines.get_mut(&signer) else { return };
        line.retain(|waiting| waiting.id != id);
        if line.is_empty() {
            self.lines.remove(&signer);
            self.turns.retain(|turn| *turn != signer);
        }
    }

    /// A signer with more requests waits for the next turn.
    fn keep_turn(&mut self, signer: Address) {
        match self.lines.get(&signer).is_none_or(VecDeque::is_empty) {
            true => drop(self.lines.remove(&signer)),
            false => self.turns.push_back(signer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYER: Address = Address::repeat_byte(0xaa);

    fn signer(number: u8) -> Address {
        Address::repeat_byte(number)
    }

    fn id(number: u8) -> B256 {
        B256::repeat_byte(number)
    }

    #[test]
    fn signers_take_turns_and_revocations_come_first() {
        let mut lanes = Lanes::default();
        for number in 1..=3 {
            lanes.push(Lane::Ordinary, signer(1), id(number), None);
            lanes.push(Lane::Urgent, signer(1), id(10 + number), None);
        }
        lanes.push(Lane::Ordinary, signer(2), id(4), None);
        lanes.push(Lane::Urgent, signer(2), id(14), None);
        let order: Vec<_> = std::iter::from_fn(|| lanes.pop(PAYER, Lane::Ordinary)).collect();
        assert_eq!(order, [11, 14, 12, 13, 1, 4, 2, 3].map(id));
        lanes.push(Lane::Ordinary, signer(1), id(5), None);
        assert_eq!(lanes.pop(PAYER, Lane::Ordinary), Some(id(5)), "a signer without requests can queue again");
    }

    #[test]
    fn request_for_one_payer_is_given_to_no_other_and_delays_nobody() {
        let mut lanes = Lanes::default();
        lanes.push(Lane::Urgent, signer(1), id(1), Some(PAYER));
        lanes.push(Lane::Urgent, signer(1), id(2), None);
        lanes.push(Lane::Ordinary, signer(2), id(3), None);
        let other = Address::repeat_byte(0xbb);
        assert_eq!([(); 3].map(|()| lanes.pop(other, Lane::Ordinary)), [Some(id(2)), Some(id(3)), None]);
        assert_eq!([(); 2].map(|()| lanes.pop(PAYER, Lane::Ordinary)), [Some(id(1)), None]);
    }

    #[test]
    fn payer_that_takes_only_revocations_gets_nothing_else() {
        let mut lanes = Lanes::default();
        lanes.push(Lane::Ordinary, signer(1), id(1), None);
        assert!(lanes.pop(PAYER, Lane::Urgent).is_none() && !lanes.has_urgent(PAYER));
        lanes.push(Lane::Urgent, signer(2), id(2), Some(PAYER));
        assert!(lanes.has_urgent(PAYER) && !lanes.has_urgent(Address::repeat_byte(0xbb)));
        assert_eq!([(); 2].map(|()| lanes.pop(PAYER, Lane::Urgent)), [Some(id(2)), None]);
        assert_eq!(lanes.pop(PAYER, Lane::Ordinary), Some(id(1)));
    }

    #[test]
    fn request_taken_out_of_turn_leaves_nothing_behind() {
        let mut lanes = Lanes::default();
        lanes.push(Lane::Urgent, signer(1), id(1), None);
        lanes.push(Lane::Urgent, signer(2), id(2), None);
        lanes.remove(Lane::Urgent, signer(1), id(1));
        lanes.remove(Lane::Urgent, signer(3), id(3));
        lanes.push(Lane::Urgent, signer(1), id(4), None);
        assert_eq!([(); 3].map(|()| lanes.pop(PAYER, Lane::Ordinary)), [Some(id(2)), Some(id(4)), None]);
    }
}
