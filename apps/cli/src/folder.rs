//! A folder that is not there yet: made when somebody means it, never by a slip of the keyboard.

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

/// Before anything is granted or added: the folder is there, or is to be made.
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

/// Of something to be done to a folder that never was.
pub(crate) async fn never_was(session: &Session, name: &str, level: Confidentiality) -> Failure {
    Failure::not_found(missing(name, level, &session.client.folders().list().await.unwrap_or_default()))
}

/// The one that everybody has, and nobody mistypes, is there from the beginning.
async fn is_there(session: &Session, name: &str, level: Confidentiality) -> Result<bool> {
    Ok(spelled(name) == DEFAULT_FOLDER || session.client.folders().has(name, level).await?)
}

/// What there is instead, in whole sentences.
fn missing(name: &str, level: Confidentiality, folders: &[FolderInfo]) -> String {
    let what = format!("there is no folder {} of confidentiality {level} yet", shown(&spelled(name)));
    what + &instead(name, folders.iter().filter_map(|folder| Some((folder.name.as_deref()?, folder.confidentiality?))))
}

/// The end of a sentence that says that a folder is missing, and which there are.
pub(crate) fn instead<'a>(name: &str, there: impl IntoIterator<Item = (&'a str, Confidentiality)>) -> String {
    let there: BTreeSet<(&str, String)> = there.into_iter().map(|(name, level)| (name, level.to_string())).collect();
    let end = match near(name, there.iter().map(|(name, _)| *name)) {
        Some(other) if other == spelled(name) => ", but one of another: --confidentiality says which.".to_owned(),
        Some(other) => format!("; did you mean {}?", shown(other)),
        None => ".".to_owned(),
    };
    let known: Vec<String> = there.iter().map(|(name, level)| format!("{} ({level})", shown(name))).collect();
    match known.is_empty() {
        true => end,
        false => format!("{end} There are: {}.", known.join(", ")),
    }
}

/// The folders that a person can name of a patient's: all of their own, of another's those on which access was given.
#[derive(Default)]
pub(crate) struct Known {
    names: Vec<(String, Confidentiality)>,
    /// Whether there is none beside them whose name is kept back.
    all: bool,
}

impl Known {
    /// None of them where they cannot be had: who asks has something else to say.
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

    /// Whether it is known that there is no such folder, of whatever confidentiality. The one that everybody has is there
    /// from the beginning.
    pub(crate) fn lacks(&self, typed: &str) -> bool {
        let wanted = spelled(typed);
        self.all && wanted != DEFAULT_FOLDER && self.names.iter().all(|(name, _)| *name != wanted)
    }

    /// The others, as the end of a sentence.
    pub(crate) fn others(&self, typed: &str) -> String {
        let (wanted, mut others) = (spelled(typed), self.names.clone());
        others.retain(|(name, _)| *name != wanted);
        instead(typed, others.iter().map(|(name, level)| (name.as_str(), *level)))
    }

    /// As the end of a sentence that says that it is missing.
    pub(crate) fn instead(&self, typed: &str) -> String {
        instead(typed, self.names.iter().map(|(name, level)| (name.as_str(), *level)))
    }
}

fn own(folder: FolderInfo) -> Option<(String, Confidentiality)> {
    folder.name.zip(folder.confidentiality)
}

/// Nothing for a record; nothing inside for a folder whose name a store keeps back.
pub(crate) fn given(scope: &GrantScope) -> Option<Option<(&str, Confidentiality)>> {
    match scope {
        GrantScope::Folder { name, confidentiality, .. } => Some(name.as_deref().zip(*confidentiality)),
        _ => None,
    }
}

/// Why nothing could be done to a folder of another's, with those that could have been meant.
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
    fn a_folder_that_is_missing_is_told_with_those_that_are_there() {
        let level = |code: &str| code.parse::<Confidentiality>().unwrap();
        let there = [("lab", level("N")), ("lab", level("R")), ("cardiology", level("N")), ("lab", level("N"))];
        for (name, end) in [
            ("Cardiology", "; did you mean cardiology? There are: cardiology (N), lab (N), lab (R)."),
            ("lab", ", but one of another: --confidentiality says which. There are: cardiology (N), lab (N), lab (R)."),
            ("x-rays", ". There are: cardiology (N), lab (N), lab (R)."),
        ] {
            assert_eq!(instead(name, there), end, "{name}");
        }
        assert_eq!(instead("lab", []), ".");
    }

    #[test]
    fn a_folder_lacks_only_where_all_are_known() {
        let names = vec![("röntgen".to_owned(), Confidentiality::default())];
        for (typed, lacks) in
            [("röntgen", false), (" ro\u{308}ntgen ", false), ("personal", false), ("Röntgen", true), ("lab", true)]
        {
            assert_eq!(Known { names: names.clone(), all: true }.lacks(typed), lacks, "{typed}");
            assert!(!Known { names: names.clone(), all: false }.lacks(typed), "{typed}");
        }
        assert!(!Known::default().lacks("lab"), "a store that is silent");
    }
}
