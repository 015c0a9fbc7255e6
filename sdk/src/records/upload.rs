//! file -> seal -> blocks -> store: one pass, memory that does not grow with the file.

use cid::Cid;
use futures::{SinkExt, StreamExt, channel::mpsc, stream, stream::BoxStream};
use hospital_record_core::{
    error::CoreError,
    record::dag::{Block, DagBuilder},
    seal::stream::{ContentKey, StreamHeader, StreamSealer, plaintext_range},
};
use std::sync::Arc;
use tokio::io::AsyncReadExt;

use crate::{
    base::{
        error::{Error, Result, stopped},
        progress::{Phase, Reporter},
    },
    records::{detect::Reader, source::Open},
    store::{Store, StoreError},
};

/// Segments that are sealed at the same time; each takes two megabytes.
const AHEAD: usize = 4;

/// Ciphertext in a store, and what a manifest says of it.
pub(crate) struct Uploaded {
    pub(crate) content: Cid,
    pub(crate) size: u64,
    pub(crate) header: StreamHeader,
    pub(crate) key: ContentKey,
    /// Where the source was looked at for it.
    pub(crate) media_type: Option<String>,
}

/// Encrypts `source` under a new key and puts its blocks. Nothing is pinned yet.
pub(crate) async fn upload(store: &dyn Store, mut source: Open, report: &Reporter) -> Result<Uploaded> {
    let key = ContentKey::random().map_err(CoreError::from)?;
    let header = StreamHeader::random().map_err(CoreError::from)?;
    let watch = source.watch();
    let watching = source.watching.take();
    let (blocks, receiver) = mpsc::channel(AHEAD);
    let sealing = seal_all(source.reader, source.size, StreamSealer::new(&key, header), blocks, report);
    let (sealed, stored) = futures::join!(sealing, store.put(receiver.boxed()));
    let (content, size) = match (sealed, stored) {
        (Err(Halted::Source(error)), _) => return Err(watch.named(error)),
        (_, Err(error)) => return Err(error.into()),
        (Err(Halted::Store), Ok(_)) => return Err(Error::Conflict("the store stopped taking blocks".into())),
        (Ok(sealed), Ok(_)) => sealed,
    };
    watch.unchanged(size).await?;
    let media_type = watching.map(|watching| watching.media_type());
    Ok(Uploaded { content, size, header, key, media_type })
}

/// Why sealing stopped before the end.
enum Halted {
    Source(Error),
    Store,
}

type Blocks = mpsc::Sender<Result<Block, StoreError>>;

async fn seal_all(
    reader: Reader,
    total: Option<u64>,
    sealer: StreamSealer,
    mut blocks: Blocks,
    report: &Reporter,
) -> Result<(Cid, u64), Halted> {
    match seal_into(reader, total, sealer, &mut blocks, report).await {
        Err(Halted::Source(error)) => {
            // The store must not take a cut stream for a whole one.
            let _ = blocks.send(Err(StoreError::Input(error.to_string().into()))).await;
            Err(Halted::Source(error))
        }
        other => other,
    }
}

async fn seal_into(
    reader: Reader,
    total: Option<u64>,
    sealer: StreamSealer,
    blocks: &mut Blocks,
    report: &Reporter,
) -> Result<(Cid, u64), Halted> {
    let mut builder = DagBuilder::new();
    let mut size = 0u64;
    let mut leaves = segments(reader, sealer);
    while let Some(leaf) = leaves.next().await {
        let (plain, leaf) = leaf.map_err(Halted::Source)?;
        size += plain;
        let nodes = builder.push_leaf(leaf.cid, leaf.bytes.len() as u64).map_err(broken)?;
        send(blocks, std::iter::once(leaf).chain(nodes)).await?;
        report.tell(Phase::Storing, size, total);
    }
    let built = builder.finish().map_err(broken)?;
    send(blocks, built.blocks).await?;
    Ok((built.root, size))
}

fn broken(error: hospital_record_core::error::DagError) -> Halted {
    Halted::Source(CoreError::from(error).into())
}

async fn send(blocks: &mut Blocks, ready: impl IntoIterator<Item = Block>) -> Result<(), Halted> {
    for block in ready {
        blocks.send(Ok(block)).await.map_err(|_| Halted::Store)?;
    }
    Ok(())
}

/// Sealed segments in order, each with the number of plaintext bytes in it.
fn segments(reader: Reader, sealer: StreamSealer) -> BoxStream<'static, Result<(u64, Block)>> {
    let sealer = Arc::new(sealer);
    chunks(reader)
        .map(move |chunk| {
            let sealer = sealer.clone();
            async move {
                let Chunk { index, last, plain } = chunk?;
                let size = plain.len() as u64;
                let sealing = tokio::task::spawn_blocking(move || sealer.seal(index, last, &plain).map(Block::leaf));
                let block = sealing.await.map_err(stopped)?.map_err(CoreError::from)?;
                Ok((size, block))
            }
        })
        .buffered(AHEAD)
        .boxed()
}

struct Chunk {
    index: u32,
    last: bool,
    plain: Vec<u8>,
}

/// Plaintext cut at segment borders. It reads one segment ahead, to know the last one; empty input is one empty chunk.
fn chunks(reader: Reader) -> impl futures::Stream<Item = Result<Chunk>> + Send {
    let start = Some((reader, 0u32, None::<Vec<u8>>));
    stream::try_unfold(start, |state| async move {
        let Some((mut reader, index, ahead)) = state else { return Ok(None) };
        let plain = match ahead {
            Some(plain) => plain,
            None => read(&mut reader, capacity(index)).await?,
        };
        if plain.len() < capacity(index) {
            return Ok(Some((Chunk { index, last: true, plain }, None)));
        }
        let next = index.checked_add(1).ok_or_else(|| Error::Invalid("a record holds at most 4 PiB".into()))?;
        let ahead = read(&mut reader, capacity(next)).await?;
        let last = ahead.is_empty();
        let state = (!last).then_some((reader, next, Some(ahead)));
        Ok(Some((Chunk { index, last, plain }, state)))
    })
}

/// Plaintext bytes of a full segment.
fn capacity(index: u32) -> usize {
    let holds = plaintext_range(index);
    (holds.end - holds.start) as usize
}

async fn read(reader: &mut Reader, capacity: usize) -> Result<Vec<u8>> {
    let mut plain = Vec::with_capacity(capacity);
    let read = reader.take(capacity as u64).read_to_end(&mut plain).await;
    read.map_err(|error| Error::of_io("the source", error))?;
    Ok(plain)
}
