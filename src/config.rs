//! All settings in one struct, composed of each module's own.
//!
//! Compiled-in defaults, then `OPENAI_BASE_URL`, `OPENAI_API_KEY` and
//! `OTEL_EXPORTER_OTLP_ENDPOINT`, then `veritrail.toml` of the knowledge base, then
//! `VERITRAIL__SECTION__KEY` variables. An unknown key stops the start.

mod cache;
mod generations;
mod observe;
mod serve;

use crate::answer;
use crate::audit::AuditConfig;
use crate::embed::Device;
use crate::extract::ExtractConfig;
use crate::govern::DriftConfig;
use crate::graph::{GraphConfig, SparqlConfig};
use crate::index::{DenseConfig, LexicalConfig};
use crate::ingest::IngestConfig;
use crate::llm;
use crate::retrieve::RetrieveConfig;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use std::path::Path;

pub use cache::CacheConfig;
pub use generations::{GenerationsConfig, PublishRule};
pub use observe::ObserveConfig;
pub use serve::{Authentication, ServeConfig, ServeConfigError, TlsConfig};

/// Variables that other programs know too, and what they set here.
const FOREIGN: [(&str, &str); 3] = [
    ("OPENAI_BASE_URL", "llm.base_url"),
    ("OPENAI_API_KEY", "llm.api_key"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "observe.otlp_endpoint"),
];

/// Every setting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Taking in documents.
    pub ingest: IngestConfig,
    /// Finding what documents state.
    pub extract: ExtractConfig,
    /// The graph.
    pub graph: GraphConfig,
    /// Queries and updates of others.
    pub sparql: SparqlConfig,
    /// Vector search.
    pub dense: DenseConfig,
    /// Word search.
    pub lexical: LexicalConfig,
    /// Retrieval.
    pub retrieve: RetrieveConfig,
    /// Answering.
    pub answer: answer::Config,
    /// Sealing records of answers.
    pub audit: AuditConfig,
    /// Watching for drift.
    pub drift: DriftConfig,
    /// The language model; none unless `base_url` is set.
    pub llm: llm::Config,
    /// Which generations are kept, and which one answers.
    pub generations: GenerationsConfig,
    /// Models.
    pub models: ModelsConfig,
    /// What the service tells about itself.
    pub observe: ObserveConfig,
    /// Serving over HTTP.
    pub serve: ServeConfig,
    /// What is remembered between questions.
    pub cache: CacheConfig,
}

/// Which models are used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelsConfig {
    /// Text model of the registry.
    pub text: String,
    /// Picture models of the registry, searched side by side; none when empty.
    pub pictures: Vec<String>,
    /// What reads the text in pictures when they are taken in: `auto` for the first
    /// installed model of the registry, none when there is none; `off`; or a name.
    pub ocr: String,
    /// Threads of one run of a model.
    pub n_threads: usize,
    /// What runs the models: `cpu`, `cuda` or `cuda:NUMBER`.
    pub device: Device,
}

impl Default for ModelsConfig {
    fn default() -> Self {
        Self {
            text: "all-minilm-l6-v2".to_owned(),
            pictures: vec!["veritrail-lite".to_owned()],
            ocr: "auto".to_owned(),
            n_threads: 2,
            device: Device::Cpu,
        }
    }
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the settings are not valid: {0}")]
pub struct ConfigError(Box<figment::Error>);

impl Config {
    /// The settings of the knowledge base whose settings file is `file`.
    ///
    /// # Errors
    /// When a key is unknown or a value does not fit; the message has its path.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        Figment::from(Serialized::defaults(Self::default()))
            .merge(Env::raw().only(&FOREIGN.map(|(name, _)| name)).map(|name| {
                let known = FOREIGN.iter().find(|(foreign, _)| name == *foreign);
                known.map_or_else(|| name.into(), |(_, key)| (*key).into())
            }))
            .merge(Toml::file(file))
            .merge(Env::prefixed("VERITRAIL__").split("__"))
            .extract()
            .map_err(|error| ConfigError(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_stop_the_start_with_their_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("veritrail.toml");
        std::fs::write(&file, "[retrieve]\ndampng = 0.3\n").unwrap();
        let error = Config::load(&file).unwrap_err().to_string();
        assert!(error.contains("dampng"), "{error}");
        std::fs::write(&file, "[retrieve]\ndamping = 0.3\n").unwrap();
        assert_eq!(Config::load(&file).unwrap().retrieve.damping, 0.3);
    }
}
