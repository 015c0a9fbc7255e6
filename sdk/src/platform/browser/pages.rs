//! Pages in a database of the origin (IndexedDB), for browsers without files. All of them are in memory too.

use std::{cell::RefCell, collections::BTreeSet, fmt, io, rc::Rc};

use futures::channel::oneshot;
use js_sys::Uint8Array;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::{
    file::removed,
    indexed_db::{Database, Stored},
    io_error,
    lock::WebLock,
    thrown,
};
use crate::{
    base::{
        error::{Error, Result, fail},
        task::{BoxFuture, FutureInBox},
    },
    platform::cache::own::Memory,
};

/// Bytes of a page.
const PAGE: usize = 16 << 10;

/// A database that nobody owns yet.
pub(super) struct Pages {
    name: String,
    database: Database,
}

/// The pages of one tab.
pub(super) struct OwnedPages(SendWrapper<Rc<Owned>>);

struct Owned {
    name: String,
    database: Database,
    /// A tab that opens the database writes its own number into it, so a tab before it can save nothing.
    owner: f64,
    state: RefCell<State>,
    turn: tokio::sync::Mutex<()>,
    _lock: Option<WebLock>,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    /// The pages that differ from the database.
    changed: BTreeSet<usize>,
    /// The bytes of the database.
    saved: usize,
}

impl State {
    fn resize(&mut self, size: usize) {
        let (before, after) = (self.bytes.len(), size);
        self.bytes.resize(after, 0);
        let cut = before.min(after);
        // The page of the cut, and all after it.
        self.changed.extend(cut / PAGE..after.max(before).div_ceil(PAGE));
    }

    fn page(&self, number: usize) -> Option<&[u8]> {
        let end = self.bytes.len().min((number + 1) * PAGE);
        self.bytes.get(number * PAGE..end).filter(|page| !page.is_empty())
    }
}

impl Pages {
    /// The database of this name, if there is one.
    pub(super) async fn existing(name: &str) -> Result<Option<Self>> {
        Self::open(name, false).await
    }

    pub(super) async fn create(name: &str) -> Result<Self> {
        match Self::open(name, true).await? {
            Some(pages) => Ok(pages),
            None => fail!(Invalid, "this browser keeps nothing for web pages: use another one, or keep nothing"),
        }
    }

    async fn open(name: &str, create: bool) -> Result<Option<Self>> {
        let database = Database::open(name, create).await.map_err(|error| Error::file(name, io_error(&error)))?;
        Ok(database.map(|database| Self { name: name.to_owned(), database }))
    }

    /// Takes the database from every other tab, and reads it.
    pub(super) async fn owned(self, lock: Option<WebLock>) -> Result<OwnedPages> {
        let Self { name, database } = self;
        let failed = |error: JsValue| Error::file(&name, io_error(&error));
        let owner = js_sys::Math::random();
        let stored = database.take(owner).await.map_err(failed)?;
        let bytes = whole(stored).map_err(|error| Error::file(&name, error))?;
        let state = RefCell::new(State { saved: bytes.len(), bytes, ..State::default() });
        Ok(OwnedPages(SendWrapper::new(Rc::new(Owned {
            name,
            database,
            owner,
            state,
            turn: tokio::sync::Mutex::default(),
            _lock: lock,
        }))))
    }
}

fn whole(Stored { size, pages }: Stored) -> io::Result<Vec<u8>> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a page of the browser's database is missing");
    let mut bytes = vec![0; size];
    let mut pages = pages.into_iter();
    for (number, place) in bytes.chunks_mut(PAGE).enumerate() {
        let (_, page) = pages.next().filter(|(found, _)| *found == number).ok_or_else(damaged)?;
        if page.length() as usize != place.len() {
            return Err(damaged());
        }
        page.copy_to(place);
    }
    Ok(bytes)
}

impl Owned {
    /// Saves what changed, in one transaction.
    async fn save(&self) -> io::Result<()> {
        let _turn = self.turn.lock().await;
        let (size, before, pages) = {
            let mut state = self.state.borrow_mut();
            let changed = std::mem::take(&mut state.changed);
            let page = |number| (number, state.page(number).map(Uint8Array::from));
            let pages: Vec<_> = changed.into_iter().map(page).collect();
            (state.bytes.len(), state.saved, pages)
        };
        if pages.is_empty() && size == before {
            return Ok(());
        }
        let saved = self.database.save(self.owner, size, &pages).await;
        let mut state = self.state.borrow_mut();
        match saved {
            Ok(true) => {
                state.saved = size;
                return Ok(());
            }
            // The next save takes them along.
            Ok(false) | Err(_) => state.changed.extend(pages.into_iter().map(|(number, _)| number)),
        }
        match saved {
            Err(error) if thrown(&error).0 == "InvalidStateError" => Err(removed()),
            Err(error) => Err(io_error(&error)),
            Ok(_) => {
                let words = format!("another tab uses {} now: continue there, or load this page again", self.name);
                Err(io::Error::new(io::ErrorKind::ResourceBusy, words))
            }
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.borrow_mut())
    }
}

impl fmt::Debug for OwnedPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pages").field(&self.0.name).finish()
    }
}

fn range(state: &State, offset: u64, length: usize) -> io::Result<std::ops::Range<usize>> {
    let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
    let end = start.checked_add(length).filter(|end| *end <= state.bytes.len());
    Ok(start..end.ok_or(io::ErrorKind::UnexpectedEof)?)
}

impl Memory for OwnedPages {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.with(|state| state.bytes.len() as u64))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.with(|state| {
            out.copy_from_slice(&state.bytes[range(state, offset, out.len())?]);
            Ok(())
        })
    }

    fn resize(&self, size: u64) -> io::Result<()> {
        let size = usize::try_from(size).map_err(|_| io::ErrorKind::StorageFull)?;
        self.0.with(|state| state.resize(size));
        Ok(())
    }

    /// It can only be saved asynchronously.
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.with(|state| {
            let range = range(state, offset, bytes.len())?;
            state.changed.extend(range.start / PAGE..range.end.div_ceil(PAGE));
            state.bytes[range].copy_from_slice(bytes);
            Ok(())
        })
    }

    /// The save runs to its end also when nobody waits for it any more.
    fn saved(&self) -> BoxFuture<'_, io::Result<()>> {
        let (tell, told) = oneshot::channel();
        let owned = Rc::clone(&self.0);
        spawn_local(async move {
            let _ = tell.send(owned.save().await);
        });
        async { told.await.unwrap_or_else(|_| Err(io::Error::other("the page ended"))) }.in_box()
    }
}
