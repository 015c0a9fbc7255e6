//! A private S3 server in memory: moto, which checks signatures and the rights of users with AWS's own code (botocore),
//! and refuses in AWS's codes; requests take turns there. `s3s-fs` has no users with rights, and 21 crates more for every
//! cold build; `gofakes3` says of itself that it has "no demand for correctness", and tests would need Go.

use std::process::Command;

use hospital_record::store::{S3Access, StoreOptions};
use serde_json::Value;

use crate::process::{Server, new_dir, repository, tool};

#[derive(Debug)]
pub struct S3 {
    server: Server,
    started: Value,
}

impl S3 {
    /// With one bucket, a user who may do what a store needs, and one who may nothing.
    pub fn start() -> Self {
        let mut python = Command::new(tool("HOSPITAL_RECORD_PYTHON", "venv/bin/python"));
        python.arg("-B").arg(repository().join("tests/src/s3.py"));
        let server = Server::start(new_dir(), &mut python);
        let started = server.wait_for(|line| serde_json::from_str(line).ok());
        Self { server, started }
    }

    /// The bucket below a prefix, as a store URL.
    pub fn url(&self) -> String {
        text(&self.started["url"])
    }

    /// The key of the user who may.
    pub fn access(&self) -> S3Access {
        self.access_of(&self.started["users"][0])
    }

    /// The key of the user who may not.
    pub fn access_of_stranger(&self) -> S3Access {
        self.access_of(&self.started["users"][1])
    }

    /// A key id that is known, with another secret.
    pub fn access_with_wrong_secret(&self) -> S3Access {
        S3Access::new(text(&self.started["users"][0][0]), "hunter2").endpoint(self.endpoint())
    }

    /// The program's file with the key of the user who may.
    pub fn file(&self) -> String {
        let [id, secret] = [0, 1].map(|part| text(&self.started["users"][0][part]));
        format!("key-id = '{id}'\nsecret = '{secret}'\nendpoint = '{}'\n", self.endpoint())
    }

    /// Options of a store here.
    pub fn options(&self) -> StoreOptions {
        StoreOptions::default().s3(self.access())
    }

    /// The process, to be frozen.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The server's address.
    pub fn endpoint(&self) -> String {
        text(&self.started["endpoint"])
    }

    fn access_of(&self, user: &Value) -> S3Access {
        S3Access::new(text(&user[0]), text(&user[1])).endpoint(self.endpoint())
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("the server says so").to_owned()
}
