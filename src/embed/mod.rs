//! What vector stands for a text?
//!
//! Wraps ONNX Runtime (`ort`) and `tokenizers`: finds the runtime library,
//! keeps the registry of models with the digest of every file, installs and
//! verifies them, and turns texts into vectors of a named space. Nothing here
//! knows what the vectors are used for.

mod convert;
mod embedder;
mod install;
mod onnx;
mod registry;
mod runtime;
mod safetensors;
mod text_model;

pub use convert::ConvertError;
pub use embedder::{EmbedError, EmbeddedTexts, Embedder, TextRole, TokenCounter};
pub use install::{
    FileState, InstallError, InstallSource, InstalledFile, install, installed_files, verify,
};
pub use registry::{FileEntry, ModelEntry, PythonPackage, Registry, RegistryError, Task};
pub use runtime::{Runtime, RuntimeError, RuntimeSearch, cache_dir_from_env};
pub use text_model::{OpenError, TextModel};
