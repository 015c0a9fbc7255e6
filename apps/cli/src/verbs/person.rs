//! `account`: the address, the balance, and the card for others.

use hospital_record::{Card, Client, Error, alloy::primitives::utils::format_ether, relay::origin, store::StoreUrl};
use serde_json::json;

use crate::{app::App, args::Account, failure::Result, session::Session, shown::shown};

pub(crate) async fn account(app: &App, args: &Account) -> Result {
    let session = app.session().await?;
    if args.card || args.qr { card(app, &session, args).await } else { whoami(app, &session).await }
}

async fn whoami(app: &App, session: &Session) -> Result {
    let (client, system) = (&session.client, session.client.system());
    let balance = client.balance().await?;
    let (address, deployment) = (client.address().to_string(), system.deployment());
    let contract = system.contract().address().to_string();
    let stores: Vec<String> = app.settings.stores().map(without_secrets).collect();
    let relays: Vec<String> = app.settings.relays.iter().map(|url| origin(url)).collect();
    let fingerprint = fingerprint(client).await?;
    let object = json!({
        "type": "account", "name": session.name, "address": address, "fingerprint": fingerprint,
        "balance_wei": balance.to_string(), "chain": deployment.chain, "contract": contract,
        "rpc": system.ledger().name(), "store": stores.first(),
        "relays": relays,
    });
    let keys = fingerprint.as_deref().unwrap_or("not published yet; `account --card` does it");
    let (name, ether, chain) = (&session.name, format_ether(balance), deployment.chain);
    let (rpc, stores) = (system.ledger().name(), stores.join(", "));
    let words = format!(
        "{name}\naddress      {address}\nfingerprint  {keys}\nbalance      {ether} ether\n\
         chain        {chain} by {rpc}\nstore        {stores}"
    );
    let carried = if relays.is_empty() { String::new() } else { format!("\nrelay        {}", relays.join(", ")) };
    app.printer.result(&object, words + &carried)?;
    if balance.is_zero() && relays.is_empty() {
        app.printer.note(format!(
            "\nWriting costs a fee. Ask the operator of chain {chain} to send {address} some ether (0.01 lasts long on \
             most chains), or name a relay that pays (--relay)."
        ));
    }
    Ok(())
}

/// The fingerprint of the published keys. Showing it publishes nothing.
async fn fingerprint(client: &Client) -> Result<Option<String>> {
    let profile = client.system().contract().profile_of(client.address()).await.map_err(Error::from)?;
    let (deployment, account) = (client.system().deployment(), client.address());
    Ok(profile.map(|profile| Card { deployment, account, profile }.fingerprint()))
}

/// Without user, password and query, which may hold keys.
fn without_secrets(url: &str) -> String {
    url.parse::<StoreUrl>().map_or_else(|_| "(unreadable URL)".to_owned(), |url| url.to_string())
}

async fn card(app: &App, session: &Session, args: &Account) -> Result {
    let card = session.client.card().await?;
    let object = json!({
        "type": "card", "name": session.name, "address": card.account.to_string(),
        "fingerprint": card.fingerprint(), "card": card.to_string(),
    });
    if args.qr {
        app.printer.qr(&card.to_string())?;
    }
    app.printer.result(&object, card.to_string())?;
    app.printer.note(format!("fingerprint of {}: {}", shown(&session.name), card.fingerprint()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn no_key_of_a_relay_is_shown() {
        for url in [
            "https://a:1",
            "https://a:1/",
            "HTTPS://A:1",
            "https://user:pw@a:1/secret/x?key=1",
            "https://a:1?k@y",
            "https://a:1#k@y",
            "https://a:1\\secret",
            "https:\\\\a:1\\secret",
            "https:a:1/secret",
        ] {
            assert_eq!(origin(url), "https://a:1", "{url}");
        }
        assert_eq!(origin("secret"), "(unreadable URL)");
    }
}
