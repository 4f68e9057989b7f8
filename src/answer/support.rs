//! Whether the cited evidence carries a sentence.

use super::asked::{Asked, cosine};
use super::facts::{Facts, Offer};
use super::linear::Features;
use super::passage::{Passage, passages, span_of};
use super::polarity::contradiction;
use super::support_features::Cited;
use super::words::content_stems;
use crate::model::{Citation, Evidence, Sentence, Support};
use std::collections::{BTreeSet, HashMap};

/// Most passages of one evidence that are quoted for one sentence.
const MAX_QUOTED: usize = 3;
/// Quoted passages of one evidence are cited as one stretch up to this many bytes.
const LONGEST_QUOTE_BYTES: usize = 600;
/// A cited evidence below both of these adds nothing to a sentence that another
/// cited evidence carries: its citation is left out.
const MIN_CONTRIBUTION: f32 = 0.2;
const MIN_CONTRIBUTION_COSINE: f32 = 0.4;
/// Weights of shared words, shared facts and cosine when the best passage for a
/// sentence is chosen. Facts weigh most per word because they are rare.
const FIT_WORDS: f32 = 0.5;
const FIT_FACTS: f32 = 0.3;
const FIT_COSINE: f32 = 0.2;

/// Probability of support that a sentence needs when the evidence does not hold one of
/// its names.
const NAMES_WANT: f64 = 0.7;

/// A sentence with the evidence numbers that it cites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The sentence without its citation marks.
    pub text: String,
    /// Cited numbers, in order.
    pub cited: Vec<usize>,
}

/// Checks each claim against what it cites; one that cites nothing is credited
/// to the first piece of evidence that carries it. The sentences come in the
/// order of the claims; supported ones carry their quotes.
pub fn check(claims: &[Claim], asked: &Asked<'_>) -> Vec<Sentence> {
    let mut cited: BTreeSet<usize> = claims.iter().flat_map(|c| c.cited.iter().copied()).collect();
    if claims.iter().any(|claim| claim.cited.is_empty()) {
        cited.extend(asked.evidence.iter().map(|item| item.number));
    }
    let ground = Ground::of(claims, &cited, asked);
    claims
        .iter()
        .enumerate()
        .map(|(i, claim)| match ground.judge(i, claim, asked) {
            Ok(citations) => {
                Sentence { text: claim.text.clone(), citations, support: Support::Supported }
            }
            Err(reason) => Sentence {
                text: claim.text.clone(),
                citations: Vec::new(),
                support: Support::Unsupported(reason),
            },
        })
        .collect()
}

/// The cited evidence, cut into passages and embedded.
struct Ground {
    passages: Vec<Passage>,
    offers: Vec<Offer>,
    vectors: Option<Vectors>,
    /// Index of an evidence by its number.
    by_number: HashMap<usize, usize>,
}

struct Vectors {
    claims: Vec<Vec<f32>>,
    passages: Vec<Vec<f32>>,
}

/// What quoted passages offer, and their surroundings: numbers must stand in the
/// passages; part numbers and names may also stand elsewhere in the cited evidence, its
/// title or headings.
struct Held {
    quotes: Offer,
    around: Offer,
}

/// A passage as it fits one claim.
#[derive(Clone, Copy)]
struct Fit {
    passage: usize,
    words: f32,
    cosine: Option<f32>,
    score: f32,
}

impl Ground {
    fn of(claims: &[Claim], cited: &BTreeSet<usize>, asked: &Asked<'_>) -> Self {
        let evidence = asked.evidence;
        let by_number: HashMap<usize, usize> =
            evidence.iter().enumerate().map(|(i, e)| (e.number, i)).collect();
        let passages: Vec<Passage> = evidence
            .iter()
            .enumerate()
            .filter(|(_, e)| cited.contains(&e.number))
            .flat_map(|(i, e)| passages(i, e))
            .collect();
        let offers = passages.iter().map(|p| Offer::of(&offered(p, evidence))).collect();
        let mut texts: Vec<&str> = claims.iter().map(|claim| claim.text.as_str()).collect();
        texts.extend(passages.iter().map(|p| p.shown.as_str()));
        let vectors = asked.vectors(&texts).map(|mut all| {
            let passages = all.split_off(claims.len());
            Vectors { claims: all, passages }
        });
        Self { passages, offers, vectors, by_number }
    }

