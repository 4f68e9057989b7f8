//! What a cosine means in a space, learned from hits that are known to be right or
//! wrong.

use super::chance::Chance;
use crate::model::{Calibration, CalibrationError, expected_calibration_error};
use serde::{Deserialize, Serialize};

/// Bins of equal mass in which promises are compared with what is true.
const N_BINS: usize = 10;
/// Steps need more pairs than a sigmoid to say more than chance does.
const MIN_STEPS_PAIRS: usize = 400;

/// A calibration with its error on pairs that it was not learned from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationReport {
    /// The calibration.
    pub calibration: Calibration,
    /// Expected calibration error before, with the calibration that was in force or,
    /// without one, with the cosine taken as a probability.
    pub error_before: f64,
    /// Expected calibration error after.
    pub error_after: f64,
    /// Pairs it was learned from.
    pub n_learned_from: usize,
    /// Pairs the errors are measured on.
    pub n_held_back: usize,
}

/// Learns a calibration. Questions come one after the other with their hits, pairs of
/// cosine and whether the hit is right; half of the questions, drawn by `seed`, are
/// held back. The sigmoid is taken unless rising steps have the smaller error there.
///
/// # Errors
/// When the hits of either half are all right or all wrong.
pub fn calibrate(
    questions: &[Vec<(f32, bool)>],
    before: Option<&Calibration>,
    seed: u64,
) -> Result<CalibrationReport, CalibrationError> {
    let mut chance = Chance::new(seed);
    let (mut learned_from, mut held_back) = (Vec::new(), Vec::new());
    for hits in questions {
        let part = if chance.unit() < 0.5 { &mut learned_from } else { &mut held_back };
        part.extend_from_slice(hits);
    }
    let error = |calibration: Option<&Calibration>| {
        let promised: Vec<(f32, bool)> = held_back
            .iter()
            .map(|(cosine, right)| {
                let promise = calibration.map_or(*cosine, |c| c.probability(*cosine));
                (promise.clamp(0.0, 1.0), *right)
            })
            .collect();
        expected_calibration_error(&promised, N_BINS)
    };
    let mut calibration = Calibration::fit(&learned_from)?;
    let mut error_after = error(Some(&calibration));
    if learned_from.len() >= MIN_STEPS_PAIRS {
        let steps = Calibration::fit_steps(&learned_from)?;
        let error_of_steps = error(Some(&steps));
        if error_of_steps < error_after {
            (calibration, error_after) = (steps, error_of_steps);
        }
    }
    Ok(CalibrationReport {
        calibration,
        error_before: error(before),
        error_after,
        n_learned_from: learned_from.len(),
        n_held_back: held_back.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten hits for each question; how often one is right follows `share`.
    fn questions(n: usize, share: impl Fn(f64) -> f64) -> Vec<Vec<(f32, bool)>> {
        let mut chance = Chance::new(11);
        let mut hit = |_| {
            let cosine = 0.6 * chance.unit();
            (cosine as f32, chance.unit() < share(cosine))
        };
        (0..n).map(|_| (0..10).map(&mut hit).collect()).collect()
    }

    #[test]
    fn promises_are_kept_on_questions_that_were_held_back() {
        let questions = questions(600, |cosine| 1.0 / (1.0 + (-(25.0 * cosine - 9.0)).exp()));
        let report = calibrate(&questions, None, 1).unwrap();
        assert!(report.error_after < 0.03 && report.error_before > 2.0 * report.error_after);
        assert_eq!(report.n_learned_from + report.n_held_back, 6_000);
    }

    #[test]
    fn steps_are_taken_where_no_sigmoid_fits() {
        let plateau = |cosine: f64| if cosine < 0.2 { 0.0 } else { 0.5 };
        let report = calibrate(&questions(1_000, plateau), None, 1).unwrap();
        assert!(matches!(report.calibration, Calibration::Steps { .. }));
    }

    #[test]
    fn hits_that_are_all_wrong_are_refused() {
        assert!(calibrate(&questions(20, |_| 0.0), None, 1).is_err());
    }
}
