#![allow(clippy::unwrap_used)]

mod stage;

mod listening;
mod publishing;
mod window;
