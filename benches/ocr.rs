//! Reading the text of one picture of 460 x 330 pixels with six lines, 2 threads.
//!
//! Needs the model: `veritrail models pull ppocr-v4-mobile`. Alone:
//!
//! ```sh
//! cargo bench --bench ocr
//! ```

use criterion::Criterion;
use std::error::Error;
use std::path::Path;
use veritrail::embed::{OcrModel, Registry, RuntimeSearch, TextReader, cache_dir_from_env};
use veritrail::picture::Picture;

fn main() -> Result<(), Box<dyn Error>> {
    let cache = cache_dir_from_env();
    let runtime = RuntimeSearch::from_env(None, &cache).load()?;
    let registry = Registry::builtin()?;
    let reader = OcrModel::open(&runtime, registry.find("ppocr-v4-mobile")?, &cache, 2)?;
    let sheet = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/ocr/sheet-1.png");
    let pixels = Picture::decode(&std::fs::read(sheet)?)?.on_white();
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    criterion.bench_function("ocr of one picture", |bencher| {
        bencher.iter(|| reader.read(&pixels));
    });
    criterion.final_summary();
    Ok(())
}
