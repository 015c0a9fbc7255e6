#![allow(clippy::unwrap_used)]

mod publishing;
mod rounds;
mod searching;
mod stage;
