//! The SDK's own store on a room behind the real server: the suite that every store passes.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use hospital_record::{
    Deployment, Identity,
    node::Session,
    store::{Sessions, StoreError, StoreOptions, conformance::conformance, open},
};
use tokio::{net::TcpListener, sync::watch};

use super::stage::*;
use crate::{
    blocks::routes,
    clock::now,
    server::{Connections, serve},
};

#[derive(Debug)]
struct Signing(Identity, Deployment);

#[async_trait]
impl Sessions for Signing {
    async fn token(&self, host: &str) -> Result<String, StoreError> {
        Ok(Session::sign(&self.0, self.1, host, now() + 600).await.unwrap().to_string())
    }
}

#[tokio::test]
async fn store_of_a_node_passes_the_conformance_suite() {
    let stage = Stage::plain().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("node+http://{}", listener.local_addr().unwrap());
    let (_stop, stopped) = watch::channel(false);
    let most = Connections { all: 100, of_one: None };
    tokio::spawn(serve(listener, None, routes(stage.room.clone()).into(), most, stopped));
    let (identity, _) = Identity::generate().unwrap();
    let sessions: Arc<dyn Sessions> = Arc::new(Signing(identity, stage.system.deployment()));
    let store = open(&url, &StoreOptions::default().timeout(Duration::from_secs(20))).unwrap();
    conformance(store.for_account(&sessions).unwrap()).await;
    stage.check_books().await;
}
