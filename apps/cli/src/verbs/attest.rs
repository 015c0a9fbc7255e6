//! `attest`: a professional's word for a record.

use serde_json::json;

use crate::{
    app::{App, check_person, check_record},
    args::Attest,
    failure::Result,
    json::{merged, record},
};

pub(crate) async fn attest(app: &App, args: &Attest) -> Result {
    check_record(&args.record)?;
    args.patient.as_deref().map_or(Ok(()), check_person)?;
    let session = app.session().await?;
    let attested = session.record_of(&args.record, args.patient.as_deref()).await?;
    let done = session.client.attest(&attested).await?;
    let object = json!({
        "type": "attested", "patient": attested.patient.to_string(), "tx": done.transaction,
        "gas": done.gas,
    });
    let whose = session.called(attested.patient).await?;
    let what = session.title_of(&attested).await;
    let words = format!("attested: {what} of {whose}; you vouch for it from now on");
    app.printer.result(&merged([object, record(&attested)]), words)
}
