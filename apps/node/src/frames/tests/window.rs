//! What is kept, against a model in memory.

use std::collections::{HashMap, VecDeque};

use hospital_record::Address;
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use tokio::runtime::Runtime;

use crate::{
    database::Database,
    frames::round,
    frames::{
        channel::Channel,
        problem::Problem,
        rows::{BESIDES, FORGOTTEN_AFTER, KEPT_FOR, Most, New, Rows},
    },
};

const MOST: Most = Most { frames: 5, bytes: 3_000, total: 5_000, channels: 3 };

#[derive(Clone, Debug)]
enum Step {
    /// In each of these channels a frame of a number, a length and a first byte.
    Publish(Vec<(u8, u64, usize, u8)>),
    /// Milliseconds.
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let frame = (0..4_u8, 0..60_u64, 1..1_500_usize, 0..2_u8);
    let publish = vec(frame, 1..8).prop_map(Step::Publish);
    let wait = prop_oneof![0..400_000_u64, 3_000_000..4_000_000_u64].prop_map(Step::Wait);
    vec(prop_oneof![4 => publish, 1 => wait], 1..16)
}

fn channel(number: u8) -> Channel {
    Channel::parse(&format!("{:#x}", Address::repeat_byte(number / 2)), &format!("{number:032x}")).unwrap()
}

#[derive(Default)]
struct Kept {
    newest: i64,
    number: u64,
    used_at: u64,
    /// Place, number, time, bytes.
    frames: VecDeque<(i64, u64, u64, Vec<u8>)>,
}

impl Kept {
    fn held(&self) -> i64 {
        self.frames.iter().map(|(.., bytes)| bytes.len() as i64 + BESIDES).sum()
    }
}

#[derive(Default)]
struct Model(HashMap<u8, Kept>);

impl Model {
    fn total(&self) -> i64 {
        self.0.values().map(Kept::held).sum()
    }

    fn publish(&mut self, (name, number, bytes): (u8, u64, Vec<u8>), now: u64) -> Result<i64, Problem> {
        if let Some(kept) = self.0.get(&name)
            && number <= kept.number
        {
            let next = Some(kept.number + 1);
            return match kept.frames.iter().find(|(_, known, ..)| *known == number) {
                Some((place, .., held)) if *held == bytes => Ok(*place),
                Some(_) => Err(Problem::Other { next }),
                None => Err(Problem::Old { next }),
            };
        }
        let (cost, total) = (bytes.len() as i64 + BESIDES, self.total());
        let held = self.0.get(&name).map_or(0, Kept::held);
        let of_account = self.0.iter().filter(|(other, _)| *other / 2 == name / 2);
        let own_others = of_account.map(|(_, kept)| kept.held()).sum::<i64>() - held;
        let most = MOST.bytes.min(MOST.total - total + held).min(MOST.share() - own_others);
        let is_one_more = !self.0.contains_key(&name) && self.0.len() as i64 == MOST.channels;
        if cost > most || is_one_more {
            return Err(Problem::NodeFull);
        }
        let kept = self.0.entry(name).or_default();
        while kept.frames.len() as i64 == MOST.frames || kept.held() + cost > most {
            kept.frames.pop_front();
        }
        (kept.newest, kept.number, kept.used_at) = (kept.newest + 1, number, now);
        kept.frames.push_back((kept.newest, number, now, bytes));
        Ok(kept.newest)
    }

    fn expire(&mut self, now: u64) {
        for kept in self.0.values_mut() {
            kept.frames.retain(|(_, _, at, _)| at + KEPT_FOR.as_millis() as u64 > now);
        }
        let forgotten = FORGOTTEN_AFTER.as_millis() as u64;
        self.0.retain(|_, kept| !kept.frames.is_empty() || kept.used_at + forgotten > now);
    }

    async fn check(&self, rows: &Rows) {
        for name in 0..4 {
            let found = rows.channel(&channel(name)).await.unwrap();
            let Some(kept) = self.0.get(&name) else {
                assert!(found.is_none(), "{name}");
                continue;
            };
            let found = found.unwrap();
            let mut frames = Vec::new();
            let mut place = 0;
            loop {
                let next = rows.after(found.run, place).await.unwrap();
                let Some(last) = next.last() else { break };
                place = last.place;
                frames.extend(next.into_iter().map(|frame| (frame.place, frame.number, frame.at as u64, frame.bytes)));
            }
            assert_eq!((found.newest, &frames), (kept.newest, &Vec::from(kept.frames.clone())), "{name}");
            assert_eq!(found.removed, kept.frames.front().map_or(kept.newest, |(place, ..)| place - 1), "{name}");
        }
        assert_eq!(rows.numbers().await.unwrap().held as i64, self.total());
    }
}

#[test]
fn window_keeps_the_newest_frames_within_every_limit() {
    let runtime = Runtime::new().unwrap();
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) });
    let run = runner.run(&steps(), |steps| {
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let rows = Rows::new(Database::open(folder.path()).await.unwrap(), MOST);
            let (mut model, mut now) = (Model::default(), 1_800_000_000_000);
            for step in steps {
                match step {
                    Step::Wait(time) => {
                        now += time;
                        round(&rows, now).await.unwrap();
                        model.expire(now);
                    }
                    Step::Publish(frames) => {
                        let frames: Vec<(u8, u64, Vec<u8>)> = frames
                            .into_iter()
                            .map(|(name, number, size, byte)| (name, number, vec![byte; size]))
                            .collect();
                        let new = |(name, number, bytes): &(u8, u64, Vec<u8>)| New {
                            channel: channel(*name),
                            number: *number,
                            bytes: bytes.clone().into(),
                        };
                        let answers = rows.add(&frames.iter().map(new).collect::<Vec<_>>(), now).await.unwrap();
                        for (frame, answer) in frames.into_iter().zip(answers) {
                            let place = answer.map(|cursor| cursor.number as i64);
                            assert_eq!(place, model.publish(frame, now));
                        }
                    }
                }
                model.check(&rows).await;
            }
        });
        Ok(())
    });
    run.unwrap();
}
