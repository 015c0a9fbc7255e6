//! The settings of the room of frames.

use std::num::NonZeroU32;

use clap::{Args, value_parser};

use crate::settings::count;

/// The least and the most that all frames may count, in bytes: one full channel, and a terabyte.
const BYTES: std::ops::RangeInclusive<u64> = 4 << 20..=1 << 40;

/// The node carries live vitals from devices to those who may read them.
#[derive(Args)]
#[command(next_help_heading = "Frames")]
pub(crate) struct FramesSettings {
    /// Carry encrypted frames of live vitals: its accounts publish, and whoever knows a channel's name can subscribe
    #[arg(long)]
    frames: bool,
    /// Bytes of the frames of all channels. A full node keeps less of each channel
    #[arg(long, default_value = "268435456", value_name = "BYTES", value_parser = value_parser!(u64).range(BYTES))]
    frames_bytes: u64,
    /// Frames that one network address may publish in a minute
    #[arg(long, default_value = "60000", value_parser = count(1..=10_000_000))]
    pub(crate) frames_per_address: NonZeroU32,
    /// Let every account publish frames, without --allow and --authority
    #[arg(long)]
    pub(crate) open_frames: bool,
}

impl FramesSettings {
    pub(crate) fn is_on(&self) -> bool {
        self.frames
    }

    /// `is_restricted`: the node serves only some accounts.
    pub(crate) fn check(&self, is_restricted: bool) -> Result<(), String> {
        let says = match (self.frames, is_restricted, self.open_frames) {
            (false, _, true) => "--open-frames is for --frames: switch it on, or leave this out",
            (true, false, false) => {
                "--frames: say who may publish, with --allow or --authority; or --open-frames, for all"
            }
            (true, true, true) => "--open-frames lets every account publish, --allow and --authority only some: choose",
            _ => return Ok(()),
        };
        Err(says.to_owned())
    }

    /// The most that all frames may count.
    pub(crate) fn bytes(&self) -> u64 {
        self.frames_bytes
    }
}
