//! Erasing by itself, while serving, what the settings keep no longer.

use super::app::App;
use std::sync::{Arc, Weak};
use std::time::Duration;
use time::OffsetDateTime;

/// After a start, requests come first.
const AFTER_START: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
/// Records after which a server that stops need not wait any longer.
const INDEXED_AT_ONCE: u64 = 512;

/// Makes the index of uses know every record, which takes its time where it was missing;
/// then erases words that are too old, again and again until the app is gone, where the
/// settings say so.
pub(super) async fn watch(app: Weak<App>) {
    loop {
        let Some(app) = app.upgrade() else { return };
        let step = move || app.knowledge_base().index_uses(INDEXED_AT_ONCE);
        match tokio::task::spawn_blocking(step).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => break,
            Ok(Err(error)) => {
                tracing::error!(%error, "the index of what answers used cannot be made");
                break;
            }
            Err(_) => return,
        }
    }
    let Some(started) = app.upgrade() else { return };
    let retention = started.knowledge_base().config().audit.retention.clone();
    drop(started);
    if retention.keep_texts_days == 0 {
        return;
    }
    let every = HOUR.saturating_mul(u32::try_from(retention.every_hours.max(1)).unwrap_or(1));
    let mut pause = AFTER_START;
    loop {
        tokio::time::sleep(pause).await;
        pause = every;
        let Some(app) = app.upgrade() else { return };
        let Ok(place) = Arc::clone(&app.places).acquire_owned().await else { return };
        let retained = tokio::task::spawn_blocking(move || {
            let _place = place;
            let kept = app.knowledge_base();
            let since = kept.texts_kept_since(OffsetDateTime::now_utc());
            since.map(|before| kept.retain(&before, false)).transpose()
        });
        match retained.await {
            Ok(Ok(Some(retained))) if retained.n_answers > 0 => tracing::info!(
                n_answers = retained.n_answers,
                n_texts = retained.n_texts,
                "words were erased from records that are too old"
            ),
            Ok(Err(error)) => {
                tracing::error!(%error, "words of old records cannot be erased");
            }
            _ => {}
        }
    }
}
