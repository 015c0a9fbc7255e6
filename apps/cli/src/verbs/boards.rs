//! `boards`: some members must agree before somebody is admitted.

mod cases;
mod serve;

pub(crate) use cases::behind;
use hospital_record::{Address, board::Board};
use serde_json::{Value, json};

use crate::{
    app::{App, check_person},
    args::boards::{Boards, Change, Create, Named, Proxy},
    failure::Result,
    json::accounts,
    session::Session,
};

pub(crate) async fn boards(app: &App, args: Boards) -> Result {
    match args {
        Boards::Create(args) => create(app, &args).await,
        Boards::Show(args) => show(app, &args).await,
        Boards::Cases(args) => cases::list(app, &args).await,
        Boards::Open(args) => cases::open(app, &args).await,
        Boards::Acknowledge(args) => cases::acknowledge(app, &args).await,
        Boards::Veto(args) => cases::veto(app, &args).await,
        Boards::Proxy(args) => proxy(app, &args).await,
        Boards::Release(args) => cases::release(app, &args).await,
        Boards::Review(args) => cases::review(app, &args).await,
        Boards::Change(args) => change(app, &args).await,
        Boards::Serve(args) => serve::serve(app, &args).await,
    }
}

/// The board of this address, or of the name that a grant gave it.
pub(super) async fn named(session: &Session, typed: &str) -> Result<Board> {
    let address = session.person(typed).await?.address;
    Ok(session.client.system().board(address).await?)
}

async fn create(app: &App, args: &Create) -> Result {
    args.members.iter().try_for_each(|member| check_person(member))?;
    let session = app.session().await?;
    let mut members = Vec::new();
    for member in &args.members {
        members.push(session.person(member).await?.address);
    }
    let made = session.client.boards().create(args.needed, &members).await?;
    let told = json!({"type": "board-created", "tx": made.transaction, "gas": made.gas});
    let words =
        format!("{}\ngive this address to patients: it stands for these people", words(&session, &made.board).await?);
    app.printer.result(&crate::json::merged([object(&made.board), told]), words)
}

async fn show(app: &App, args: &Named) -> Result {
    check_person(&args.board)?;
    let session = app.session().await?;
    let board = named(&session, &args.board).await?;
    app.printer.result(&object(&board), words(&session, &board).await?)
}

fn object(board: &Board) -> Value {
    json!({
        "type": "board", "board": board.address.to_string(), "needed": board.threshold,
        "members": accounts(&board.members), "left": accounts(&board.left), "closed": board.closed,
        "successor": board.successor.map(|successor| successor.to_string()),
    })
}

async fn words(session: &Session, board: &Board) -> Result<String> {
    let mut lines = vec![format!("board {}", board.address)];
    lines.push(format!("  {} of {} people must agree", board.threshold, board.members.len()));
    for member in &board.members {
        let left = if board.left.contains(member) { "  (has left)" } else { "" };
        lines.push(format!("  {member}  {}{left}", name_of(session, *member).await?));
    }
    match (board.closed, board.successor) {
        (false, _) => {}
        (true, None) => lines.push("  closed".to_owned()),
        (true, Some(successor)) => lines.push(format!("  closed, and followed by the board {successor}")),
    }
    Ok(lines.join("\n"))
}

async fn name_of(session: &Session, member: Address) -> Result<String> {
    Ok(session.name_of(member).await?.map(|name| crate::shown::shown(&name)).unwrap_or_default())
}

async fn proxy(app: &App, args: &Proxy) -> Result {
    check_person(&args.board.board)?;
    args.who.as_deref().map_or(Ok(()), check_person)?;
    let session = app.session().await?;
    let board = named(&session, &args.board.board).await?;
    let done = match &args.who {
        Some(who) => {
            let who = session.person(who).await?.address;
            Some(session.client.boards().appoint_proxy(&board, Some(who)).await?)
        }
        None if args.none => Some(session.client.boards().appoint_proxy(&board, None).await?),
        None => None,
    };
    let proxy = session.client.system().proxy_of(&board, session.me()).await?;
    let (name, words) = match proxy {
        None => (None, "nobody but you may end cases about your records at this board".to_owned()),
        Some(proxy) => {
            let called = session.called(proxy).await?;
            (
                session.name_of(proxy).await?,
                format!("{called} may end cases about your records at this board, as you may"),
            )
        }
    };
    let object = json!({
        "type": "board-proxy", "board": board.address.to_string(), "proxy": proxy.map(|proxy| proxy.to_string()),
        "proxy_name": name, "tx": done.and_then(|done| done.transaction), "gas": done.map(|done| done.gas),
    });
    app.printer.result(&object, words)
}

async fn change(app: &App, args: &Change) -> Result {
    check_person(&args.board.board)?;
    args.to.successor.as_deref().map_or(Ok(()), check_person)?;
    let session = app.session().await?;
    let board = named(&session, &args.board.board).await?;
    let done = match &args.to.successor {
        _ if args.to.resign => session.client.boards().resign(&board).await?,
        Some(successor) => {
            let successor = named(&session, successor).await?;
            session.client.boards().acknowledge_successor(&board, Some(&successor)).await?
        }
        None => session.client.boards().acknowledge_successor(&board, None).await?,
    };
    let board = session.client.system().board(board.address).await?;
    let told = json!({"type": "board-changed", "tx": done.transaction, "gas": done.gas});
    app.printer.result(&crate::json::merged([object(&board), told]), words(&session, &board).await?)
}
