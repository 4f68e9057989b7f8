//! How far a question may lean on the graph: on what it names, and as a question.

use super::view::View;
use crate::graph::NodeKey;
use crate::model::EntityId;

/// Names that tell less than this are in so many fragments that walks from them lead
/// anywhere.
const COMMON: f32 = 0.3;

/// 1 up to `most` distinct words; the square of `most / n_words` beyond. A question that
/// tells a whole story (a support case, a claim with its circumstances) names things in
/// passing, and its own words find more than a walk from them does.
pub(super) fn brevity(n_words: usize, most: usize) -> f32 {
    (most as f32 / n_words.max(1) as f32).min(1.0).powi(2)
}

/// From `floor` to 1: how far the rarest name of the question is above common ones,
/// with `ln(N / n) / ln N` of what a name tells, `N` fragments that are seen, and `n` of
/// them that name it. A question about "the director of The Glass Hornet" has one way
/// into the graph; one about "the pump", or about a person in every second message, has
/// too many, and its words and vectors find more than walks do.
pub(super) fn trust(view: &View<'_>, named: &[(EntityId, f32)], floor: f32) -> f32 {
    let n = view.n_fragments() as f32;
    if n < 2.0 {
        return 1.0;
    }
    // Beyond this count a name is common anyhow.
    let most = n.powf(1.0 - COMMON).ceil() as usize;
    let tells = |entity: &EntityId| {
        let number = view.projection().number(&NodeKey::Entity(entity.clone()))?;
        let naming = view.snapshot().numbers_naming(number);
        let n_naming = naming.filter(|fragment| view.sees_number(*fragment)).take(most).count();
        Some((n / n_naming.max(1) as f32).ln() / n.ln())
    };
    let rarest = named.iter().filter_map(|(entity, _)| tells(entity)).fold(0.0, f32::max);
    ((rarest - COMMON) / (1.0 - COMMON)).clamp(floor.min(1.0), 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_questions_lean_less_on_the_graph() {
        assert_eq!([0, 1, 19, 20].map(|n| brevity(n, 20)), [1.0; 4]);
        assert!((brevity(40, 20) - 0.25).abs() < 1e-6);
        assert!(brevity(100, 20) < brevity(40, 20));
    }
}
