//! Entities by their names, and what stands around one, as somebody sees them.
//!
//! Everything comes from the snapshot in memory: nothing here reads the store.

use super::snapshot::Snapshot;
use super::view::View;
use crate::graph::{DocumentSummary, NodeKey};
use crate::model::{DocumentId, EntityClass, EntityId, Fragment, MediaType, Span, normalise_label};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Characters of text shown before and after a name.
const AROUND: usize = 110;
/// Fragments whose other names are counted for the neighbours of an entity.
const MAX_COUNTED: usize = 2_000;

/// Names of a snapshot in the order in which they are offered.
pub(super) struct Names {
    entries: Vec<Entry>,
    /// Normal forms of all labels, one a line, those of the first entry first: one text,
    /// so that one search goes through all of them.
    labels: String,
}

struct Entry {
    entity: EntityId,
    /// Where its labels begin in the text of all labels.
    start: usize,
}

/// An entity among others.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedEntity<'s> {
    /// The entity.
    pub id: &'s EntityId,
    /// The preferred one of the labels that are seen.
    pub label: String,
    /// What kind of thing it is.
    pub class: EntityClass,
    /// Fragments that name it, of those that are seen.
    pub n_mentions: usize,
}

/// One entity with what stands around it.
#[derive(Debug)]
pub struct EntitySurroundings<'s> {
    /// The entity that stands for all that it is one thing with.
    pub id: &'s EntityId,
    /// Those that it is one thing with, itself included.
    pub members: Vec<EntityId>,
    /// Labels, the preferred one first.
    pub labels: Vec<String>,
    /// What kind of thing it is.
    pub class: EntityClass,
    /// Fragments that name it.
    pub n_mentions: usize,
    /// The first of these.
    pub mentions: Vec<Naming<'s>>,
    /// Entities that are tied to it or named beside it, the nearest first.
    pub neighbours: Vec<Neighbour<'s>>,
    /// Documents about it.
    pub documents: Vec<&'s DocumentSummary>,
    /// Pictures that show it, or that are shown where it is named.
    pub pictures: Vec<&'s DocumentSummary>,
}

/// A fragment that names an entity.
#[derive(Debug)]
pub struct Naming<'s> {
    /// The fragment.
    pub fragment: &'s Fragment,
    /// The name with the words around it.
    pub quote: String,
    /// The name as it stands there, when it was found again.
    pub surface: Option<String>,
    /// Where the name stands, in code points of the document's text; none for what is
    /// said of pictures, which has no place in the text.
    pub span: Option<Span>,
}

/// An entity beside another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour<'s> {
    /// The entity.
    pub id: &'s EntityId,
    /// Its preferred label.
    pub label: String,
    /// Why it is a neighbour.
    pub kind: NeighbourKind,
    /// How near it is, from 0 to 1.
    pub weight: f32,
}

/// Why two entities are neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NeighbourKind {
    /// Imported RDF ties them, or they may be one thing.
    Tie,
    /// Fragments name both.
    Mention,
}

impl NeighbourKind {
    /// Name in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tie => "tie",
            Self::Mention => "mention",
        }
    }
}

impl Names {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let mut n_mentions: HashMap<u32, usize> = HashMap::new();
        for (_, entity) in &snapshot.mentions {
            *n_mentions.entry(*entity).or_default() += 1;
        }
        let number = |id: &EntityId| snapshot.projection.number(&NodeKey::Entity(id.clone()));
        let mut all: Vec<(usize, String, EntityId)> = snapshot
            .entities
            .values()
            .map(|entity| {
                let labels = entity.labels.iter().map(|label| normalise_label(label));
                let n = number(&entity.id).and_then(|number| n_mentions.get(&number));
                let labels = labels.collect::<Vec<_>>().join("\n");
                (n.copied().unwrap_or(0), labels, entity.id.clone())
            })
            .collect();
        all.sort_by(|(n, a, a_id), (m, b, b_id)| (m, a, a_id).cmp(&(n, b, b_id)));
        let mut names = Self { entries: Vec::new(), labels: String::new() };
        for (_, labels, entity) in all {
            names.entries.push(Entry { entity, start: names.labels.len() });
            names.labels.push_str(&labels);
            names.labels.push('\n');
        }
        names
    }

    /// Entries with these words in a label, in order, each with how well they fit.
    fn fitting(&self, wanted: &str) -> Vec<(u8, &EntityId)> {
        if wanted.is_empty() {
            return self.entries.iter().map(|entry| (0, &entry.entity)).collect();
        }
        let mut found: Vec<(u8, &EntityId)> = Vec::new();
        let mut beyond = 0;
        for (at, _) in self.labels.match_indices(wanted) {
            if at < beyond {
                continue;
            }
            let next = self.entries.partition_point(|entry| entry.start <= at);
            let Some(entry) = next.checked_sub(1).and_then(|n| self.entries.get(n)) else { break };
            beyond = self.entries.get(next).map_or(self.labels.len(), |entry| entry.start);
            let labels = self.labels.get(entry.start..beyond).unwrap_or_default();
            if let Some(rank) = fit(labels, wanted) {
                found.push((rank, &entry.entity));
            }
        }
        found
    }
}

