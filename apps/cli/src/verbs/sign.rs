//! `revoke --sign`: the end of somebody's access as text, which anybody can carry at any time.

use std::path::Path;

use hospital_record::grant::GrantInfo;
use serde_json::json;

use super::{access::Scope, all_heard};
use crate::{
    app::App,
    args::Revoke,
    failure::{Failure, Result},
    json::{merged, scope},
    output::write_new,
    session::{Person, Session},
    shown::shown,
};

pub(super) async fn sign(
    app: &App,
    session: &Session,
    person: &Person,
    wanted: Option<&Scope>,
    args: &Revoke,
) -> Result {
    let grants = session.client.grants().list().await?;
    let held: Vec<&GrantInfo> = grants.iter().filter(|grant| grant.grantee == person.address && grant.live).collect();
    let ending = held.iter().filter(|grant| wanted.is_none_or(|wanted| wanted.is(&grant.scope)));
    let mut signed = Vec::new();
    for grant in ending {
        signed.push((*grant, session.client.acts().sign_revocation(person.address, grant.scope_id).await?.to_string()));
    }
    if signed.is_empty() {
        // The named folder may be one whose name is not available.
        all_heard(held.iter().filter_map(|grant| grant.unavailable))?;
        let instead = Scope::instead(wanted, held.iter().map(|grant| &grant.scope));
        return Err(Failure::not_found(format!("{} has no such access: there is nothing to end{instead}", args.who)));
    }
    let lines: Vec<&str> = signed.iter().map(|(_, line)| line.as_str()).collect();
    if let Some(path) = &args.output {
        // Any reader of the file can end the access at any time.
        write_new(path, &lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    }
    tell(app, person, args.output.as_deref(), &signed, args.qr)
}

fn tell(app: &App, person: &Person, output: Option<&Path>, signed: &[(&GrantInfo, String)], as_qr: bool) -> Result {
    for (grant, line) in signed {
        let object = json!({
            "type": "signed", "grantee": person.address.to_string(), "name": grant.name, "request": line,
            "output": output.map(|path| path.to_string_lossy()),
        });
        if as_qr {
            app.printer.qr(line)?;
        }
        match output {
            Some(_) => app.printer.object(&merged([object, scope(&grant.scope)]))?,
            None => app.printer.result(&merged([object, scope(&grant.scope)]), line)?,
        }
    }
    let whose = person.name().map_or_else(|| person.address.to_string(), shown);
    let file = output.map_or_else(String::new, |path| format!(" It is in {}.", shown(&path.to_string_lossy())));
    app.printer.note(format!(
        "Nothing has ended yet: the access of {whose} ends when anybody runs `acts carry` with this, at any time.{file} It \
         works once. Only a grant later than 15 minutes from now makes it worthless."
    ));
    Ok(())
}
