//! Settings of the language model.

use super::Secret;
use serde::{Deserialize, Serialize};

/// Which language model is asked, and how patiently.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address of the API up to and with its version: `http://127.0.0.1:8080/v1`.
    /// `None`: no language model, and nothing is contacted.
    pub base_url: Option<String>,
    /// Name of the model as the server knows it.
    pub model: String,
    /// Sent as a bearer token; most local servers need none.
    pub api_key: Option<Secret>,
    /// Sampling temperature, 0 to 2. 0 asks for the likeliest words.
    pub temperature: f32,
    /// Longest output in tokens.
    pub max_tokens: u32,
    /// How long is waited for what.
    pub timeouts: Timeouts,
}

/// How long is waited, in milliseconds, before the model counts as unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// For a connection.
    pub connect_ms: u64,
    /// From sending the request to the first piece of output. Long enough for a
    /// small machine to read a prompt of some thousand tokens.
    pub first_token_ms: u64,
    /// Between two pieces of output.
    pub between_tokens_ms: u64,
}

/// How the model chooses words and when it stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Sampling temperature, 0 to 2.
    pub temperature: f32,
    /// Longest output in tokens.
    pub max_tokens: u32,
}

impl Config {
    /// The part that goes into each prompt.
    pub fn sampling(&self) -> Sampling {
        Sampling { temperature: self.temperature, max_tokens: self.max_tokens }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            base_url: None,
            model: "default".to_owned(),
            api_key: None,
            temperature: 0.0,
            max_tokens: 512,
            timeouts: Timeouts::default(),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_ms: 3_000, first_token_ms: 60_000, between_tokens_ms: 15_000 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_settings_are_refused() {
        assert!(toml::from_str::<Config>("model = \"m\"\nmax_token = 5").is_err());
        assert!(toml::from_str::<Config>("[timeouts]\nconnect = 5").is_err());
    }

    #[test]
    fn the_key_does_not_show_when_the_settings_are_printed() {
        let config: Config = toml::from_str("api_key = \"sk-1234\"").unwrap();
        assert!(!format!("{config:?}").contains("1234"));
        assert!(!toml::to_string(&config).unwrap().contains("1234"));
    }
}
