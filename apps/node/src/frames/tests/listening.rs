use std::time::Duration;

use super::stage::*;
use crate::{
    clock::now_millis,
    frames::{
        publish::LONGEST,
        round,
        rows::{FORGOTTEN_AFTER, KEPT_FOR, Most},
    },
};

/// The place in an id.
fn place(id: &str) -> u64 {
    id.split_once('-').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn listener_gets_new_frames_in_order_and_goes_on_where_it_was() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let (path, from_first) = (ana.path(NAME), format!("{}?after=0", ana.path(NAME)));
    let mut early = stage.listen(&path, None).await;
    assert_eq!(early.begin().await, "0-0");
    let ids = [stage.publish(&ana, 3, b"one").await.id(), stage.publish(&ana, 5, &[0, 255, 10]).await.id()];
    let mut late = stage.listen(&path, None).await;
    assert_eq!(late.begin().await, ids[1], "a new listener gets newer frames alone");
    let third = stage.publish(&ana, 6, b"three").await.id();
    let all =
        [(ids[0].clone(), 3, b"one".to_vec()), (ids[1].clone(), 5, vec![0, 255, 10]), (third, 6, b"three".to_vec())];
    for frame in &all {
        assert_eq!(&early.frame().await, frame);
    }
    assert_eq!(late.frame().await, all[2]);
    assert!(early.next().await.is_none() && late.next().await.is_none());

    let mut first = stage.listen(&from_first, None).await;
    first.begin().await;
    for frame in &all {
        assert_eq!(&first.frame().await, frame);
    }
    // What a browser does: the id of the last event has priority over the address.
    for (path, id) in [(from_first, Some(ids[1].as_str())), (format!("{path}?after={}", ids[1]), None)] {
        assert_eq!(stage.listen(&path, id).await.frame().await, all[2]);
    }
    let data = stage.listen(&path, Some(&ids[0])).await.next().await.unwrap().2;
    assert!(now_millis().abs_diff(data["at"].as_u64().unwrap()) < 60_000, "{data}");
    let other = format!("{}?after=0", ana.path("ffffffffffffffffffffffffffffffff"));
    let mut other = stage.listen(&other, None).await;
    assert_eq!((other.begin().await.as_str(), other.next().await), ("0-0", None));
    assert!(stage.room.metrics().await.contains("hospital_record_frames_listeners "));
}

#[tokio::test]
async fn every_cursor_gets_what_came_after_it_or_learns_that_it_missed_something() {
    let stage = Stage::new(Most { frames: 5, ..Most::new(1 << 28) }, None).await;
    let ana = stage.person().await;
    let mut run = String::new();
    for number in 1..=12 {
        let id = stage.publish(&ana, number * 10, &number.to_be_bytes()).await.id();
        assert_eq!(place(&id), number);
        run = id.split_once('-').unwrap().0.to_owned();
    }
    let path = ana.path(NAME);
    let cursors = (0..=14).map(|place| (format!("{run}-{place}"), (7..=12).contains(&place).then_some(place + 1)));
    let others = ["0-0".into(), "1-9".into(), format!("{run}-{}", u64::MAX)].map(|id| (id, None));
    for (id, next) in cursors.chain(others) {
        let mut listener = stage.listen(&path, Some(&id)).await;
        if next.is_none() {
            let (at, name, data) = listener.next().await.unwrap();
            assert_eq!((name.as_str(), place(&at), &data["first"]), ("missed", 7, &80.into()), "{id}");
        }
        let next = next.unwrap_or(8);
        for number in next..=12 {
            assert_eq!(listener.frame().await.1, number * 10, "{id}");
        }
        assert_eq!(listener.next().await, None, "{id}");
    }
    let mut all = stage.listen(&format!("{path}?after=0"), None).await;
    assert_eq!(place(&all.begin().await), 7);
    assert_eq!(all.frame().await.1, 80);
    for wrong in ["7", "x-y", ""] {
        let mut request = axum::http::Request::get(&path).header("host", HOST).header("last-event-id", wrong);
        assert_eq!(stage.status(request.body("".into()).unwrap()).await, 400, "{wrong}");
        request = axum::http::Request::get(format!("{path}?after={wrong}")).header("host", HOST);
        assert_eq!(stage.status(request.body("".into()).unwrap()).await, 400, "{wrong}");
    }
}

