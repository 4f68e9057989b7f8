//! TriG from any bytes: a document or an error, never a crash.

#![no_main]

use libfuzzer_sys::fuzz_target;
use veritrail::ingest::{SourceItem, load};

fuzz_target!(|bytes: &[u8]| {
    let item = SourceItem { source: "a.trig".to_owned(), bytes: bytes.to_vec(), ..SourceItem::default() };
    if let Ok((_, loaded)) = load(&item) {
        for section in &loaded.sections {
            assert!(section.span.of(&loaded.text).is_some());
        }
    }
});