/// How well labels, one a line, fit what is looked for: the lower the better.
fn fit(labels: &str, wanted: &str) -> Option<u8> {
    labels.lines().filter_map(|label| fit_of_one(label, wanted)).min()
}

fn fit_of_one(label: &str, wanted: &str) -> Option<u8> {
    let at = label.find(wanted)?;
    if label.len() == wanted.len() {
        return Some(0);
    }
    if at == 0 {
        return Some(1);
    }
    let inside = |(at, _)| {
        label
            .get(..at)
            .and_then(|before| before.chars().next_back())
            .is_some_and(char::is_alphanumeric)
    };
    Some(if label.match_indices(wanted).all(inside) { 3 } else { 2 })
}

impl<'s> View<'s> {
    /// Entities one of whose labels holds these words, the best fitting and most named
    /// first; all of them for an empty text. Also how many there are.
    pub fn find_entities(&self, text: &str, limit: usize) -> (Vec<NamedEntity<'s>>, usize) {
        let names = self.snapshot().names();
        let wanted = normalise_label(text);
        let mut found: Vec<(u8, &'s EntityId)> = Vec::new();
        for (mut rank, id) in names.fitting(&wanted) {
            let labels = self.labels_of(id);
            if labels.is_empty() {
                continue;
            }
            if !self.is_whole() && !wanted.is_empty() {
                // What fits may be a label that is not seen.
                let seen: Vec<String> = labels.iter().map(|label| normalise_label(label)).collect();
                let Some(fitting) = fit(&seen.join("\n"), &wanted) else { continue };
                rank = fitting;
            }
            found.push((rank, id));
        }
        found.sort_by_key(|(rank, _)| *rank);
        let total = found.len();
        let named = found.into_iter().take(limit).filter_map(|(_, id)| self.named(id));
        (named.collect(), total)
    }

    fn named(&self, id: &'s EntityId) -> Option<NamedEntity<'s>> {
        let label = self.labels_of(id).first()?.clone();
        let class = self.snapshot().entities.get(id)?.class;
        let n_mentions = self.fragments_naming(id).count();
        Some(NamedEntity { id, label, class, n_mentions })
    }

    /// Fragments that name an entity, of those that are seen.
    fn fragments_naming(&self, id: &EntityId) -> impl Iterator<Item = &'s Fragment> {
        let snapshot = self.snapshot();
        let number = snapshot.projection.number(&NodeKey::Entity(id.clone()));
        let numbers = number.into_iter().flat_map(|number| snapshot.numbers_naming(number));
        numbers.filter_map(|number| match snapshot.projection.key(number)? {
            NodeKey::Fragment(id) if self.sees_fragment(id) => snapshot.fragments.get(id),
            _ => None,
        })
    }

    /// The representative of an entity that is seen, with at most `limit` mentions,
    /// neighbours and pictures; `None` when it is not seen.
    pub fn surroundings(&self, id: &EntityId, limit: usize) -> Option<EntitySurroundings<'s>> {
        let snapshot = self.snapshot();
        let (id, entity) = snapshot.entities.get_key_value(snapshot.representative(id))?;
        let labels = self.labels_of(id).to_vec();
        if labels.is_empty() {
            return None;
        }
        let mut fragments: Vec<&'s Fragment> = self.fragments_naming(id).collect();
        let n_mentions = fragments.len();
        let neighbours = self.neighbours(id, &fragments, limit);
        let (documents, mut pictures) = self.documents_around(id);
        let shown = fragments.iter().filter_map(|fragment| fragment.picture());
        let shown: BTreeSet<&DocumentId> = shown.filter(|id| self.sees_document(id)).collect();
        for picture in shown.into_iter().filter_map(|id| snapshot.documents.get(id)) {
            if pictures.iter().all(|known| known.id != picture.id) {
                pictures.push(picture);
            }
        }
        pictures.truncate(limit);
        let about: BTreeSet<&DocumentId> = documents.iter().map(|document| &document.id).collect();
        fragments.sort_by_key(|fragment| {
            let document = snapshot.documents.get(&fragment.document);
            // Prose says more to a reader than rows of data.
            let is_prose = document.is_some_and(|d| is_prose(d.media_type));
            (
                fragment.picture().is_some(),
                !about.contains(&fragment.document),
                !is_prose,
                &fragment.document,
                fragment.ordinal,
            )
        });
        fragments.truncate(limit);
        Some(EntitySurroundings {
            id,
            members: snapshot.members(id),
            class: entity.class,
            n_mentions,
            mentions: fragments.into_iter().map(|f| self.naming(f, id, &labels)).collect(),
            neighbours,
            documents,
            pictures,
            labels,
        })
    }

