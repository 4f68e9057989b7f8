//! What the service tells about itself.

use serde::{Deserialize, Serialize};

/// Settings of traces and of the readiness of the service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObserveConfig {
    /// Address of an OpenTelemetry collector that takes OTLP over HTTP, such as
    /// `http://127.0.0.1:4318`; nothing is sent anywhere without one. The variable
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` names it too.
    pub otlp_endpoint: Option<String>,
    /// Share of requests that are traced, `0..=1`, where the caller has not decided.
    pub trace_share: f64,
    /// Free bytes on the disk of the knowledge base below which the service says that
    /// it is not ready.
    pub min_free_disk_bytes: u64,
}

impl Default for ObserveConfig {
    fn default() -> Self {
        Self { otlp_endpoint: None, trace_share: 1.0, min_free_disk_bytes: 256 << 20 }
    }
}
