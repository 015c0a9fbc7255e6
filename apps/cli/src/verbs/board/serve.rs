//! A member's part in a case, done by itself: at night nobody is to be waited for who has agreed already.

use std::time::Duration;

use hospital_record::ErrorKind;
use serde_json::json;

use super::named;
use crate::{
    app::{App, check_person},
    args::Serve,
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
        // A chain or a store that is away comes back; what cannot be given out is told each time.
        match session.client.release_due(&board).await {
            Ok(done) => {
                for (case, released) in done {
                    match released {
                        Ok(released) => {
                            let object = json!({
                                "type": "released", "case": case.id.to_string(), "grantee": case.grantee.to_string(),
                                "tx": released.transaction.to_string(), "gas": released.gas,
                            });
                            let who = session.called(case.grantee).await?;
                            app.printer.result(&object, format!("{}  gave my share to {who}", short(case.id)))?;
                        }
                        Err(error) => app.printer.warn(format!("{}  not given out: {error}", short(case.id))),
                    }
                }
            }
            Err(error) if passes(error.kind()) => app.printer.warn(error.to_string()),
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(Duration::from_secs(args.every)).await;
    }
}

fn passes(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unreachable | ErrorKind::TimedOut | ErrorKind::NotAvailable)
}
