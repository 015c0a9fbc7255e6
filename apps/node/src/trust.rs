//! The accounts that the node serves: all, or those that are named or vouched for.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use hospital_record::{Address, Result, System};
use tokio::sync::Semaphore;

/// The time that an answer about an account is valid.
const GOOD_FOR: Duration = Duration::from_secs(600);
/// The same for an account without a vouch, which may get one at any moment.
const NO_FOR: Duration = Duration::from_secs(30);
/// The most answers in the cache.
const KEPT: usize = 10_000;

/// The searches for a vouch at a time.
const WALKS: usize = 16;

/// The accounts that a node serves.
pub(crate) struct Trust {
    system: System,
    allowed: HashSet<Address>,
    authorities: Vec<Address>,
    answers: Mutex<HashMap<Address, (bool, Instant)>>,
    /// Each costs the provider several questions.
    walks: Semaphore,
}

impl Trust {
    /// The named accounts and those for which the authorities vouch; all without either.
    pub(crate) fn new(system: System, allowed: HashSet<Address>, authorities: Vec<Address>) -> Self {
        Self { system, allowed, authorities, answers: Mutex::default(), walks: Semaphore::new(WALKS) }
    }

    /// Whether the node serves this account.
    pub(crate) async fn admits(&self, account: Address) -> Result<bool> {
        if self.allowed.contains(&account) || self.allowed.is_empty() && self.authorities.is_empty() {
            return Ok(true);
        }
        if self.authorities.is_empty() {
            return Ok(false);
        }
        let now = Instant::now();
        if let Some((answer, until)) = self.answers().get(&account).copied()
            && now < until
        {
            return Ok(answer);
        }
        let turn = self.walks.acquire().await;
        let answer = self.system.why_trusted(account, &self.authorities).await?.is_some();
        drop(turn);
        let mut answers = self.answers();
        if answers.len() >= KEPT {
            answers.retain(|_, (_, until)| now < *until);
        }
        if answers.len() >= KEPT {
            // Anybody can make accounts that are refused: they push out no account that is served.
            answers.retain(|_, (answer, _)| *answer);
        }
        if answers.len() < KEPT {
            answers.insert(account, (answer, now + if answer { GOOD_FOR } else { NO_FOR }));
        }
        Ok(answer)
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<Address, (bool, Instant)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The accounts of a file: one address a line, and comments after `#`.
pub(crate) fn listed(file: &Path) -> Result<HashSet<Address>, String> {
    let wrong = |what: &str| format!("--allow {}: {what}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| wrong(&error.to_string()))?;
    let accounts = accounts(&text).map_err(|line| wrong(&format!("line {line} is not an address")))?;
    match accounts.is_empty() {
        true => Err(wrong("it names nobody, so the node would serve nobody")),
        false => Ok(accounts),
    }
}

/// Fails with the number of the first line that is not an address.
fn accounts(text: &str) -> Result<HashSet<Address>, usize> {
    let mut accounts = HashSet::new();
    for (line, number) in text.lines().zip(1_usize..) {
        let account = line.split('#').next().unwrap_or_default().trim();
        if !account.is_empty() {
            accounts.insert(account.parse().map_err(|_| number)?);
        }
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_list_has_an_address_a_line_and_comments() {
        let (one, two) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let text = format!("# staff\n{one} # Ana\n\n  {two}\r\n");
        assert_eq!(accounts(&text).unwrap(), HashSet::from([one, two]));
        assert_eq!(accounts("# nobody\n").unwrap(), HashSet::new());
        assert_eq!(accounts(&format!("{one}\nana\n")), Err(2));
    }

    #[test]
    fn empty_list_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("staff");
        std::fs::write(&file, "# nobody yet\n").unwrap();
        assert!(listed(&file).unwrap_err().contains("names nobody"));
        assert!(listed(&folder.path().join("none")).unwrap_err().contains("--allow"));
    }
}
