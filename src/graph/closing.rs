//! The end of a store, which a broken disk cannot hold up.

use oxigraph::store::Store as Oxigraph;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Far more than a sound store needs, which ends its compactions first.
const PATIENCE: Duration = Duration::from_secs(10);

/// Closes a store when dropped, and goes on when that takes too long.
///
/// Once a write failed for want of room, RocksDB tries to recover by itself, and its
/// closing can wait for ever for that to end (`DBImpl::CloseHelper`). Nothing is lost by
/// not closing: what was acknowledged is in its log, as after a crash.
///
/// It must be the last to hold the store, thus a field behind that of the store itself.
pub(super) struct Closing(Option<Oxigraph>);

impl Closing {
    pub(super) fn of(store: &Oxigraph) -> Self {
        Self(Some(store.clone()))
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let store = self.0.take();
        let (closed, is_closed) = mpsc::channel::<()>();
        let close = move || {
            drop(store);
            drop(closed);
        };
        match thread::Builder::new().name("close-graph".to_owned()).spawn(close) {
            // Nothing is ever sent: the sender goes when the store is closed.
            Ok(_) => {
                if is_closed.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                    tracing::warn!(
                        "the graph does not close after {} s; left as it is, nothing is lost",
                        PATIENCE.as_secs()
                    );
                }
            }
            Err(error) => tracing::warn!(%error, "no thread can be started that closes the graph"),
        }
    }
}
