//! Stores frames. Each commit waits for the disk, so all frames that wait share the next one.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::{
    clock::now_millis,
    frames::{
        listeners::Listeners,
        metrics::Metrics,
        problem::Problem,
        rows::{New, Rows},
    },
    listening::Cursor,
};

/// Frames that wait for the disk, each up to 64 KiB; more wait with their callers.
pub(super) const WAITING: usize = 256;
/// Frames of one transaction.
const TOGETHER: usize = 128;

/// A frame and the one that waits for its answer.
pub(super) struct Waiting {
    pub(super) frame: New,
    pub(super) answer: oneshot::Sender<Result<Cursor, Problem>>,
}

/// Stores frames until nobody can send any more.
pub(super) async fn write(
    rows: Rows,
    mut waiting: mpsc::Receiver<Waiting>,
    listeners: Arc<Listeners>,
    metrics: Arc<Metrics>,
) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, TOGETHER).await > 0 {
        let (frames, callers): (Vec<New>, Vec<_>) =
            batch.drain(..).map(|Waiting { frame, answer }| (frame, answer)).unzip();
        let answers = match rows.add(&frames, now_millis()).await {
            Ok(answers) => {
                metrics.committed();
                answers
            }
            // Nothing was stored, or nobody knows: the same frames may come again.
            Err(error) => vec![Err(Problem::from(error)); frames.len()],
        };
        for ((frame, caller), answer) in frames.iter().zip(callers).zip(answers) {
            if answer.is_ok() {
                metrics.published(frame.bytes.len());
                listeners.changed(&frame.channel);
            }
            // The caller may be gone; the frame stays.
            let _ = caller.send(answer);
        }
    }
}
