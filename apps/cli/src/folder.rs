//! A folder that is not there yet: made when somebody means it, never by a slip of the keyboard.

use std::io::{self, IsTerminal, Write};

use hospital_record::{Confidentiality, DEFAULT_FOLDER, FolderInfo, names::spelled};

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
    let why = missing(name, level, &session.client.folders().await?);
    if !can_ask(app) {
        return Err(Failure::usage(format!("{why} Correct the name, or make it with --new-folder")));
    }
    match ask(&format!("{why} Make it? [y/N] "))? {
        true => Ok(()),
        false => Err(Failure::usage("nothing was done: correct the folder's name")),
    }
}

/// For what is done to a folder that has something in it.
pub(crate) async fn must_be_there(session: &Session, name: &str, level: Confidentiality) -> Result {
    match is_there(session, name, level).await? {
        true => Ok(()),
        false => Err(Failure::not_found(missing(name, level, &session.client.folders().await?))),
    }
}

/// The one that everybody has, and nobody mistypes, is there from the beginning.
async fn is_there(session: &Session, name: &str, level: Confidentiality) -> Result<bool> {
    Ok(spelled(name) == DEFAULT_FOLDER || session.client.has_folder(name, level).await?)
}

/// What there is instead, in whole sentences.
fn missing(name: &str, level: Confidentiality, folders: &[FolderInfo]) -> String {
    let named: Vec<(&str, Confidentiality)> =
        folders.iter().filter_map(|folder| Some((folder.name.as_deref()?, folder.confidentiality?))).collect();
    let what = format!("there is no folder {} of confidentiality {level} yet", shown(&spelled(name)));
    let what = match near(name, named.iter().map(|(name, _)| *name)) {
        Some(other) if other == spelled(name) => format!("{what}, but one of another: --confidentiality says which."),
        Some(other) => format!("{what}; did you mean {}?", shown(other)),
        None => format!("{what}."),
    };
    let known: Vec<String> = named.iter().map(|(name, level)| format!("{} ({level})", shown(name))).collect();
    match known.is_empty() {
        true => what,
        false => format!("{what} There are: {}.", known.join(", ")),
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
