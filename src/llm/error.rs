//! What goes wrong between us and a language model.

use std::error::Error;
use std::fmt;

/// Settings from which no generator can be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address is not one.
    #[error(
        "`llm.base_url` must be an http or https address such as `http://127.0.0.1:8080/v1`, got `{found}`"
    )]
    BaseUrl {
        /// What was given, without credentials.
        found: String,
    },
    /// The key cannot stand in an HTTP header.
    #[error(
        "`llm.api_key` holds characters that cannot be sent in an HTTP header, such as a line end"
    )]
    ApiKey,
    /// The HTTP client cannot start.
    #[error("the HTTP client for the language model cannot start")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

/// Why a model gave no text, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The key is missing, wrong or not allowed.
    #[error(
        "the language model at {base_url} refused the API key (HTTP {status}); check `llm.api_key`"
    )]
    Unauthorised {
        /// Address of the API.
        base_url: String,
        /// HTTP status.
        status: u16,
    },
    /// The server does not have the model, or has no such address.
    #[error(
        "the language model server at {base_url} does not know the model `{model}` (HTTP 404: {message}); check `llm.model` and `llm.base_url`"
    )]
    NotFound {
        /// Address of the API.
        base_url: String,
        /// Name of the model that was asked for.
        model: String,
        /// What the server said.
        message: String,
    },
    /// The server understood the request and does not accept it.
    #[error("the language model at {base_url} rejected the request (HTTP {status}): {message}")]
    Rejected {
        /// Address of the API.
        base_url: String,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// What came back is not the OpenAI protocol.
    #[error(
        "the server at {base_url} does not answer as an OpenAI-compatible API; check that `llm.base_url` ends where `/chat/completions` begins"
    )]
    Protocol {
        /// Address of the API.
        base_url: String,
        /// What could not be read.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// No connection.
    #[error("the language model at {base_url} cannot be reached")]
    Unreachable {
        /// Address of the API.
        base_url: String,
        /// What the network said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server is overloaded or failing.
    #[error("the language model at {base_url} is failing or overloaded (HTTP {status})")]
    Overloaded {
        /// Address of the API.
        base_url: String,
        /// HTTP status.
        status: u16,
    },
    /// Nothing came in time.
    #[error("the language model at {base_url} gave no {stage} within {waited_ms} ms")]
    TooSlow {
        /// Address of the API.
        base_url: String,
        /// What was waited for.
        stage: Stage,
        /// How long, in milliseconds.
        waited_ms: u64,
    },
    /// The output ended before the model said it was complete.
    #[error("the language model at {base_url} stopped in the middle of its answer")]
    Interrupted {
        /// Address of the API.
        base_url: String,
        /// What broke, when more than the end of the stream is known.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}

impl GenerateError {
    /// Every [`GenerateError::kind`].
    pub const KINDS: [&'static str; 8] = [
        "unauthorised",
        "not_found",
        "rejected",
        "protocol",
        "unreachable",
        "overloaded",
        "too_slow",
        "interrupted",
    ];

    /// What went wrong in one word, for counting.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unauthorised { .. } => "unauthorised",
            Self::NotFound { .. } => "not_found",
            Self::Rejected { .. } => "rejected",
            Self::Protocol { .. } => "protocol",
            Self::Unreachable { .. } => "unreachable",
            Self::Overloaded { .. } => "overloaded",
            Self::TooSlow { .. } => "too_slow",
            Self::Interrupted { .. } => "interrupted",
        }
    }

    /// Whether settings must change before another try can succeed. Everything
    /// else is a model that is unavailable now.
    pub fn is_users_mistake(&self) -> bool {
        match self {
            Self::Unauthorised { .. }
            | Self::NotFound { .. }
            | Self::Rejected { .. }
            | Self::Protocol { .. } => true,
            Self::Unreachable { .. }
            | Self::Overloaded { .. }
            | Self::TooSlow { .. }
            | Self::Interrupted { .. } => false,
        }
    }
}

/// What was waited for when time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The first piece of output.
    FirstToken,
    /// The next piece of output.
    NextToken,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FirstToken => "first word",
            Self::NextToken => "further word",
        })
    }
}
