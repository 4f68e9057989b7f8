//! Measurements of drift and their alerts, in the governance graph.

use super::decided::Decided;
use super::error::GraphError;
use super::read::iri;
use super::store::Store;
use super::triples::Triples;
use crate::model::{ClaimStatus, Digest, DriftAlert, DriftAlertId, DriftDecision};
use crate::vocab::{self, prov, rdfs, vt};
use oxigraph::model::{NamedNodeRef, Term};
use std::collections::BTreeMap;

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftMeasurement {
    /// When, RFC 3339.
    pub measured_at: String,
    /// IRI of the generation that was served.
    pub generation: Option<String>,
    /// Tests and looks that raised an alarm, those included that are open already.
    pub n_alarms: usize,
    /// The smallest p-value of all tests.
    pub p_value: Option<f64>,
}

impl Store {
    /// Records a measurement with its new alerts.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn record_drift(
        &self,
        measurement: &DriftMeasurement,
        alerts: &[DriftAlert],
    ) -> Result<(), GraphError> {
        let mut triples = Triples::new();
        let digest = Digest::of(measurement.measured_at.as_bytes());
        let id = format!("{}drift:{}", vocab::ACTIVITY_PREFIX, digest.short());
        triples.class(&id, vt::DRIFT_MEASUREMENT);
        triples.class(&id, prov::ACTIVITY);
        triples.time(&id, prov::ENDED_AT_TIME, &measurement.measured_at);
        triples.count(&id, vt::N_ALARMS, measurement.n_alarms);
        if let Some(generation) = &measurement.generation {
            triples.link(&id, prov::USED, generation);
        }
        if let Some(p_value) = measurement.p_value {
            triples.number(&id, vt::P_VALUE, p_value);
        }
        for alert in alerts {
            let alert_id = alert.id.as_str();
            triples.class(alert_id, vt::DRIFT_ALERT);
            triples.class(alert_id, prov::ENTITY);
            triples.link(alert_id, prov::WAS_GENERATED_BY, &id);
            triples.text(alert_id, vt::DRIFT_OF, &alert.of);
            triples.text(alert_id, vt::MEASURE, &alert.measure);
            triples.number(alert_id, vt::STATISTIC, alert.statistic);
            if let Some(p_value) = alert.p_value {
                triples.number(alert_id, vt::P_VALUE, p_value);
            }
            triples.text(alert_id, vt::TEXT, &alert.seen);
        }
        self.add_to_graph(vocab::GRAPH_GOVERNANCE, &triples.into_vec())
    }

    /// Every measurement, the earliest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn drift_measurements(&self) -> Result<Vec<DriftMeasurement>, GraphError> {
        let mut measurements = Vec::new();
        for id in self.having_in_governance(vt::N_ALARMS)? {
            let stated = self.stated_in_governance(&id)?;
            let number = |property| stated.get(property).and_then(|text| text.parse().ok());
            measurements.push(DriftMeasurement {
                measured_at: stated.get(prov::ENDED_AT_TIME).cloned().unwrap_or_default(),
                generation: stated.get(prov::USED).cloned(),
                n_alarms: number(vt::N_ALARMS).map_or(0, |n: f64| n as usize),
                p_value: number(vt::P_VALUE),
            });
        }
        measurements.sort_by(|a, b| a.measured_at.cmp(&b.measured_at));
        Ok(measurements)
    }

    /// Every alert with the last decision about it, the latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn drift_alerts(&self) -> Result<Vec<DriftAlert>, GraphError> {
        let mut decisions = self.drift_decisions()?;
        let mut alerts = Vec::new();
        for id in self.having_in_governance(vt::DRIFT_OF)? {
            let stated = self.stated_in_governance(&id)?;
            let text = |property| stated.get(property).cloned().unwrap_or_default();
            let number = |property| stated.get(property).and_then(|text| text.parse().ok());
            let measurement = self.stated_in_governance(&text(prov::WAS_GENERATED_BY))?;
            alerts.push(DriftAlert {
                of: text(vt::DRIFT_OF),
                measure: text(vt::MEASURE),
                statistic: number(vt::STATISTIC).unwrap_or_default(),
                p_value: number(vt::P_VALUE),
                seen: text(vt::TEXT),
                found_at: measurement.get(prov::ENDED_AT_TIME).cloned().unwrap_or_default(),
                decided: decisions.remove(&id),
                id: DriftAlertId::from_iri(id),
            });
        }
        alerts.sort_by(|a, b| (&b.found_at, &b.id).cmp(&(&a.found_at, &a.id)));
        Ok(alerts)
    }

    /// Records what was decided about an alert.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn decide_drift(
        &self,
        alert: &DriftAlertId,
        decision: &DriftDecision,
    ) -> Result<(), GraphError> {
        self.record_decision(&Decided {
            about: alert.as_str(),
            status: decision.status,
            principal: &decision.principal,
            decided_at: &decision.decided_at,
            reason: decision.reason.as_deref(),
        })
    }

    /// The last decision about each alert, by its IRI.
    fn drift_decisions(&self) -> Result<BTreeMap<String, DriftDecision>, GraphError> {
        let mut last: BTreeMap<String, DriftDecision> = BTreeMap::new();
        for id in self.having_in_governance(vt::DECIDES)? {
            let stated = self.stated_in_governance(&id)?;
            let text = |property: &str| stated.get(property).cloned();
            let alert = text(vt::DECIDES).unwrap_or_default();
            let status = text(vt::STATUS).as_deref().and_then(ClaimStatus::from_name);
            let Some((status, decided_at)) = status.zip(text(prov::ENDED_AT_TIME)) else {
                continue;
            };
            if !alert.starts_with(vocab::DRIFT_PREFIX)
                || last.get(&alert).is_some_and(|known| known.decided_at >= decided_at)
            {
                continue;
            }
            let agent =
                self.stated_in_governance(&text(prov::WAS_ASSOCIATED_WITH).unwrap_or_default())?;
            let principal = agent.get(rdfs::LABEL).cloned().unwrap_or_default();
            let reason = text(vt::REASON);
            last.insert(alert, DriftDecision { status, principal, decided_at, reason });
        }
        Ok(last)
    }

    /// What has a property in the governance graph; users' graphs do not count.
    fn having_in_governance(&self, property: &str) -> Result<Vec<String>, GraphError> {
        let property = NamedNodeRef::new_unchecked(property);
        let graph = NamedNodeRef::new_unchecked(vocab::GRAPH_GOVERNANCE);
        let quads = self.inner.quads_for_pattern(None, Some(property), None, Some(graph.into()));
        quads.map(|quad| Ok(iri(&Term::from(quad?.subject)))).collect()
    }

    /// One value of each property that the governance graph states of a subject.
    pub(super) fn stated_in_governance(
        &self,
        id: &str,
    ) -> Result<BTreeMap<String, String>, GraphError> {
        let stated = self.about(vocab::GRAPH_GOVERNANCE, id)?.into_iter();
        Ok(stated.map(|t| (t.predicate.as_str().to_owned(), iri(&t.object))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_open_until_somebody_decides_and_measurements_are_kept_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let at = |day: u32| format!("2026-01-0{day}T00:00:00Z");
        let alert = DriftAlert {
            id: DriftAlertId::of("questions", "embeddings", &at(2)),
            of: "questions".to_owned(),
            measure: "embeddings".to_owned(),
            statistic: 0.25,
            p_value: Some(0.001),
            seen: "energy distance 0.25".to_owned(),
            found_at: at(2),
            decided: None,
        };
        let of = |day, n_alarms| DriftMeasurement {
            measured_at: at(day),
            generation: Some(format!("{}aa", vocab::GENERATION_PREFIX)),
            n_alarms,
            p_value: Some(0.001),
        };
        store.record_drift(&of(2, 1), std::slice::from_ref(&alert)).unwrap();
        store.record_drift(&of(1, 0), &[]).unwrap();
        assert_eq!(store.drift_measurements().unwrap(), [of(1, 0), of(2, 1)]);
        assert_eq!(store.drift_alerts().unwrap(), std::slice::from_ref(&alert));
        let decision = DriftDecision {
            status: ClaimStatus::Rejected,
            principal: "olga".to_owned(),
            decided_at: at(3),
            reason: Some("a fair".to_owned()),
        };
        store.decide_drift(&alert.id, &decision).unwrap();
        let found = store.drift_alerts().unwrap();
        assert_eq!(found, [DriftAlert { decided: Some(decision), ..alert }]);
        assert!(store.feedback_decisions().unwrap().is_empty());
        assert!(store.decisions().unwrap().is_empty());
        assert!(store.merge_decisions().unwrap().is_empty());
    }
}