    fn judge(&self, i: usize, claim: &Claim, asked: &Asked<'_>) -> Result<Vec<Citation>, String> {
        let evidence = asked.evidence;
        if claim.cited.is_empty() && !asked.options.credit_unmarked {
            return Err("the sentence names no evidence".to_owned());
        }
        if claim.cited.is_empty() {
            return self.attributed(i, claim, asked);
        }
        if let Some(number) = claim.cited.iter().find(|n| !self.by_number.contains_key(n)) {
            let last = evidence.iter().map(|e| e.number).max().unwrap_or_default();
            return Err(format!("the sentence cites [{number}], but evidence ends at [{last}]"));
        }
        let facts = Facts::of(&claim.text);
        let stems = content_stems(&facts.without_values(&claim.text));
        if stems.is_empty() && facts.is_empty() {
            return Err("the sentence says nothing that can be checked".to_owned());
        }
        let mut quoted: Vec<(usize, Vec<Fit>)> = claim
            .cited
            .iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .filter_map(|number| self.by_number.get(number))
            .map(|index| (*index, self.quotes(i, &stems, &facts, *index)))
            .filter(|(_, fits)| !fits.is_empty())
            .collect();
        self.leave_out_idle(&mut quoted, &facts);
        let fits: Vec<Fit> = quoted.iter().flat_map(|(_, fits)| fits.iter().copied()).collect();
        let Some(best) = fits.iter().copied().max_by(|a, b| a.score.total_cmp(&b.score)) else {
            return Err("the cited evidence holds no text".to_owned());
        };
        let held = self.held(&fits, &quoted, evidence);
        if let Some(missing) = facts.value_missing_in(&held.quotes, &held.around) {
            return Err(missing);
        }
        if let Some(passage) = self.passages.get(best.passage)
            && let Some(reason) = contradiction(&claim.text, &passage.shown)
        {
            return Err(reason);
        }
        match self.cited(i, &claim.text, &quoted) {
            Some(cited) => says_the_same(&cited, &facts, &held, asked)?,
            None => {
                facts.missing_in(&held.quotes, &held.around).map_or(Ok(()), Err)?;
                self.words_hold(&stems, &fits, asked)?;
            }
        }
        let mut order: Vec<usize> = Vec::new();
        for number in &claim.cited {
            let index = self.by_number.get(number).copied().unwrap_or_default();
            if !order.contains(&index) {
                order.push(index);
            }
        }
        Ok(order
            .iter()
            .filter_map(|index| quoted.iter().find(|(i, _)| i == index))
            .filter_map(|(index, fits)| self.citation(*index, fits, evidence))
            .collect())
    }

    /// Finds the evidence that a sentence without a mark comes from: the first one
    /// that carries it alone, checked like a cited one.
    fn attributed(
        &self,
        i: usize,
        claim: &Claim,
        asked: &Asked<'_>,
    ) -> Result<Vec<Citation>, String> {
        asked
            .evidence
            .iter()
            .find_map(|item| {
                let cited = vec![item.number];
                self.judge(i, &Claim { text: claim.text.clone(), cited }, asked).ok()
            })
            .ok_or_else(|| {
                "the sentence cites nothing, and no piece of evidence carries it".to_owned()
            })
    }

