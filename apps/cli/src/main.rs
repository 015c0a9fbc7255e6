//! Health records on the command line. The manual is `docs/cli.md`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod args;
mod bundle;
mod failure;
mod home;
mod key_file;
mod lookup;
mod media;
mod password;
mod print;
mod progress;
mod range;
mod settings;
mod shown;
mod when;
mod words;

fn main() {}
