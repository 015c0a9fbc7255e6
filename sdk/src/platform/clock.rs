//! This machine's clock, and pauses.

use std::time::{SystemTime, UNIX_EPOCH};

#[cfg(not(target_family = "wasm"))]
pub(crate) use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
#[cfg(target_family = "wasm")]
pub(crate) use wasmtimer::{
    std::Instant,
    tokio::{sleep, sleep_until, timeout, timeout_at},
};

/// The time of this machine.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn system_time() -> SystemTime {
    SystemTime::now()
}

/// The time of this machine.
#[cfg(target_family = "wasm")]
pub(crate) fn system_time() -> SystemTime {
    UNIX_EPOCH + std::time::Duration::from_millis(js_sys::Date::now() as u64)
}

/// Seconds since 1970; 0 if the clock is before that.
pub(crate) fn now() -> u64 {
    system_time().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