#[tokio::test]
async fn slow_listener_delays_nobody_and_learns_what_it_missed() {
    let stage = Stage::new(Most { frames: 8, ..Most::new(1 << 28) }, None).await;
    let ana = stage.person().await;
    let mut quick = stage.listen(&ana.path(NAME), None).await;
    quick.begin().await;
    let mut publish = async |numbers: std::ops::RangeInclusive<u64>| {
        for number in numbers {
            stage.publish(&ana, number, &vec![1; LONGEST]).await.id();
            assert_eq!(quick.frame().await.1, number);
        }
    };
    publish(1..=8).await;
    let mut slow = stage.listen(&format!("{}?after=0", ana.path(NAME)), None).await;
    slow.begin().await;
    assert_eq!(slow.frame().await.1, 1);
    publish(9..=40).await;
    let mut seen = Vec::new();
    while let Some((_, name, data)) = slow.next().await {
        let number = &data[if name == "missed" { "first" } else { "number" }];
        seen.push((name, number.as_u64().unwrap()));
    }
    let frames = |numbers: std::ops::RangeInclusive<u64>| numbers.map(|number| ("frame".to_owned(), number));
    // It read four at once: no more of them are in memory.
    let expected = frames(2..=4).chain([("missed".to_owned(), 33)]).chain(frames(33..=40));
    assert_eq!(seen, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn frames_expire_and_an_unused_channel_begins_anew() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let (path, from_first) = (ana.path(NAME), format!("{}?after=0", ana.path(NAME)));
    let ids = [stage.publish(&ana, 1, b"a").await.id(), stage.publish(&ana, 2, b"b").await.id()];
    let rows = &stage.room.0.rows;
    round(rows, now_millis() + millis(KEPT_FOR) - 60_000).await.unwrap();
    assert_eq!(stage.listen(&path, Some(&ids[0])).await.frame().await.1, 2);
    round(rows, now_millis() + millis(KEPT_FOR)).await.unwrap();
    let mut listener = stage.listen(&path, Some(&ids[0])).await;
    let (at, name, data) = listener.next().await.unwrap();
    assert_eq!((at.as_str(), name.as_str(), data["first"].is_null()), (ids[1].as_str(), "missed", true));
    assert_eq!(stage.listen(&from_first, None).await.begin().await, ids[1]);
    stage.publish(&ana, 1, b"a").await.check(409, "go on with 3");
    assert_eq!(stage.publish(&ana, 3, b"c").await.id(), ids[0].replace("-1", "-3"));
    assert_eq!(listener.frame().await.1, 3);

    round(rows, now_millis() + millis(FORGOTTEN_AFTER)).await.unwrap();
    assert_eq!(stage.listen(&path, Some(&ids[1])).await.next().await.unwrap().1, "missed");
    let anew = stage.publish(&ana, 1, b"a").await.id();
    assert!(place(&anew) == 1 && anew.split_once('-') > ids[0].split_once('-'), "{anew}");
    let (_, name, data) = listener.next().await.unwrap();
    assert_eq!((name.as_str(), &data["first"]), ("missed", &1.into()));
    assert_eq!(listener.frame().await.0, anew);
    assert_eq!(rows.numbers().await.unwrap().held, 257);
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

#[tokio::test]
async fn restart_keeps_frames_numbers_and_cursors() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let ids = [stage.publish(&ana, 1, b"a").await.id(), stage.publish(&ana, 2, b"b").await.id()];
    let stage = stage.restarted().await;
    assert_eq!(stage.publish(&ana, 2, b"b").await.id(), ids[1]);
    stage.publish(&ana, 1, b"other").await.check(409, "go on with 3");
    assert_eq!(stage.listen(&ana.path(NAME), Some(&ids[0])).await.frame().await.0, ids[1]);
    assert_eq!(place(&stage.publish(&ana, 3, b"c").await.id()), 3);
}

#[tokio::test]
async fn stop_ends_every_stream() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let mut listener = stage.listen(&ana.path(NAME), None).await;
    listener.begin().await;
    stage.stop.send_replace(true);
    assert!(listener.ends().await);
}
