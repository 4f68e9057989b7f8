//! What drifted is recorded, told once, and waits for a person.

use super::drift::Drift;
use super::drift_index::IndexState;
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::graph::DriftMeasurement;
use crate::model::{ClaimStatus, DriftAlert, DriftAlertId, DriftDecision};
use crate::vocab;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What is wrong, before anybody knows whether it was told already.
struct Alarm {
    of: String,
    measure: String,
    statistic: f64,
    p_value: Option<f64>,
    seen: String,
}

impl KnowledgeBase {
    /// Records a measurement in the governance graph, and an alert for each alarm that is
    /// neither open already nor decided about lately; these alerts, which are logged, too.
    ///
    /// # Errors
    /// When the graph cannot be read or written.
    pub fn record_drift(
        &self,
        drift: &Drift,
        index: Option<&IndexState>,
    ) -> Result<Vec<DriftAlert>, EngineError> {
        let alarms = alarms(drift, index);
        let known = self.graph.drift_alerts()?;
        let quiet_hours = self.config.drift.quiet_hours;
        let found_at = drift.measured_at.clone();
        let alerts: Vec<DriftAlert> = alarms
            .iter()
            .filter(|alarm| {
                !known.iter().any(|alert| is_told(alert, alarm, &found_at, quiet_hours))
            })
            .map(|alarm| DriftAlert {
                id: DriftAlertId::of(&alarm.of, &alarm.measure, &found_at),
                of: alarm.of.clone(),
                measure: alarm.measure.clone(),
                statistic: alarm.statistic,
                p_value: alarm.p_value,
                seen: alarm.seen.clone(),
                found_at: found_at.clone(),
                decided: None,
            })
            .collect();
        let tests = drift.parts.iter().flat_map(|part| &part.report.shifts);
        let measurement = DriftMeasurement {
            measured_at: found_at,
            generation: drift
                .generation
                .as_ref()
                .map(|name| format!("{}{name}", vocab::GENERATION_PREFIX)),
            n_alarms: alarms.len(),
            p_value: tests.map(|shift| shift.p_value).min_by(f64::total_cmp),
        };
        self.graph.record_drift(&measurement, &alerts)?;
        for alert in &alerts {
            tracing::warn!(
                drift.alert = alert.id.name(),
                drift.of = alert.of,
                drift.measure = alert.measure,
                drift.statistic = alert.statistic,
                drift.p_value = alert.p_value,
                "something drifted and waits for a person"
            );
        }
        Ok(alerts)
    }

    /// Every alert about drift, the latest first.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn drift_alerts(&self) -> Result<Vec<DriftAlert>, EngineError> {
        Ok(self.graph.drift_alerts()?)
    }

    /// Every recorded measurement of drift, the earliest first.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn drift_measurements(&self) -> Result<Vec<DriftMeasurement>, EngineError> {
        Ok(self.graph.drift_measurements()?)
    }

    /// Records what somebody decided about an alert: accepted when it is so, rejected when
    /// it is a false alarm.
    ///
    /// # Errors
    /// When there is no such alert, or the graph cannot be written.
    pub fn decide_drift(
        &self,
        id: &DriftAlertId,
        status: ClaimStatus,
        principal: &str,
        reason: Option<&str>,
    ) -> Result<(), EngineError> {
        if !self.graph.drift_alerts()?.iter().any(|alert| alert.id == *id) {
            return Err(EngineError::NoDriftAlert(id.name().to_owned()));
        }
        let decision = DriftDecision {
            status,
            principal: principal.to_owned(),
            decided_at: super::build::now(),
            reason: reason.map(str::to_owned),
        };
        Ok(self.graph.decide_drift(id, &decision)?)
    }
}

fn alarms(drift: &Drift, index: Option<&IndexState>) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    for part in &drift.parts {
        for shift in part.report.shifts.iter().filter(|shift| shift.alarm) {
            alarms.push(Alarm {
                of: part.of.clone(),
                measure: shift.measure.as_str().to_owned(),
                statistic: shift.statistic,
                p_value: Some(shift.p_value),
                seen: shift.seen.clone(),
            });
        }
    }
    let Some(index) = index else { return alarms };
    let findings = [
        ("stale-documents", index.stale.n, "documents did not change for long"),
        ("orphaned-entities", index.orphaned_entities.n, "entities are named by no document"),
        ("shape-violations", index.violations.n, "statements contradict a shape"),
        ("labels-of-copies", index.n_labels_differ, "copies have different access labels"),
    ];
    for (measure, n, what) in findings.into_iter().filter(|(_, n, _)| *n > 0) {
        alarms.push(Alarm {
            of: "index".to_owned(),
            measure: measure.to_owned(),
            statistic: n as f64,
            p_value: None,
            seen: format!("{n} {what}"),
        });
    }
    alarms
}

/// Whether an alert tells of an alarm already: it is open, or was decided about lately.
/// More findings than a person has decided about are told at once.
fn is_told(alert: &DriftAlert, alarm: &Alarm, now: &str, quiet_hours: u32) -> bool {
    if alert.of != alarm.of || alert.measure != alarm.measure {
        return false;
    }
    let Some(decided) = &alert.decided else { return true };
    if alarm.p_value.is_none() {
        return alarm.statistic <= alert.statistic;
    }
    let moment = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let since = moment(now).zip(moment(&decided.decided_at)).map(|(now, then)| now - then);
    since.is_some_and(|since| since < time::Duration::hours(i64::from(quiet_hours)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(p_value: Option<f64>, decided_at: Option<&str>) -> DriftAlert {
        DriftAlert {
            id: DriftAlertId::of("a", "b", "c"),
            of: "a".to_owned(),
            measure: "b".to_owned(),
            statistic: 2.0,
            p_value,
            seen: String::new(),
            found_at: "2026-01-01T00:00:00Z".to_owned(),
            decided: decided_at.map(|at| DriftDecision {
                status: ClaimStatus::Accepted,
                principal: "olga".to_owned(),
                decided_at: at.to_owned(),
                reason: None,
            }),
        }
    }

    fn alarm(p_value: Option<f64>, statistic: f64) -> Alarm {
        Alarm { of: "a".into(), measure: "b".into(), statistic, p_value, seen: String::new() }
    }

    #[test]
    fn an_alarm_is_told_once_and_again_when_it_lasts_or_grows_after_a_decision() {
        let now = "2026-01-10T12:00:00Z";
        let told = |alert: &DriftAlert, alarm: &Alarm| is_told(alert, alarm, now, 24);
        assert!(told(&alert(Some(0.001), None), &alarm(Some(0.001), 9.0)));
        let lately = alert(Some(0.001), Some("2026-01-10T00:00:00Z"));
        assert!(told(&lately, &alarm(Some(0.001), 9.0)));
        let long_ago = alert(Some(0.001), Some("2026-01-08T00:00:00Z"));
        assert!(!told(&long_ago, &alarm(Some(0.001), 9.0)));
        let counted = alert(None, Some("2026-01-08T00:00:00Z"));
        assert!(told(&counted, &alarm(None, 2.0)) && !told(&counted, &alarm(None, 3.0)));
        assert!(!told(&counted, &Alarm { of: "other".into(), ..alarm(None, 1.0) }));
    }
}
