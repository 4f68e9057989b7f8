//! The check of sentences against claims that people judged.

use super::embedded_once::EmbeddedOnce;
use super::models::Models;
use crate::answer::{Asked, Claim, Config, check, support_features};
use crate::eval::{JudgedSupport, SupportCase, SupportDataset, SupportReport};
use crate::model::{
    Digest, DocumentId, Evidence, Fragment, FragmentId, FragmentKind, Span, Support, VersionId,
};
use std::sync::Arc;

/// Checks every claim as the sentence of a language model that cites all of its texts.
/// `progress` hears how many are done.
pub fn evaluate_support(
    dataset: &SupportDataset,
    models: &Models,
    progress: &mut dyn FnMut(usize),
) -> (SupportReport, Vec<JudgedSupport>) {
    let options = Config::default();
    let mut judged = Vec::new();
    for case in &dataset.cases {
        let known = EmbeddedOnce::new(Arc::clone(&models.text));
        let embed = |texts: &[&str]| Ok(known.embed(texts)?);
        let evidence: Vec<Evidence> =
            case.texts.iter().enumerate().map(|(i, text)| evidence(i + 1, text)).collect();
        let asked = Asked {
            question: "",
            evidence: &evidence,
            embed: Some(&embed),
            rarity: None,
            options: &options,
        };
        judged.push(judge(case, &asked));
        progress(judged.len());
    }
    (SupportReport::of(&dataset.name, &judged), judged)
}

fn judge(case: &SupportCase, asked: &Asked<'_>) -> JudgedSupport {
    let cited = asked.evidence.iter().map(|item| item.number).collect();
    let checked = check(&[Claim { text: case.claim.clone(), cited }], asked);
    let features = support_features(&case.claim, asked).unwrap_or_default();
    JudgedSupport {
        id: case.id.clone(),
        group: case.group.clone(),
        part: case.part.clone(),
        label: case.is_supported,
        judged: checked.iter().all(|sentence| sentence.support == Support::Supported),
        features: features.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

/// A text that belongs to no document, as evidence.
pub(super) fn evidence(number: usize, text: &str) -> Evidence {
    let document = DocumentId::from_source(&format!("cited-{number}"));
    let version = VersionId::new(&document, &Digest::of(text.as_bytes()));
    let fragment = Fragment {
        id: FragmentId::new(&version, 0),
        document,
        version,
        ordinal: 0,
        heading_path: Vec::new(),
        span: Span::new(0, text.chars().count()),
        page: None,
        text: text.to_owned(),
        kind: FragmentKind::Chunk,
    };
    Evidence {
        number,
        fragment,
        title: String::new(),
        source: String::new(),
        picture_source: None,
        score: 1.0,
        routes: Vec::new(),
        path: None,
        region: None,
    }
}
