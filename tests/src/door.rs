//! A door before a server: it can be shut, and it can lead somewhere else.

use std::{
    io,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// What becomes of who knocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything passes.
    Open,
    /// Connections are closed at once.
    Shut,
    /// Connections are taken, and nothing comes.
    Silent,
}

/// A port of its own that passes bytes on to a server.
#[derive(Debug)]
pub struct Door {
    address: String,
    shared: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    upstream: String,
    /// Both ends of what is connected now.
    connections: Vec<TcpStream>,
    gone: bool,
}

impl Door {
    /// Before the server at `upstream` (`host:port`), open.
    pub fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let inner = Inner { state: State::Open, upstream: upstream.to_owned(), connections: Vec::new(), gone: false };
        let shared = Arc::new(Mutex::new(inner));
        let served = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if lock(&served).gone {
                    return;
                }
                // A peer that went away is no failure of the test.
                let _ = stream.and_then(|stream| admit(stream, &served));
            }
        });
        Self { address, shared }
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From now on so. What is connected is cut.
    pub fn set(&self, state: State) {
        let mut inner = lock(&self.shared);
        inner.state = state;
        inner.cut();
    }

    /// From now on it leads to another server (`host:port`). What is connected is cut.
    pub fn lead_to(&self, upstream: &str) {
        let mut inner = lock(&self.shared);
        upstream.clone_into(&mut inner.upstream);
        inner.cut();
    }
}

impl Inner {
    fn cut(&mut self) {
        for stream in self.connections.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let mut inner = lock(&self.shared);
        inner.gone = true;
        inner.cut();
        drop(inner);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(&self.address);
    }
}

fn admit(stream: TcpStream, shared: &Mutex<Inner>) -> io::Result<()> {
    let mut inner = lock(shared);
    match inner.state {
        State::Shut => {}
        State::Silent => inner.connections.push(stream),
        State::Open => {
            let server = TcpStream::connect(&inner.upstream)?;
            pass_on(stream.try_clone()?, server.try_clone()?);
            pass_on(server.try_clone()?, stream.try_clone()?);
            inner.connections.extend([stream, server]);
        }
    }
    Ok(())
}

/// Until one side has said everything.
fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}

fn lock(mutex: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