    /// Documents about an entity, and pictures that show it.
    fn documents_around(
        &self,
        id: &EntityId,
    ) -> (Vec<&'s DocumentSummary>, Vec<&'s DocumentSummary>) {
        let projection = self.projection();
        let number = projection.number(&NodeKey::Entity(id.clone()));
        let mut around: BTreeMap<&DocumentId, &'s DocumentSummary> = BTreeMap::new();
        for (other, _) in number.into_iter().flat_map(|number| projection.neighbours(number)) {
            if let Some(NodeKey::Document(document)) = projection.key(other)
                && self.sees_document(document)
                && let Some(document) = self.snapshot().documents.get(document)
            {
                around.insert(&document.id, document);
            }
        }
        around.into_values().partition(|document| document.picture.is_none())
    }

    fn neighbours(
        &self,
        id: &EntityId,
        fragments: &[&'s Fragment],
        limit: usize,
    ) -> Vec<Neighbour<'s>> {
        let snapshot = self.snapshot();
        let projection = self.projection();
        let Some(own) = projection.number(&NodeKey::Entity(id.clone())) else { return Vec::new() };
        let mut shared: HashMap<u32, usize> = HashMap::new();
        for fragment in fragments.iter().take(MAX_COUNTED) {
            let number = projection.number(&NodeKey::Fragment(fragment.id.clone()));
            for other in number.into_iter().flat_map(|number| snapshot.entities_in(number)) {
                *shared.entry(other).or_default() += 1;
            }
        }
        let key = |number: u32| match projection.key(number)? {
            NodeKey::Entity(id) => snapshot.entities.get_key_value(id).map(|(id, _)| id),
            _ => None,
        };
        let mut found: BTreeMap<&'s EntityId, (NeighbourKind, f32)> = BTreeMap::new();
        let n = fragments.len().clamp(1, MAX_COUNTED) as f32;
        for (other, n_shared) in shared.into_iter().filter(|(other, _)| *other != own) {
            let Some(other_id) = key(other) else { continue };
            // The cosine of the two sets of fragments.
            let n_other = snapshot.numbers_naming(other).count().max(1) as f32;
            let weight = (n_shared as f32 / (n * n_other).sqrt()).min(1.0);
            found.insert(other_id, (NeighbourKind::Mention, weight));
        }
        for other in projection.neighbours(own).filter_map(|(other, _)| key(other)) {
            let known = found.entry(other).or_insert((NeighbourKind::Tie, 0.0));
            *known = (NeighbourKind::Tie, known.1.max(0.5));
        }
        let mut neighbours: Vec<Neighbour<'s>> = found
            .into_iter()
            .filter_map(|(id, (kind, weight))| {
                let label = self.labels_of(id).first()?.clone();
                Some(Neighbour { id, label, kind, weight })
            })
            .collect();
        neighbours
            .sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.label.cmp(&b.label)));
        neighbours.truncate(limit);
        neighbours
    }

    /// The words of a fragment around a name of the entity.
    fn naming(&self, fragment: &'s Fragment, id: &EntityId, labels: &[String]) -> Naming<'s> {
        let text = &fragment.text;
        let matches = self.gazetteer().find_ignoring_case(text);
        let named = matches
            .into_iter()
            .find(|found| found.entities.iter().any(|(bearer, _)| bearer == id))
            .map(|found| found.range)
            .or_else(|| {
                labels
                    .iter()
                    .find_map(|label| Some(text.find(label)?).map(|at| at..at + label.len()))
            });
        let range = named.clone().unwrap_or(0..0);
        let from = reach(text, range.start, AROUND, false);
        let to = reach(text, range.end, AROUND, true);
        let quote = text.get(from..to).unwrap_or_default().trim().to_owned();
        let surface = named.and_then(|range| text.get(range)).map(str::to_owned);
        let count = |end: usize| text.get(..end).map_or(0, |before| before.chars().count());
        let start = fragment.span.start();
        let span = (surface.is_some() && fragment.picture().is_none())
            .then(|| Span::new(start + count(range.start), start + count(range.end)));
        Naming { fragment, quote, surface, span }
    }
}

