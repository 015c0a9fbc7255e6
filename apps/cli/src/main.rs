//! Health records on the command line. The manual is `docs/cli.md`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod agent;
mod app;
mod args;
mod bundle;
mod failure;
mod folder;
mod home;
mod input;
mod json;
mod key_file;
mod login;
mod lookup;
mod media;
mod output;
mod password;
mod print;
mod private;
mod progress;
mod range;
mod sdk_errors;
mod session;
mod settings;
mod shown;
mod size;
mod suggest;
mod terminal;
mod text;
mod verbs;
mod when;
#[cfg(all(test, target_os = "linux"))]
mod wiped;
mod words;
mod zone;

use std::{process::ExitCode, time::Duration};

use clap::error::ErrorKind;

use crate::{
    app::App,
    args::{Cli, Unlock, Verb},
    failure::{Failure, Kind, Result},
    print::Printer,
    settings::Settings,
};

fn main() -> ExitCode {
    private::close_memory();
    let cli = match args::parsed() {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let printer = Printer { json: cli.global.json, quiet: cli.global.quiet };
    match run(cli, printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::discard_typed_ahead();
            if failure.kind != Kind::Unread {
                printer.failure(&failure);
            }
            ExitCode::from(failure.kind.exit())
        }
    }
}

/// Prints clap's error; with `--json` as an object.
fn refused(error: &clap::Error) -> ExitCode {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let json = std::env::args_os().any(|arg| arg == "--json");
    if asked || !json {
        drop(error.print());
        return ExitCode::from(if asked { 0 } else { Kind::Usage.exit() });
    }
    Printer { json, quiet: false }.failure(&Failure::usage(error.to_string().trim_start_matches("error: ").trim_end()));
    ExitCode::from(Kind::Usage.exit())
}

fn run(cli: Cli, printer: Printer) -> Result {
    if let Verb::Unlock(Unlock { serve: Some(socket), .. }) = &cli.verb {
        return agent::serve(socket).map_err(|error| Failure::file(socket, &error));
    }
    let settings = match (Settings::resolve(&cli.global), &cli.verb) {
        (Ok(settings), _) => settings,
        // These work with wrong settings, so that people can correct them.
        (Err(wrong), Verb::Settings) => return verbs::init::settings(printer, Some(&wrong)),
        (Err(_), Verb::Completions { shell }) => return verbs::init::completions(*shell),
        (Err(wrong), _) => return Err(wrong),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Kind::Other, format!("no threads can be started: {error}")))?;
    let result = runtime.block_on(until_interrupted(App::new(settings, printer), cli.verb));
    // A thread that waits for stdin must not keep the program.
    runtime.shutdown_background();
    result
}

/// The time that an interrupted verb has to clean up.
const TIDYING: Duration = Duration::from_secs(2);

/// The verb is a separate task, so that signals are handled while it asks for a password or computes.
async fn until_interrupted(app: App, verb: Verb) -> Result {
    let interrupted = interrupted();
    let mut task = tokio::spawn(async move { verbs::run(&app, verb).await });
    let ended = tokio::select! {
        ended = &mut task => ended,
        () = interrupted => {
            task.abort();
            // At the prompt, it first restores the terminal.
            tokio::time::timeout(TIDYING, task).await.unwrap_or_else(|_| Ok(Err(Failure::interrupted())))
        }
    };
    ended.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(Failure::interrupted()),
    })
}

/// Listens from the moment it is called.
#[cfg(unix)]
fn interrupted() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    async {
        match signals {
            [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] => {
                tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {}, _ = hangup.recv() => {} }
            }
            _ => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
