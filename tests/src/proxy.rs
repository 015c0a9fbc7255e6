//! Stands between the SDK and Anvil, and does to calls what real providers do, or dishonest ones could.

use std::{
    fmt,
    io::{self, BufReader},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::http;

/// One JSON-RPC call.
#[derive(Debug)]
pub struct Call {
    pub method: String,
    pub params: Value,
}

/// What becomes of a call.
pub enum Act {
    /// The next rule decides; after the last one, the chain.
    Pass,
    /// This result, without asking the chain.
    Answer(Value),
    /// What the chain says, changed.
    Edit(Box<dyn FnOnce(Value) -> Value>),
    /// A JSON-RPC error, without asking the chain.
    Refuse { code: i64, message: String },
    /// The chain executes the call; the answer is this error.
    RefuseAfter { code: i64, message: String },
    /// An HTTP error, without asking the chain.
    Status(u16),
    /// The chain executes the call; the connection closes without an answer.
    LoseAnswer,
    /// The chain is asked once the gate opens.
    Hold(Gate),
    /// The connection stays open and nothing comes.
    Stall,
}

/// Closed until it is opened, once.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn open(&self) {
        *lock(&self.0.0) = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let open = self.0.1.wait_while(lock(&self.0.0), |open| !*open);
        drop(open.unwrap_or_else(PoisonError::into_inner));
    }
}

type Rule = Box<dyn FnMut(&Call) -> Act + Send>;

/// A JSON-RPC server on a port of its own that passes calls on to Anvil, subject to rules.
pub struct Proxy {
    address: String,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: String,
    rules: Mutex<Vec<Rule>>,
    calls: Mutex<Vec<Call>>,
    closed: AtomicBool,
}

impl Proxy {
    /// In front of the JSON-RPC server at `upstream` (`host:port`).
    pub fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            rules: Mutex::default(),
            calls: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let served = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &served));
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a rule after those there are.
    pub fn rule(&self, rule: impl FnMut(&Call) -> Act + Send + 'static) {
        lock(&self.shared.rules).push(Box::new(rule));
    }

    /// An honest provider again.
    pub fn clear(&self) {
        lock(&self.shared.rules).clear();
    }

    /// How often `method` was called.
    pub fn count(&self, method: &str) -> usize {
        lock(&self.shared.calls).iter().filter(|call| call.method == method).count()
    }

    /// With which parameters `method` was called, in order.
    pub fn params(&self, method: &str) -> Vec<Value> {
        lock(&self.shared.calls).iter().filter(|call| call.method == method).map(|call| call.params.clone()).collect()
    }

    /// Forgets the calls there were.
    pub fn forget_calls(&self) {
        lock(&self.shared.calls).clear();
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(&self.address);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.closed.load(Ordering::Relaxed) {
            return;
        }
        let (Ok(stream), shared) = (stream, Arc::clone(shared)) else { continue };
        // A peer that went away is no failure of the test.
        thread::spawn(move || drop(serve(stream, &shared)));
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let Some(request) = http::read(&mut BufReader::new(stream.try_clone()?))? else { return Ok(()) };
    let request: Value = serde_json::from_slice(&request.body)?;
    let outcome = match &request {
        Value::Array(calls) => {
            let answers: Option<Vec<Value>> = calls.iter().map(|call| shared.perform(call).into_body()).collect();
            answers.map_or(Outcome::Close, |answers| Outcome::Body(Value::Array(answers)))
        }
        call => shared.perform(call),
    };
    match outcome {
        Outcome::Body(body) => http::answer(&mut stream, 200, body.to_string().as_bytes()),
        Outcome::Status(status) => http::answer(&mut stream, status, b"{}"),
        Outcome::Close => Ok(()),
        Outcome::Stall => {
            while !shared.closed.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(50));
            }
            Ok(())
        }
    }
}

enum Outcome {
    Body(Value),
    Status(u16),
    Close,
    Stall,
}

impl Outcome {
    fn into_body(self) -> Option<Value> {
        match self {
            Self::Body(body) => Some(body),
            _ => None,
        }
    }
}

impl Shared {
    fn perform(&self, request: &Value) -> Outcome {
        let error = |code: i64, message: String| {
            Outcome::Body(json!({
                "jsonrpc": "2.0", "id": request["id"], "error": { "code": code, "message": message }
            }))
        };
        match self.decide(request) {
            Act::Pass => self.forward(request).map_or(Outcome::Status(502), Outcome::Body),
            Act::Answer(result) => Outcome::Body(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })),
            Act::Edit(edit) => match self.forward(request) {
                Ok(mut answer) => {
                    if let Some(result) = answer.get_mut("result") {
                        *result = edit(result.take());
                    }
                    Outcome::Body(answer)
                }
                Err(_) => Outcome::Status(502),
            },
            Act::Refuse { code, message } => error(code, message),
            Act::RefuseAfter { code, message } => {
                let _ = self.forward(request);
                error(code, message)
            }
            Act::Status(status) => Outcome::Status(status),
            Act::LoseAnswer => {
                let _ = self.forward(request);
                Outcome::Close
            }
            Act::Hold(gate) => {
                gate.wait();
                self.forward(request).map_or(Outcome::Status(502), Outcome::Body)
            }
            Act::Stall => Outcome::Stall,
        }
    }

    fn decide(&self, request: &Value) -> Act {
        let method = request["method"].as_str().unwrap_or_default().to_owned();
        let call = Call { method, params: request["params"].clone() };
        let act = lock(&self.rules).iter_mut().map(|rule| rule(&call)).find(|act| !matches!(act, Act::Pass));
        lock(&self.calls).push(call);
        act.unwrap_or(Act::Pass)
    }

    fn forward(&self, request: &Value) -> io::Result<Value> {
        let answer = http::post(&self.upstream, request.to_string().as_bytes())?;
        Ok(serde_json::from_slice(&answer.body)?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
