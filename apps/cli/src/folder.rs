//! A folder that does not exist yet: made only on request, never because of a mistyped name.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal, Write},
};

use hospital_record::{
    Address, Confidentiality, DEFAULT_FOLDER, Error, ErrorKind, folder::FolderInfo, grant::GrantScope, names::spelled,
};

use crate::{
    app::App,
    failure::{Failure, Result},
    session::Session,
    shown::shown,
    suggest::near,
};

/// Checks before a grant or an addition that the folder exists or is to be made.
pub(crate) async fn must_be_meant(
    app: &App,
    session: &Session,
    name: &str,
    level: Confidentiality,
    new: bool,
) -> Result {
    if new || is_there(session, name, level).await? {
        return Ok(());
    }
    let why = missing(name, level, &session.client.folders().list().await?);
    if !can_ask(app) {
        return Err(Failure::usage(format!("{why} Correct the name, or make it with --new-folder")));
    }
    match ask(&format!("{why} Make it? [y/N] "))? {
        true => Ok(()),
        false => Err(Failure::usage("nothing was done: correct the folder's name")),
    }
}

/// The error of an act on a folder that never existed.
pub(crate) async fn never_was(session: &Session, name: &str, level: Confidentiality) -> Failure {
    Failure::not_found(missing(name, level, &session.client.folders().list().await.unwrap_or_default()))
}

/// The default folder always exists.
async fn is_there(session: &Session, name: &str, level: Confidentiality) -> Result<bool> {
    Ok(spelled(name) == DEFAULT_FOLDER || session.client.folders().has(name, level).await?)
}

/// The existing folders, in whole sentences.
fn missing(name: &str, level: Confidentiality, folders: &[FolderInfo]) -> String {
    let what = format!("there is no folder {} of confidentiality {level} yet", shown(&spelled(name)));
    what + &instead(name, folders.iter().filter_map(|folder| Some((folder.name.as_deref()?, folder.confidentiality?))))
}

/// The end of a sentence about a missing folder: the folders that exist.
pub(crate) fn instead<'a>(name: &str, there: impl IntoIterator<Item = (&'a str, Confidentiality)>) -> String {
    let there: BTreeSet<(&str, String)> = there.into_iter().map(|(name, level)| (name, level.to_string())).collect();
    let end = match near(name, there.iter().map(|(name, _)| *name)) {
        Some(other) if other == spelled(name) => ", but one of another level: set --confidentiality.".to_owned(),
        Some(other) => format!("; did you mean {}?", shown(other)),
        None => ".".to_owned(),
    };
    let known: Vec<String> = there.iter().map(|(name, level)| format!("{} ({level})", shown(name))).collect();
    match known.is_empty() {
        true => end,
        false => format!("{end} There are: {}.", known.join(", ")),
    }
}

/// The folders of a patient that this person can name: all of their own, and of others those that they have access to.
#[derive(Default)]
pub(crate) struct Known {
    names: Vec<(String, Confidentiality)>,
    /// Whether all names are available.
    all: bool,
}

impl Known {
    /// Empty if they cannot be listed: the caller reports another error.
    pub(crate) async fn of(session: &Session, patient: Address) -> Self {
        let folders = match patient == session.me() {
            true => session.client.folders().list().await.map(|all| (all.into_iter().map(own).collect(), true)),
            false => session.client.grants().received_from(patient).await.map(|shared| {
                let live = shared.grants.iter().filter(|grant| grant.live).filter_map(|grant| given(&grant.scope));
                let owned = live.map(|folder| folder.map(|(name, level)| (name.to_owned(), level)));
                (owned.collect(), shared.more_of.is_empty())
            }),
        };
        let Ok((named, all)): Result<(Vec<Option<_>>, bool), _> = folders else { return Self::default() };
        let all = all && named.iter().all(Option::is_some);
        Self { names: named.into_iter().flatten().collect(), all }
    }

    /// Whether certainly no folder has this name, of any confidentiality. The default folder always exists.
    pub(crate) fn lacks(&self, typed: &str) -> bool {
        let wanted = spelled(typed);
        self.all && wanted != DEFAULT_FOLDER && self.names.iter().all(|(name, _)| *name != wanted)
    }

    /// The end of a sentence about the other folders.
    pub(crate) fn others(&self, typed: &str) -> String {
        let (wanted, mut others) = (spelled(typed), self.names.clone());
        others.retain(|(name, _)| *name != wanted);
        instead(typed, others.iter().map(|(name, level)| (name.as_str(), *level)))
    }

    /// The end of a sentence about this missing folder.
    pub(crate) fn instead(&self, typed: &str) -> String {
        instead(typed, self.names.iter().map(|(name, level)| (name.as_str(), *level)))
    }
}

fn own(folder: FolderInfo) -> Option<(String, Confidentiality)> {
    folder.name.zip(folder.confidentiality)
}

/// `None` for a record; `Some(None)` for a folder whose name is not available.
pub(crate) fn given(scope: &GrantScope) -> Option<Option<(&str, Confidentiality)>> {
    match scope {
        GrantScope::Folder { name, confidentiality, .. } => Some(name.as_deref().zip(*confidentiality)),
        _ => None,
    }
}

/// The error of an act on another patient's folder, with similar names.
pub(crate) async fn refused(
    session: &Session,
    patient: Address,
    typed: &str,
    level: Confidentiality,
    error: Error,
) -> Failure {
    let slip = patient != session.me() && matches!(error.kind(), ErrorKind::Denied | ErrorKind::NotFound);
    let failure = Failure::from(error);
    if !slip {
        return failure;
    }
    let known = Known::of(session, patient).await;
    match known.names.is_empty() || known.names.contains(&(spelled(typed), level)) {
        true => failure,
        false => Failure { message: format!("{failure}{}", known.instead(typed)), ..failure },
    }
}

fn can_ask(app: &App) -> bool {
    !app.printer.json && io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn ask(question: &str) -> Result<bool> {
    let mut stderr = io::stderr().lock();
    stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush())?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_folder_is_reported_with_the_existing_ones() {
        let level = |code: &str| code.parse::<Confidentiality>().unwrap();
        let there = [("lab", level("N")), ("lab", level("R")), ("cardiology", level("N")), ("lab", level("N"))];
        for (name, end) in [
            ("Cardiology", "; did you mean cardiology? There are: cardiology (N), lab (N), lab (R)."),
            ("lab", ", but one of another level: set --confidentiality. There are: cardiology (N), lab (N), lab (R)."),
            ("x-rays", ". There are: cardiology (N), lab (N), lab (R)."),
        ] {
            assert_eq!(instead(name, there), end, "{name}");
        }
        assert_eq!(instead("lab", []), ".");
    }

    #[test]
    fn folder_is_missing_only_if_all_names_are_known() {
        let names = vec![("röntgen".to_owned(), Confidentiality::default())];
        for (typed, lacks) in
            [("röntgen", false), (" ro\u{308}ntgen ", false), ("personal", false), ("Röntgen", true), ("lab", true)]
        {
            assert_eq!(Known { names: names.clone(), all: true }.lacks(typed), lacks, "{typed}");
            assert!(!Known { names: names.clone(), all: false }.lacks(typed), "{typed}");
        }
        assert!(!Known::default().lacks("lab"), "a store does not answer");
    }
}
