//! The base of every other module: errors, names, bounds, tasks and time.

pub(crate) mod bounds;
pub(crate) mod builder;
pub(crate) mod cancel;
pub(crate) mod cut;
pub(crate) mod error;
pub(crate) mod names;
pub(crate) mod progress;
pub(crate) mod ranks;
pub(crate) mod record_ref;
pub(crate) mod scope_id;
pub(crate) mod task;
pub(crate) mod time;
