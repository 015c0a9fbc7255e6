//! file -> seal -> blocks -> store, in one pass. Memory does not grow with the file.

use cid::Cid;
use futures::{SinkExt, StreamExt, channel::mpsc, stream};
use hospital_record_core::{
    error::CoreError,
    id::{RAW, cid_of_digest},
    record::dag::{Block, DagBuilder},
    seal::stream::{ContentKey, StreamHeader, plaintext_range},
};
use tokio::io::AsyncReadExt;

use crate::{
    base::{
        error::{Error, Result, fail},
        progress::{Phase, Reporter},
        task::{BoxStream, MaybeSend, Reader, StreamInBox},
    },
    platform::{digest::digest, segments::Sealer},
    records::source::OpenSource,
    store::{Store, StoreError},
};

/// Segments that are sealed at the same time. Each needs two megabytes.
const AHEAD: usize = 4;

/// Ciphertext in a store, and its values for the manifest.
pub(crate) struct UploadedContent {
    pub(crate) content: Cid,
    pub(crate) size: u64,
    pub(crate) header: StreamHeader,
    pub(crate) key: ContentKey,
    /// The media type, if the source has a detector.
    pub(crate) media_type: Option<String>,
}

/// Encrypts `source` under a new key and stores its blocks, without pinning them.
pub(crate) async fn upload(store: &dyn Store, mut source: OpenSource, report: &Reporter) -> Result<UploadedContent> {
    let key = ContentKey::random().map_err(CoreError::from)?;
    let header = StreamHeader::random().map_err(CoreError::from)?;
    let file = std::mem::take(&mut source.file_check);
    let detector = source.detector.take();
    let (blocks, receiver) = mpsc::channel(AHEAD);
    let sealer = Sealer::new(&key, header).await?;
    let sealing = seal_all(source.reader, source.size, sealer, blocks, report);
    let (sealed, stored) = futures::join!(sealing, store.put(receiver.in_box()));
    let (content, size) = match (sealed, stored) {
        (Err(StopCause::Source(error)), _) => return Err(file.named(error)),
        (_, Err(error)) => return Err(error.into()),
        (Err(StopCause::Store), Ok(_)) => return fail!(Conflict, "the store stopped taking blocks"),
        (Ok(sealed), Ok(_)) => sealed,
    };
    file.require_unchanged(size).await?;
    let media_type = detector.map(|detector| detector.media_type());
    Ok(UploadedContent { content, size, header, key, media_type })
}

/// The cause why sealing stopped before the end.
enum StopCause {
    Source(Error),
    Store,
}

type BlockSender = mpsc::Sender<Result<Block, StoreError>>;

async fn seal_all(
    reader: Reader,
    total: Option<u64>,
    sealer: Sealer,
    mut blocks: BlockSender,
    report: &Reporter,
) -> Result<(Cid, u64), StopCause> {
    match seal_into(reader, total, sealer, &mut blocks, report).await {
        Err(StopCause::Source(error)) => {
            // Without this error the store would take the cut stream as complete.
            let _ = blocks.send(Err(StoreError::Input(error.to_string().into()))).await;
            Err(StopCause::Source(error))
        }
        other => other,
    }
}

async fn seal_into(
    reader: Reader,
    total: Option<u64>,
    sealer: Sealer,
    blocks: &mut BlockSender,
    report: &Reporter,
) -> Result<(Cid, u64), StopCause> {
    let mut builder = DagBuilder::new();
    let mut size = 0u64;
    let mut leaves = segments(reader, sealer);
    while let Some(leaf) = leaves.next().await {
        let (plain, leaf) = leaf.map_err(StopCause::Source)?;
        size += plain;
        let nodes = builder.push_leaf(leaf.cid, leaf.bytes.len() as u64).map_err(broken)?;
        send(blocks, std::iter::once(leaf).chain(nodes)).await?;
        report.tell(Phase::Storing, size, total);
    }
    let dag = builder.finish().map_err(broken)?;
    send(blocks, dag.blocks).await?;
    Ok((dag.root, size))
}

fn broken(error: hospital_record_core::error::DagError) -> StopCause {
    StopCause::Source(CoreError::from(error).into())
}

async fn send(blocks: &mut BlockSender, ready: impl IntoIterator<Item = Block>) -> Result<(), StopCause> {
    for block in ready {
        blocks.send(Ok(block)).await.map_err(|_| StopCause::Store)?;
    }
    Ok(())
}

/// The sealed segments in order, each with the size of its plaintext.
fn segments(reader: Reader, sealer: Sealer) -> BoxStream<'static, Result<(u64, Block)>> {
    chunks(reader)
        .map(move |chunk| {
            let sealer = sealer.clone();
            async move {
                let Chunk { index, last, plain } = chunk?;
                let size = plain.len() as u64;
                let bytes = sealer.seal(index, last, plain).await?;
                let cid = cid_of_digest(RAW, &digest(&bytes).await);
                Ok((size, Block { cid, bytes: bytes.into() }))
            }
        })
        .buffered(AHEAD)
        .in_box()
}

struct Chunk {
    index: u32,
    last: bool,
    plain: Vec<u8>,
}

/// The plaintext, cut at segment borders. It reads one segment ahead, to know the last one. Empty input is one empty chunk.
fn chunks(reader: Reader) -> impl futures::Stream<Item = Result<Chunk>> + MaybeSend {
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
    let range = plaintext_range(index);
    (range.end - range.start) as usize
}

async fn read(reader: &mut Reader, capacity: usize) -> Result<Vec<u8>> {
    let mut plain = Vec::with_capacity(capacity);
    let read = reader.take(capacity as u64).read_to_end(&mut plain).await;
    read.map_err(|error| Error::of_io("the source", error))?;
    Ok(plain)
}
