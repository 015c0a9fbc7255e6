//! What the program does, one file a group of verbs.

mod access;
mod acts;
mod add;
mod attest;
mod boards;
mod contacts;
mod directory;
mod export;
mod folders;
mod grants;
mod history;
pub(crate) mod init;
mod join;
mod list;
mod login;
mod names;
mod open;
mod person;
mod portal;
mod register;
mod replace;
mod requests;
mod revoke;
mod sign;
mod trust;
mod unlock;
mod upkeep;
mod vouches;

use hospital_record::{Address, ErrorKind};

use crate::{
    app::App,
    args::Verb,
    failure::{Failure, Kind, Result},
    session::Session,
};

/// Runs the verb, and reports entries that are gone from the chain.
pub(crate) async fn run(app: &App, verb: Verb) -> Result {
    let done = run_verb(app, verb).await;
    let told = app.tell_news().await;
    match done.and(told) {
        Err(failure) => Err(app.in_words(failure).await),
        done => done,
    }
}

async fn run_verb(app: &App, verb: Verb) -> Result {
    match verb {
        Verb::Init(args) => init::init(app, &args),
        Verb::Join(args) => join::join(app, &args).await,
        Verb::Register(args) => register::register(app, &args).await,
        Verb::Login(args) => login::login(app, &args).await,
        Verb::Logout(args) => login::logout(app, &args).await,
        Verb::Password(args) => init::password(app, &args).await,
        Verb::Unlock(args) => unlock::unlock(app, &args).await,
        Verb::Lock => unlock::lock(app),
        Verb::Portal(args) => portal::portal(app, &args).await,
        Verb::Account(args) => person::account(app, &args).await,
        Verb::Contacts(args) => contacts::contacts(app, args).await,
        Verb::Directory(args) => directory::directory(app, args).await,
        Verb::Folders(args) => folders::folders(app, args).await,
        Verb::Add(args) => add::add(app, args).await,
        Verb::List(args) => list::list(app, &args).await,
        Verb::Open(args) => open::open(app, args).await,
        Verb::Grant(args) => access::grant(app, &args).await,
        Verb::Revoke(args) => revoke::revoke(app, &args).await,
        Verb::Grants(args) => grants::grants(app, args).await,
        Verb::Requests(args) => requests::requests(app, args).await,
        Verb::Boards(args) => boards::boards(app, args).await,
        Verb::Attest(args) => attest::attest(app, &args).await,
        Verb::Vouches(args) => vouches::vouches(app, args).await,
        Verb::Trust(args) => trust::trust(app, &args).await,
        Verb::Acts(args) => acts::acts(app, args).await,
        Verb::Replace(args) => replace::replace(app, args).await,
        Verb::Reencrypt(args) => replace::reencrypt(app, &args).await,
        Verb::Sync(args) => upkeep::sync(app, &args).await,
        Verb::Resume(args) => upkeep::resume(app, &args).await,
        Verb::History(args) => history::history(app, &args).await,
        Verb::Verify(args) => history::verify(app, &args).await,
        Verb::Settings => init::settings(app.printer, app.config().err().as_ref()),
        Verb::Completions { shell } => init::completions(shell),
    }
}

/// Warns about remaining readers without new keys.
async fn warn_left_out(app: &App, session: &Session, left_out: &[Address]) -> Result {
    for account in left_out {
        app.printer.warn(format!("{} has no new keys: grant again", session.called(*account).await?));
    }
    Ok(())
}

/// The word for the error kind, if something was not available.
fn word(kind: Option<ErrorKind>) -> Option<&'static str> {
    kind.map(|kind| Kind::from(kind).word())
}

/// A store that does not answer is a failure, after the list was printed.
fn all_heard(missing: impl IntoIterator<Item = ErrorKind>) -> Result {
    let silent = |kind: &ErrorKind| matches!(kind, ErrorKind::Unreachable | ErrorKind::TimedOut);
    let silent: Vec<ErrorKind> = missing.into_iter().filter(silent).collect();
    let Some(kind) = silent.first() else { return Ok(()) };
    let why = if *kind == ErrorKind::TimedOut { "did not answer in time" } else { "cannot be reached" };
    let text = format!("{} of these could not be read, because a store {why}: repeat it later", silent.len());
    Err(Failure::new((*kind).into(), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unavailable_store_fails_a_list() {
        assert!(all_heard([ErrorKind::Integrity, ErrorKind::NotAvailable]).is_ok());
        let failure = all_heard([ErrorKind::Integrity, ErrorKind::TimedOut, ErrorKind::Unreachable]).unwrap_err();
        assert_eq!(failure.kind, Kind::TimedOut);
        assert!(failure.message.starts_with("2 of these"), "{failure}");
    }
}
