//! Knowledge bases, documents and the program for tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use veritrail::embed::{Embedder, Registry, Runtime, RuntimeSearch, TextModel, cache_dir_from_env};
use veritrail::engine::KnowledgeBase;

/// The installed runtime.
pub(crate) fn runtime() -> Runtime {
    let search = RuntimeSearch::from_env(None, &cache_dir_from_env());
    search.load().expect("run `make models` first")
}

/// The installed text model, loaded once.
pub(crate) fn embedder() -> Arc<dyn Embedder> {
    static EMBEDDER: OnceLock<Arc<dyn Embedder>> = OnceLock::new();
    let open = || -> Arc<dyn Embedder> {
        let cache = cache_dir_from_env();
        let runtime = runtime();
        let registry = Registry::builtin().unwrap();
        let entry = registry.find("all-minilm-l6-v2").unwrap();
        Arc::new(TextModel::open(&runtime, entry, &cache, 2).expect("run `make models` first"))
    };
    Arc::clone(EMBEDDER.get_or_init(open))
}

/// Writes a file and the folders above it.
pub(crate) fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Three documents about a pump; one in a folder `secret`.
pub(crate) fn pump_documents() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "docs/pump.md",
        "# Pump X-10\n\nThe Pump X-10 shows error E-17 when the shaft seal is worn.\nSee the [parts list](parts.md).\n",
    );
    write(
        folder.path(),
        "docs/parts.md",
        "# Parts list\n\nThe shaft seal has the order number SP-3117.\n",
    );
    write(
        folder.path(),
        "secret/cost.md",
        "# Costs\n\nThe shaft seal SP-3117 costs the factory 4 euro.\n",
    );
    folder
}

/// Makes a knowledge base that the program, too, opens with the text model alone, as
/// [`open`] does.
pub(crate) fn init_with_text_alone(root: &Path) {
    KnowledgeBase::init(root).unwrap();
    write(root, "veritrail.toml", "[models]\npictures = []\nocr = \"off\"\n");
}

pub(crate) fn open(root: &Path) -> KnowledgeBase {
    KnowledgeBase::open(root, embedder()).unwrap()
}

/// Takes documents in and publishes them; the name of the generation.
pub(crate) fn ingest(knowledge_base: &KnowledgeBase, folder: &Path) -> String {
    knowledge_base.ingest(folder, &mut |_| {}).unwrap();
    let published = knowledge_base.publish(&mut |_| {}).unwrap();
    published.generation.name().to_owned()
}

/// A new knowledge base of the pump documents.
pub(crate) fn pump_knowledge_base() -> (TempDir, KnowledgeBase) {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    (root, knowledge_base)
}

/// The program, deaf to the environment of whoever runs the tests.
pub(crate) fn program(kb: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_veritrail"));
    for (key, _) in std::env::vars() {
        if key.starts_with("OPENAI_") || key.starts_with("VERITRAIL__") || key == "VERITRAIL_LOG" {
            command.env_remove(key);
        }
    }
    command.arg("--kb").arg(kb);
    command
}

/// Exit code, standard output and standard error.
pub(crate) fn outcome(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// Python with the official client of the Model Context Protocol.
pub(crate) fn mcp_python() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/mcp-client");
    let output = Command::new(script).output().unwrap();
    let (code, path, said) = outcome(&output);
    assert_eq!(code, 0, "{said}");
    PathBuf::from(path.trim())
}

/// The example that comes with the project.
pub(crate) fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/example")
}

/// Copies a folder and all below it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
