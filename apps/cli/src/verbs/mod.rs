//! What the program does, one file a group of verbs.

mod access;
mod add;
mod contacts;
mod export;
mod history;
mod init;
mod keys;
mod list;
mod open;
mod person;
mod replace;
mod revoke;
mod story;

use hospital_record::Address;

use crate::{app::App, args::Verb, failure::Result, session::Session};

/// Does what was asked.
pub(crate) async fn run(app: &App, verb: Verb) -> Result {
    match verb {
        Verb::Init(args) => init::init(app, &args),
        Verb::Account(args) => person::account(app, &args).await,
        Verb::Contacts(args) => contacts::contacts(app, args).await,
        Verb::Folders => list::folders(app).await,
        Verb::Add(args) => add::add(app, args).await,
        Verb::List(args) => list::list(app, &args).await,
        Verb::Open(args) => open::open(app, args).await,
        Verb::Grant(args) => access::grant(app, &args).await,
        Verb::Revoke(args) => revoke::revoke(app, &args).await,
        Verb::Renounce(args) => revoke::renounce(app, &args).await,
        Verb::Grants(args) => access::grants(app, &args).await,
        Verb::Shared(args) => access::shared(app, &args).await,
        Verb::Replace(args) => replace::replace(app, args).await,
        Verb::Reencrypt(args) => replace::reencrypt(app, &args).await,
        Verb::Rotate(args) => keys::rotate(app, &args).await,
        Verb::Sync => keys::sync(app).await,
        Verb::Resume => keys::resume(app).await,
        Verb::History(args) => history::history(app, &args).await,
        Verb::Verify(args) => history::verify(app, &args).await,
        Verb::Completions { shell } => init::completions(shell),
    }
}

/// Readers who remain, but have no new keys.
async fn warn_left_out(app: &App, session: &Session, left_out: &[Address]) -> Result {
    for account in left_out {
        app.printer.warn(format!("{} has no new keys: grant again", session.called(*account).await?));
    }
    Ok(())
}
