use super::*;
use crate::model::Chance;

fn observed(chance: &mut Chance, shift: f32) -> Observation {
    let vector: Vec<f32> = (0..4).map(|_| chance.unit() as f32 - 0.5 + shift).collect();
    Observation {
        vectors: BTreeMap::from([("text".to_owned(), vector)]),
        top_score: Some(chance.unit()),
        unknown_words: Some((chance.unit() * 4.0).floor() / 4.0),
        language: Some(if chance.unit() < 0.8 { "en" } else { "de" }.to_owned()),
        modality: Some(if chance.unit() < 0.9 { "text" } else { "picture" }.to_owned()),
        block: None,
    }
}

fn window(chance: &mut Chance, n: usize, shift: f32) -> Vec<Observation> {
    (0..n).map(|_| observed(chance, shift)).collect()
}

/// Small windows, so that many can be compared.
fn small() -> DriftConfig {
    DriftConfig { n_splits: 119, least: 10, ..DriftConfig::default() }
}

#[test]
fn windows_of_one_distribution_raise_at_most_the_allowed_alarms() {
    let mut chance = Chance::new(11);
    let alarms = (0..200)
        .filter(|_| {
            let (reference, current) = (window(&mut chance, 24, 0.0), window(&mut chance, 16, 0.0));
            compare(&reference, &current, &small()).is_alarm()
        })
        .count();
    // Of 200 trials at 5 %, 17 or more would come by chance in one of 50 runs.
    assert!(alarms <= 16, "{alarms} of 200");
}

/// Each question is asked four times in other words. Were they taken for independent of
/// each other, far more than one report in twenty would be an alarm.
#[test]
fn questions_that_belong_together_raise_no_more_alarms() {
    let mut chance = Chance::new(3);
    let mut asked = |n: usize| -> Vec<Observation> {
        let one = |n: usize| {
            let first = observed(&mut chance, 0.0);
            let block = Some(format!("{n} {}", chance.unit()));
            let again = Observation { block, ..first };
            vec![again; 4]
        };
        (0..n).flat_map(one).collect()
    };
    let (mut together, mut apart) = (0, 0);
    for _ in 0..100 {
        let (mut reference, mut current) = (asked(16), asked(12));
        together += usize::from(compare(&reference, &current, &small()).is_alarm());
        reference.iter_mut().chain(&mut current).for_each(|one| one.block = None);
        apart += usize::from(compare(&reference, &current, &small()).is_alarm());
    }
    assert!(together <= 10 && apart >= 20, "{together} together, {apart} apart");
}

#[test]
fn each_kind_of_shift_is_an_alarm_of_its_own_measure() {
    let config = DriftConfig { n_splits: 199, least: 10, ..DriftConfig::default() };
    let mut chance = Chance::new(5);
    let reference = window(&mut chance, 50, 0.0);
    let check = |measure: &str, current: &[Observation]| {
        let report = compare(&reference, current, &config);
        let alarms = report.shifts.iter().filter(|shift| shift.alarm);
        let found: Vec<&str> = alarms.map(|shift| shift.measure.as_str()).collect();
        assert!(found.contains(&measure), "{measure}: {report:?}");
    };
    check("embeddings", &window(&mut chance, 40, 0.3));
    let mut changed = |change: &dyn Fn(&mut Observation)| {
        let mut current = window(&mut chance, 40, 0.0);
        current.iter_mut().for_each(change);
        current
    };
    let low = changed(&|one| one.top_score = one.top_score.map(|score| score * 0.2));
    check("top-scores", &low);
    check("low-scores", &low);
    check("unknown-words", &changed(&|one| one.unknown_words = Some(1.0)));
    check("languages", &changed(&|one| one.language = Some("fr".to_owned())));
    check("modalities", &changed(&|one| one.modality = Some("picture".to_owned())));
}

#[test]
fn few_observations_are_not_compared() {
    let mut chance = Chance::new(1);
    let (reference, mut current) = (window(&mut chance, 50, 0.0), window(&mut chance, 5, 9.0));
    assert!(compare(&reference, &current, &small()).shifts.is_empty());
    // Forty that belong together are one.
    current = vec![Observation { block: Some("one".into()), ..current.remove(0) }; 40];
    assert!(compare(&reference, &current, &small()).shifts.is_empty());
}

#[test]
fn the_same_windows_give_the_same_report() {
    let mut chance = Chance::new(2);
    let (reference, current) = (window(&mut chance, 20, 0.0), window(&mut chance, 20, 0.2));
    let report = || compare(&reference, &current, &small());
    assert_eq!(report(), report());
}