fn is_prose(media_type: MediaType) -> bool {
    use MediaType::{Docx, Email, Html, Markdown, Pdf, PlainText, ReStructuredText};
    matches!(media_type, Markdown | Html | PlainText | ReStructuredText | Pdf | Docx | Email)
}

/// The byte that stands some characters before or after another one, at the border of a
/// word and within the line.
fn reach(text: &str, at: usize, n_chars: usize, forward: bool) -> usize {
    if forward {
        let rest = text.get(at..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let Some((end, _)) = line.char_indices().nth(n_chars) else { return at + line.len() };
        at + line.get(..end).and_then(|head| head.rfind(' ')).unwrap_or(end)
    } else {
        let before = text.get(..at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let start = at - line.len();
        let Some((begin, _)) = line.char_indices().rev().nth(n_chars) else { return start };
        let tail = line.get(begin..).unwrap_or_default();
        start + begin + tail.find(' ').map_or(0, |space| space + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_labels_come_before_beginnings_words_and_parts() {
        let labels = "fell 400\nmain fell controller\nbefell";
        assert_eq!(fit(labels, "fell 400"), Some(0));
        assert_eq!(fit(labels, "fell"), Some(1));
        assert_eq!(fit(labels, "controller"), Some(2));
        assert_eq!(fit("befell", "fell"), Some(3));
        assert_eq!(fit(labels, "rook"), None);
    }

    #[test]
    fn one_search_through_all_labels_finds_what_looking_at_each_does() {
        let labels = ["fell 400\noc-400", "befell", "seal", "", "shaft seal\nseal", "größe 4"];
        let mut names = Names { entries: vec![], labels: String::new() };
        for (n, labels) in labels.iter().enumerate() {
            let entity = EntityId::from_iri(format!("urn:t:{n}"));
            names.entries.push(Entry { entity, start: names.labels.len() });
            names.labels.push_str(&format!("{labels}\n"));
        }
        for wanted in ["", "fell", "seal", "400", "4", "größe", "l", "rook"] {
            let each = labels.iter().zip(&names.entries);
            let naive: Vec<(u8, &EntityId)> = each
                .filter_map(|(labels, entry)| Some((fit(labels, wanted)?, &entry.entity)))
                .collect();
            let found = names.fitting(wanted);
            match wanted {
                "" => assert_eq!(found.len(), labels.len()),
                _ => assert_eq!(found, naive, "{wanted}"),
            }
        }
    }

    #[test]
    fn surroundings_end_at_words_and_lines() {
        let text = "One line.\nThe größte pump has a seal and a valve.\nAnother.";
        let at = text.find("pump").unwrap();
        assert_eq!(&text[reach(text, at, 8, false)..at], "größte ");
        assert_eq!(&text[reach(text, at, 80, false)..at], "The größte ");
        assert_eq!(&text[at..reach(text, at, 12, true)], "pump has a");
        assert_eq!(&text[at..reach(text, at, 80, true)], "pump has a seal and a valve.");
    }
}
