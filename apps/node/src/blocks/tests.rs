#![allow(clippy::unwrap_used)]

mod bounds;
mod conformance;
mod faulty;
mod made;
mod pins;
mod quotas;
mod reading;
mod restarts;
mod stage;
mod strangers;
mod uploads;