    /// The passage of one evidence that fits best, and those that add facts or
    /// words to it.
    fn quotes(&self, i: usize, stems: &BTreeSet<String>, facts: &Facts, index: usize) -> Vec<Fit> {
        let mut fits: Vec<Fit> = self
            .passages
            .iter()
            .enumerate()
            .filter(|(_, p)| p.evidence == index)
            .map(|(at, p)| self.fit(i, stems, facts, at, p))
            .collect();
        fits.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut chosen: Vec<Fit> = Vec::new();
        let mut covered: BTreeSet<&String> = BTreeSet::new();
        let mut offered = String::new();
        for fit in fits {
            let Some(passage) = self.passages.get(fit.passage) else { continue };
            let fresh = stems.intersection(&passage.stems).filter(|s| !covered.contains(s)).count();
            let before = facts.held_by(&Offer::of(&offered));
            let together = format!("{offered}\n{}", passage.shown);
            let adds_facts = facts.held_by(&Offer::of(&together)) > before;
            if chosen.is_empty() || (fit.words > 0.0 && adds_facts) || fresh >= 2 {
                covered.extend(stems.intersection(&passage.stems));
                offered = together;
                chosen.push(fit);
            }
            if chosen.len() == MAX_QUOTED {
                break;
            }
        }
        chosen
    }

    fn fit(
        &self,
        i: usize,
        stems: &BTreeSet<String>,
        facts: &Facts,
        at: usize,
        p: &Passage,
    ) -> Fit {
        let shared = stems.intersection(&p.stems).count() as f32;
        let above = stems.intersection(&p.context_stems).count() as f32;
        let words = (shared + 0.5 * above) / stems.len().max(1) as f32;
        let held = self.offers.get(at).map_or(0, |offer| facts.held_by(offer));
        let held = if facts.is_empty() { 0.0 } else { held as f32 / facts.len() as f32 };
        let cosine = self
            .vectors
            .as_ref()
            .and_then(|all| Some(cosine(all.claims.get(i)?, all.passages.get(at)?)));
        let score = FIT_WORDS * words + FIT_FACTS * held + FIT_COSINE * cosine.unwrap_or(0.0);
        Fit { passage: at, words, cosine, score }
    }

    /// Drops cited evidence that adds nothing, as long as something remains.
    fn leave_out_idle(&self, quoted: &mut Vec<(usize, Vec<Fit>)>, facts: &Facts) {
        let contributes = |fits: &[Fit]| {
            fits.iter().any(|fit| {
                fit.words >= MIN_CONTRIBUTION
                    || fit.cosine.is_some_and(|c| c >= MIN_CONTRIBUTION_COSINE)
                    || self.offers.get(fit.passage).is_some_and(|o| facts.held_by(o) > 0)
            })
        };
        if quoted.iter().any(|(_, fits)| contributes(fits)) {
            quoted.retain(|(_, fits)| contributes(fits));
        }
    }

    /// What the quoted passages offer, and what stands around them.
    fn held(&self, fits: &[Fit], quoted: &[(usize, Vec<Fit>)], evidence: &[Evidence]) -> Held {
        let quotes: Vec<String> = fits
            .iter()
            .filter_map(|fit| self.passages.get(fit.passage))
            .map(|p| offered(p, evidence))
            .collect();
        let around: Vec<String> = quoted
            .iter()
            .filter_map(|(index, _)| evidence.get(*index))
            .map(|e| {
                let section = e.fragment.section();
                format!("{}\n{}\n{}\n{}", e.title, section, e.source, e.fragment.text)
            })
            .collect();
        Held { quotes: Offer::of(&quotes.join("\n")), around: Offer::of(&around.join("\n")) }
    }

