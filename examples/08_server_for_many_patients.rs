//! One process serves many patients: one `System`, and a cheap `Client` for each person.

mod common;

use futures::{StreamExt, TryStreamExt, stream};
use hospital_record::{Identity, Result, Source};

#[tokio::main]
async fn main() -> Result<()> {
    let system = common::system().await?;

    let clients = (0..20).map(|_| {
        let system = system.clone();
        async move {
            let identity = Identity::generate()?.0; // a server would load it from its key management
            common::fund(&system, identity.address()).await?;
            Ok::<_, hospital_record::Error>(system.client(identity))
        }
    });
    let clients: Vec<_> = stream::iter(clients).buffered(4).try_collect().await?;

    let adding = clients.iter().enumerate().map(|(number, client)| async move {
        client.add(Source::bytes("intake.txt", format!("patient {number}"))).await
    });
    let added: Vec<_> = stream::iter(adding).buffer_unordered(8).try_collect().await?;
    println!("{} patients, {} records", clients.len(), added.len());

    let strangers = clients[0].open(&added[added.len() - 1].record).await;
    assert!(strangers.is_err() || added.len() == 1, "nobody opens a stranger's record");
    Ok(())
}
