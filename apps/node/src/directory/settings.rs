//! The settings of the room of the directory.

use std::time::Duration;

use clap::{Args, value_parser};
use hospital_record::{Address, names::parse_address};

use crate::settings::MOST_AUTHORITIES;

/// The node lists practitioners if it is switched on.
#[derive(Args)]
#[command(next_help_heading = "Directory")]
pub(crate) struct DirectorySettings {
    /// List practitioners for whom an authority vouches, at /v1/directory
    #[arg(long)]
    directory: bool,
    /// An authority of the directory, in the place of --authority, which also says whom the node serves
    #[arg(long = "directory-authority", env = "HOSPITAL_RECORD_NODE_DIRECTORY_AUTHORITIES", value_delimiter = ',', value_parser = parse_address)]
    directory_authorities: Vec<Address>,
    /// Seconds after which the vouch for a listing is checked again
    #[arg(long, default_value = "300", value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=300))]
    directory_check: u64,
}

impl DirectorySettings {
    pub(crate) fn is_on(&self) -> bool {
        self.directory
    }

    /// `of_node`: the authorities of the whole node.
    pub(crate) fn check(&self, of_node: &[Address]) -> Result<(), String> {
        if !self.directory {
            return match self.directory_authorities.is_empty() {
                true => Ok(()),
                false => Err("--directory-authority is for --directory: switch it on, or leave this out".into()),
            };
        }
        if self.directory_authorities.len() > MOST_AUTHORITIES || self.directory_authorities.contains(&Address::ZERO) {
            return Err(format!(
                "--directory-authority: name up to {MOST_AUTHORITIES} accounts, and not the zero address"
            ));
        }
        match self.authorities(of_node).is_empty() {
            true => Err("--directory: say who vouches for practitioners, with --authority or --directory-authority; \
                         nobody vouches for the accounts in --allow"
                .into()),
            false => Ok(()),
        }
    }

    /// Those whose vouches count.
    pub(crate) fn authorities(&self, of_node: &[Address]) -> Vec<Address> {
        if self.directory_authorities.is_empty() { of_node } else { &self.directory_authorities }.to_vec()
    }

    pub(crate) fn interval(&self) -> Duration {
        Duration::from_secs(self.directory_check)
    }
}