    /// The sentence beside all passages of the evidence that it is quoted from; `None`
    /// when sentences cannot be embedded.
    fn cited<'a>(
        &'a self,
        i: usize,
        sentence: &'a str,
        quoted: &[(usize, Vec<Fit>)],
    ) -> Option<Cited<'a>> {
        let all = self.vectors.as_ref()?;
        let claim = all.claims.get(i)?;
        let (passages, cosines) = self
            .passages
            .iter()
            .zip(&all.passages)
            .filter(|(p, _)| quoted.iter().any(|(index, _)| *index == p.evidence))
            .map(|(p, vector)| (p, cosine(claim, vector)))
            .unzip();
        Some(Cited { sentence, passages, cosines })
    }

    fn words_hold(
        &self,
        stems: &BTreeSet<String>,
        fits: &[Fit],
        asked: &Asked<'_>,
    ) -> Result<(), String> {
        let held: BTreeSet<&String> = fits
            .iter()
            .filter_map(|fit| self.passages.get(fit.passage))
            .flat_map(|p| p.stems.iter().chain(&p.context_stems))
            .collect();
        let missing: Vec<&String> = stems.iter().filter(|stem| !held.contains(stem)).collect();
        let overlap = 1.0 - missing.len() as f32 / stems.len().max(1) as f32;
        if overlap >= asked.options.min_overlap {
            return Ok(());
        }
        let words: Vec<String> = missing.iter().take(5).map(|stem| format!("“{stem}”")).collect();
        Err(format!(
            "only {} of {} content words occur in the cited evidence; missing: {}",
            stems.len() - missing.len(),
            stems.len(),
            words.join(", ")
        ))
    }

    /// One citation per evidence: the best passage, stretched over the other
    /// quoted ones when they stand near.
    fn citation(&self, index: usize, fits: &[Fit], evidence: &[Evidence]) -> Option<Citation> {
        let evidence = evidence.get(index)?;
        let mut ranges = fits.iter().filter_map(|f| self.passages.get(f.passage)).map(|p| &p.range);
        let mut range = ranges.next()?.clone();
        for other in ranges {
            let joined = range.start.min(other.start)..range.end.max(other.end);
            if joined.len() <= LONGEST_QUOTE_BYTES {
                range = joined;
            }
        }
        let text = evidence.fragment.text.as_str();
        let quote = text.get(range.clone())?.to_owned();
        Some(Citation { number: evidence.number, quote, span: span_of(text, &range) })
    }
}

/// Whether people would say that the passages support the sentence. A name that the
/// evidence does not hold asks for more; most names missing is too much.
fn says_the_same(
    cited: &Cited<'_>,
    facts: &Facts,
    held: &Held,
    asked: &Asked<'_>,
) -> Result<(), String> {
    let probability = cited.probability();
    let wanted = f64::from(asked.options.min_support);
    let missing = facts.names_missing_in(&held.quotes, &held.around);
    let carries = match missing.first() {
        Some(_) => 2 * missing.len() < facts.names.len() && probability >= wanted.max(NAMES_WANT),
        None => probability >= wanted,
    };
    match missing.first() {
        _ if carries => Ok(()),
        Some(name) => Err(format!("the name “{name}” does not occur in the cited evidence")),
        None => Err(format!(
            "the cited evidence hardly says this: {:.0} % likely, {:.0} % are wanted",
            100.0 * probability,
            100.0 * wanted
        )),
    }
}

/// The numbers by which a claim is judged against all of the evidence; `None` when
/// sentences cannot be embedded.
pub fn support_features(claim: &str, asked: &Asked<'_>) -> Option<Features> {
    let cited: Vec<usize> = asked.evidence.iter().map(|item| item.number).collect();
    let claim = [Claim { text: claim.to_owned(), cited: cited.clone() }];
    let ground = Ground::of(&claim, &cited.into_iter().collect(), asked);
    let quoted: Vec<(usize, Vec<Fit>)> =
        (0..asked.evidence.len()).map(|index| (index, Vec::new())).collect();
    let [Claim { text, .. }] = &claim;
    Some(ground.cited(0, text, &quoted)?.features())
}

/// What a passage offers for facts: its plain and its exact words.
fn offered(passage: &Passage, evidence: &[Evidence]) -> String {
    format!("{}\n{}", passage.shown, passage.quote(evidence))
}

#[cfg(test)]
#[path = "support_cases.rs"]
mod tests;
