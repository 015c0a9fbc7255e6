//! Releases a member's shares without further input, so that at night nobody waits for a member who has agreed.

use std::time::Duration;

use hospital_record::ErrorKind;
use serde_json::json;

use super::named;
use crate::{
    app::{App, check_person},
    args::boards::Serve,
    failure::Result,
    lookup::short,
};

pub(super) async fn serve(app: &App, args: &Serve) -> Result {
    check_person(&args.board.board)?;
    let session = app.session().await?;
    let board = named(&session, &args.board.board).await?;
    let waiting = json!({"type": "serving", "board": board.address.to_string()});
    app.printer.result(&waiting, format!("waiting for cases of the board {}; Ctrl-C ends it", board.address))?;
    loop {
        // Errors of the chain or the store may pass, and the shares are needed at night: keep waiting.
        let due = match session.client.system().board(board.address).await {
            Ok(board) => session.client.boards().release_due(&board).await,
            Err(error) => Err(error),
        };
        match due {
            Ok(done) => {
                for (case, released) in done {
                    match released {
                        Ok(released) => {
                            let object = json!({
                                "type": "released", "case": case.id.to_string(), "grantee": case.grantee.to_string(),
                                "tx": released.transaction, "gas": released.gas,
                            });
                            let who = session.called(case.grantee).await.unwrap_or(case.grantee.to_string());
                            app.printer.result(&object, format!("{}  gave my share to {who}", short(case.id)))?;
                        }
                        Err(error) => app.printer.warn(format!("{}  share not released: {error}", short(case.id))),
                    }
                }
            }
            Err(error) if ends(error.kind()) => return Err(error.into()),
            Err(error) => app.printer.warn(error.to_string()),
        }
        tokio::time::sleep(Duration::from_secs(args.every)).await;
    }
}

/// Fails if this person is not a member any more.
fn ends(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Denied | ErrorKind::Invalid | ErrorKind::WrongContract)
}
