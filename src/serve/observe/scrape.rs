//! What is read from the application at each scrape.

use super::process::Process;
use crate::serve::app::App;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CacheLabel {
    cache: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SpaceLabel {
    space: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DriftLabels {
    /// `questions`, `documents` or `source`: no name of a folder, since metrics may be open
    /// to everybody.
    of: &'static str,
    measure: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CanaryLabel {
    arm: &'static str,
    what: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChangeLabel {
    measure: &'static str,
    end: &'static str,
}

/// Sizes and totals as they are now.
pub(in crate::serve) fn state_of(app: &App) -> Registry {
    let mut registry = Registry::default();
    let ours = registry.sub_registry_with_prefix("veritrail");
    about_program(ours, app);
    about_index(ours, app);
    about_language_model(ours, app);
    about_work(ours, app);
    about_canary(ours, app);
    about_caches(ours, app);
    about_drift(ours, app);
    // These names are common to all programs that Prometheus watches.
    about_process(registry.sub_registry_with_prefix("process"));
    registry
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: usize) {
    let gauge: Gauge = Gauge::default();
    gauge.set(whole(value));
    registry.register(name, help, gauge);
}

fn whole(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn about_program(registry: &mut Registry, app: &App) {
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The program", version);
    let snapshot = app.snapshot();
    let generation = Info::new([("generation", snapshot.generation().name().to_owned())]);
    registry.register("generation", "The generation that is served", generation);
}

fn about_index(registry: &mut Registry, app: &App) {
    let snapshot = app.snapshot();
    let (n_documents, n_fragments, n_entities) = snapshot.counts();
    gauge(registry, "documents", "Documents that are served", n_documents);
    gauge(registry, "fragments", "Fragments that are served", n_fragments);
    gauge(registry, "entities", "Entities that are served", n_entities);
    let vectors: Family<SpaceLabel, Gauge> = Family::default();
    let spaces = app.knowledge_base().spaces();
    for (space, n_vectors) in spaces.iter().zip(snapshot.n_vectors()) {
        let label = SpaceLabel { space: space.model.clone() };
        vectors.get_or_create(&label).set(whole(n_vectors));
    }
    registry.register("vectors", "Vectors that are served, by space", vectors);
    if let Some(n_quads) = app.observer().n_quads() {
        gauge(registry, "quads", "Quads in the graph, counted at intervals", n_quads);
    }
}

fn about_language_model(registry: &mut Registry, app: &App) {
    let totals = app.knowledge_base().language_model_totals().unwrap_or_default();
    let calls: Counter = Counter::default();
    calls.inc_by(totals.n_calls);
    registry.register("llm_calls", "Requests to the language model", calls);
    let failures: Family<KindLabel, Counter> = Family::default();
    for (kind, n) in totals.failures {
        failures.get_or_create(&KindLabel { kind }).inc_by(n);
    }
    let help = "Requests to the language model that failed, by kind";
    registry.register("llm_failures", help, failures);
    let tokens: Family<KindLabel, Counter> = Family::default();
    tokens.get_or_create(&KindLabel { kind: "prompt" }).inc_by(totals.n_prompt_tokens);
    tokens.get_or_create(&KindLabel { kind: "output" }).inc_by(totals.n_output_tokens);
    let help = "Tokens of the language model, estimated where its server counts none";
    registry.register("llm_tokens", help, tokens);
}

fn about_work(registry: &mut Registry, app: &App) {
    let free = app.places.available_permits();
    gauge(registry, "compute_places_free", "Requests that could begin to compute now", free);
    let (n_admitted, n_most) = app.gate.limits.n_admitted();
    let help = "Requests that compute or wait for a place to";
    gauge(registry, "requests_admitted", help, n_admitted);
    let help = "Requests that may be admitted; further ones get status 429";
    gauge(registry, "requests_admitted_most", help, n_most);
    let jobs: Family<StatusLabel, Gauge> = Family::default();
    for (status, n) in app.jobs().counts() {
        jobs.get_or_create(&StatusLabel { status: status.as_str() }).set(whole(n));
    }
    registry.register("jobs", "Jobs, by how far they are", jobs);
}

/// What the generation on trial has shown; nothing while none is tried.
fn about_canary(registry: &mut Registry, app: &App) {
    let running = app.knowledge_base().generation_on_trial().is_some();
    gauge(registry, "canary_running", "Generations on trial", usize::from(running));
    let report = app.knowledge_base().canary_report().ok().flatten().filter(|_| running);
    let Some(report) = report else { return };
    let counted: Family<CanaryLabel, Gauge> = Family::default();
    let counts = &report.counts;
    for (arm, counts) in [("current", &counts.current), ("canary", &counts.canary)] {
        for (what, n) in [
            ("answers", counts.n_answers),
            ("abstained", counts.n_abstained),
            ("written", counts.n_written),
            ("supported", counts.n_supported),
            ("feedback", counts.n_feedback),
            ("bad_feedback", counts.n_bad),
            ("failures", counts.n_failures),
        ] {
            let label = CanaryLabel { arm, what };
            counted.get_or_create(&label).set(i64::try_from(n).unwrap_or(i64::MAX));
        }
    }
    registry.register("canary_counts", "What both sides of a canary have done", counted);
    let changes: Family<ChangeLabel, Gauge<f64, AtomicU64>> = Family::default();
    let overlap = report.overlap.map(|overlap| ("overlap", overlap));
    let compared = report.compared.iter().filter_map(|c| Some((c.measure, c.change?)));
    for (measure, change) in compared.chain(overlap) {
        for (end, value) in
            [("estimate", change.estimate), ("low", change.low), ("high", change.high)]
        {
            changes.get_or_create(&ChangeLabel { measure, end }).set(value);
        }
    }
    let help = "Canary against current with the ends of the 95 % interval: differences of \
                shares, the ratio of times, and the share of documents that both find";
    registry.register("canary_change", help, changes);
}

fn about_caches(registry: &mut Registry, app: &App) {
    let (hits, misses) = (Family::<CacheLabel, Counter>::default(), Family::default());
    let (entries, bytes) = (Family::<CacheLabel, Gauge>::default(), Family::default());
    for cache in app.knowledge_base().cache_stats() {
        let label = CacheLabel { cache: cache.name };
        hits.get_or_create(&label).inc_by(cache.n_hits);
        Family::<CacheLabel, Counter>::get_or_create(&misses, &label).inc_by(cache.n_misses);
        entries.get_or_create(&label).set(whole(cache.n_entries));
        let size = i64::try_from(cache.size_bytes).unwrap_or(i64::MAX);
        Family::<CacheLabel, Gauge>::get_or_create(&bytes, &label).set(size);
    }
    registry.register("cache_hits", "Look-ups that a cache answered", hits);
    registry.register("cache_misses", "Look-ups that a cache could not answer", misses);
    registry.register("cache_entries", "Entries of a cache", entries);
    registry.register_with_unit("cache_size", "Size of a cache, estimated", Unit::Bytes, bytes);
}

fn about_drift(registry: &mut Registry, app: &App) {
    let alerts = app.knowledge_base().drift_alerts().unwrap_or_default();
    let n_open = alerts.iter().filter(|alert| alert.decided.is_none()).count();
    gauge(registry, "drift_alerts_open", "Alerts about drift that wait for a person", n_open);
    let Some(last) = app.watch.last() else { return };
    let p_values: Family<DriftLabels, Gauge<f64, AtomicU64>> = Family::default();
    let alarms: Family<DriftLabels, Gauge> = Family::default();
    for part in &last.drift.parts {
        let of = match part.of.as_str() {
            "questions" => "questions",
            "documents" => "documents",
            _ => "source",
        };
        for shift in &part.report.shifts {
            let labels = DriftLabels { of, measure: shift.measure.as_str() };
            let alarm = alarms.get_or_create(&labels);
            let is_new = alarm.get() == 0 && p_values.get_or_create(&labels).get() == 0.0;
            alarm.set(alarm.get().max(i64::from(shift.alarm)));
            let smallest = p_values.get_or_create(&labels);
            let least = if is_new { shift.p_value } else { shift.p_value.min(smallest.get()) };
            smallest.set(least);
        }
    }
    let help = "Whether something differs from before, of the last measurement";
    registry.register("drift_alarm", help, alarms);
    let help = "Smallest probability of such a difference by chance, of the last measurement";
    registry.register("drift_p_value", help, p_values);
    let findings: Family<KindLabel, Gauge> = Family::default();
    let index = &last.index;
    for (kind, n) in [
        ("stale-documents", index.stale.n),
        ("orphaned-entities", index.orphaned_entities.n),
        ("shape-violations", index.violations.n),
        ("copies", index.n_copies),
        ("labels-of-copies", index.n_labels_differ),
    ] {
        findings.get_or_create(&KindLabel { kind }).set(whole(n));
    }
    registry.register("index_findings", "What is wrong with documents, by kind", findings);
    let measured_at: Gauge<f64, AtomicU64> = Gauge::default();
    let moment = OffsetDateTime::parse(&last.drift.measured_at, &Rfc3339);
    measured_at.set(moment.map_or(0.0, |moment| moment.unix_timestamp() as f64));
    let help = "When drift was measured last, since 1970";
    registry.register_with_unit("drift_measured", help, Unit::Seconds, measured_at);
}

fn about_process(registry: &mut Registry) {
    let Some(process) = Process::read() else { return };
    let cpu: Counter<f64, AtomicU64> = Counter::default();
    cpu.inc_by(process.cpu_seconds);
    registry.register_with_unit("cpu", "Processor time", Unit::Seconds, cpu);
    let start: Gauge<f64, AtomicU64> = Gauge::default();
    start.set(process.start_seconds);
    let help = "When the process started, since 1970";
    registry.register_with_unit("start_time", help, Unit::Seconds, start);
    for (name, help, value) in [
        ("resident_memory", "Memory that is in use", process.resident_bytes),
        ("virtual_memory", "Memory that is addressed", process.virtual_bytes),
    ] {
        let bytes: Gauge<f64, AtomicU64> = Gauge::default();
        bytes.set(value as f64);
        registry.register_with_unit(name, help, Unit::Bytes, bytes);
    }
    gauge(registry, "open_fds", "Open files and connections", process.n_open_files);
    gauge(registry, "threads", "Threads", process.n_threads);
}
