//! What vector stands for a text or a picture?
//!
//! Wraps ONNX Runtime (`ort`) and `tokenizers`: finds the runtime library,
//! keeps the registry of models with the digest of every file, installs and
//! verifies them, and turns texts into vectors of a named space, and pictures
//! into those of a space that they share with texts. Reads the text that stands in
//! pictures. Nothing here knows what the
//! vectors are used for.

mod adapted;
mod bundled;
mod convert;
mod embedder;
mod head;
mod hub;
mod install;
mod installed;
mod onnx;
mod picture_model;
mod preprocess;
mod registry;
mod runtime;
mod safetensors;
mod sessions;
mod shared_text;
mod text_boxes;
mod text_detector;
mod text_model;
mod text_reader;
mod text_recogniser;
mod tower;
mod vision_tower;
mod whole_products;
mod word_pieces;

pub use adapted::{
    ADAPTED_MARK, AdaptedError, AdaptedPictureModel, AdaptedSpace, read_adapted, write_adapted,
};
pub use convert::{ConvertError, Precision};
pub use embedder::{EmbedError, EmbeddedTexts, Embedder, TextRole, TokenCounter};
pub use head::{Head, HeadError, HeadParts, mixed};
pub use hub::{HubError, HubOptions};
pub use install::{InstallError, InstallSource, install};
pub use installed::{FileState, InstalledFile, VerifiedModel, installed_files, verify};
pub use picture_model::{PictureEmbedder, PictureModel, PictureReading, TextTower};
pub use preprocess::{Preprocessing, PreprocessingError};
pub use registry::{
    FileEntry, HubRepository, ModelEntry, PythonPackage, Registry, RegistryError, Task,
};
pub use runtime::{
    Device, Runtime, RuntimeError, RuntimeSearch, UnknownDevice, cache_dir_from_env,
};
pub use shared_text::SharedTextPictureModel;
pub use text_model::{OpenError, TextModel};
pub use text_reader::{OcrModel, TextReader};
pub use word_pieces::{PieceVector, WordPieces};
