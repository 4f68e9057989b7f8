//! What was computed before, within a limit of memory.

use quick_cache::Weighter;
use quick_cache::sync::Cache as QuickCache;
use serde::Serialize;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};

/// How well a cache works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CacheStats {
    /// Name: `embedding` or `retrieval`.
    pub name: &'static str,
    /// Look-ups that found something.
    pub n_hits: u64,
    /// Look-ups that found nothing.
    pub n_misses: u64,
    /// Entries.
    pub n_entries: usize,
    /// Bytes of all entries, as estimated.
    pub size_bytes: u64,
    /// Bytes that entries may have.
    pub capacity_bytes: u64,
}

/// Says how many bytes an entry takes.
pub(super) type SizeOf<K, V> = fn(&K, &V) -> u64;

#[derive(Clone)]
struct BySize<K, V>(SizeOf<K, V>);

impl<K, V> Weighter<K, V> for BySize<K, V> {
    fn weight(&self, key: &K, value: &V) -> u64 {
        (self.0)(key, value).max(1)
    }
}

/// A cache with counters; with a capacity of 0 it keeps nothing.
pub(super) struct Cache<K, V> {
    name: &'static str,
    kept: Option<QuickCache<K, V, BySize<K, V>>>,
    n_hits: AtomicU64,
    n_misses: AtomicU64,
}

/// Bytes that an average entry is expected to have.
const ENTRY_BYTES: u64 = 2_048;

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    pub(super) fn new(name: &'static str, capacity_mib: u64, size_of: SizeOf<K, V>) -> Self {
        let capacity = capacity_mib << 20;
        let n_expected = usize::try_from(capacity / ENTRY_BYTES).unwrap_or(usize::MAX);
        let kept = (capacity > 0)
            .then(|| QuickCache::with_weighter(n_expected, capacity, BySize(size_of)));
        Self { name, kept, n_hits: AtomicU64::new(0), n_misses: AtomicU64::new(0) }
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        let found = self.kept.as_ref()?.get(key);
        let counter = if found.is_some() { &self.n_hits } else { &self.n_misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(super) fn insert(&self, key: K, value: V) {
        if let Some(kept) = &self.kept {
            kept.insert(key, value);
        }
    }

    pub(super) fn stats(&self) -> CacheStats {
        let kept = self.kept.as_ref();
        CacheStats {
            name: self.name,
            n_hits: self.n_hits.load(Ordering::Relaxed),
            n_misses: self.n_misses.load(Ordering::Relaxed),
            n_entries: kept.map_or(0, QuickCache::len),
            size_bytes: kept.map_or(0, QuickCache::weight),
            capacity_bytes: kept.map_or(0, QuickCache::capacity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_counted_and_size_is_limited() {
        let cache: Cache<u32, Vec<u8>> = Cache::new("test", 1, |_, value| value.len() as u64);
        assert_eq!(cache.get(&1), None);
        cache.insert(1, vec![0; 1_000]);
        assert_eq!(cache.get(&1).map(|value| value.len()), Some(1_000));
        for key in 2..5_000 {
            cache.insert(key, vec![0; 1_000]);
        }
        let stats = cache.stats();
        assert_eq!((stats.n_hits, stats.n_misses), (1, 1));
        assert!(stats.size_bytes <= stats.capacity_bytes, "{stats:?}");
        assert!(stats.n_entries > 100, "{stats:?}");
    }

    #[test]
    fn without_capacity_nothing_is_kept() {
        let cache: Cache<u32, u32> = Cache::new("test", 0, |_, _| 4);
        cache.insert(1, 1);
        assert_eq!(cache.get(&1), None);
        assert_eq!(cache.stats().n_entries, 0);
    }
}
