//! A data set of documents and pictures through the ordinary path: ingest,
//! publish, ask with a picture or for one.

use super::build::Progress;
use super::error::{EngineError, io_error};
use super::evaluate::latency;
use super::knowledge_base::KnowledgeBase;
use super::models::Models;
use crate::eval::{
    PageDataset, PagePicture, PageReport, PictureTask, RankedDocument, Run, measure,
};
use crate::model::{Digest, DocumentId, Hit, Query, Space};
use crate::picture::Picture;
use crate::retrieve::RetrievalMode;
use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::Instant;

/// Fragments fetched for each question.
const FRAGMENTS_PER_QUERY: usize = 400;
/// Places kept in a ranking.
const KEPT: usize = 100;
/// The file of documents in the staged folder.
const CORPUS: &str = "corpus.jsonl";

/// Which pictures are asked, and what the knowledge base knows of them. A question
/// never has the pixels of a picture that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedPictures {
    /// Every picture is known; altered copies are asked.
    Copies,
    /// Asked are the pictures of one part while those of the other parts are known,
    /// part by part.
    HeldOut {
        /// Number of parts.
        n_parts: usize,
    },
    /// None is known but those that stand for documents themselves.
    Unseen,
}

impl AskedPictures {
    fn describe(self, n_pictures: usize) -> String {
        match self {
            Self::Copies => format!("altered copies of {n_pictures} known pictures"),
            Self::HeldOut { n_parts } => {
                format!("held-out pictures, 1 of {n_parts} parts at a time")
            }
            Self::Unseen => "pictures of which none is known".to_owned(),
        }
    }

    /// For each round, which pictures are asked and which are known.
    fn rounds(self, pictures: &[PagePicture]) -> Vec<(Vec<&PagePicture>, Vec<&PagePicture>)> {
        let all = || pictures.iter().collect::<Vec<_>>();
        match self {
            Self::Copies => vec![(all(), all())],
            Self::Unseen => vec![(all(), Vec::new())],
            Self::HeldOut { n_parts } => (0..n_parts.max(2))
                .map(|part| {
                    let (asked, known): (Vec<_>, Vec<_>) =
                        pictures.iter().enumerate().partition(|(i, _)| i % n_parts.max(2) == part);
                    let plain = |list: Vec<(usize, _)>| list.into_iter().map(|(_, p)| p).collect();
                    (plain(asked), plain(known))
                })
                .collect(),
        }
    }
}

/// How a data set of pages is evaluated.
#[derive(Clone, Debug)]
pub struct EvaluatePagesOptions {
    /// [`PictureTask::ImageToDoc`], or [`PictureTask::TextToImage`] with every
    /// picture known.
    pub task: PictureTask,
    /// Modes, each giving a report.
    pub modes: Vec<RetrievalMode>,
    /// Pictures asked and known, for [`PictureTask::ImageToDoc`].
    pub asked: AskedPictures,
    /// Whether documents show their pictures; else pictures stand alone, which is
    /// what retrieval is without the graph.
    pub tied: bool,
    /// Settings as TOML, put into the temporary knowledge base.
    pub settings: String,
    /// Folder in which the knowledge bases stay and are used again, one for each
    /// round; a temporary one when not given.
    pub keep: Option<PathBuf>,
}

/// Rankings of one mode: of documents or pictures, and of documents by their texts.
#[derive(Default)]
struct Runs {
    all: Run,
    passages: Run,
    latencies: Vec<f64>,
}

/// Evaluates a data set; each mode gives a report and the ranking behind it.
///
/// # Errors
/// When the data set cannot be read or the knowledge base fails.
pub fn evaluate_pages(
    dataset: &PageDataset,
    models: &Models,
    options: &EvaluatePagesOptions,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<(PageReport, Run)>, EngineError> {
    let mut by_mode: Vec<Runs> = options.modes.iter().map(|_| Runs::default()).collect();
    let in_words = options.task == PictureTask::TextToImage;
    let known = if in_words { AskedPictures::Copies } else { options.asked };
    for (round, (asked, known)) in known.rounds(&dataset.pictures).into_iter().enumerate() {
        let temporary = tempfile::tempdir()
            .map_err(io_error("create a folder in", Path::new("the temporary folder")))?;
        let kept = options.keep.as_ref().map(|keep| keep.join(format!("round-{round}")));
        let folder = kept.as_deref().unwrap_or(temporary.path());
        let staged = folder.join("source");
        let ids = stage(dataset, &known, options.tied, &staged)?;
        let root = folder.join("kb");
        if !root.join("FORMAT").exists() {
            KnowledgeBase::init(&root)?;
        }
        let settings = root.join("veritrail.toml");
        fs::write(&settings, &options.settings).map_err(io_error("write", &settings))?;
        let knowledge_base = KnowledgeBase::open(&root, models.clone())?;
        knowledge_base.ingest(&staged, progress)?;
        knowledge_base.publish(progress)?;
        for (mode, runs) in options.modes.iter().zip(&mut by_mode) {
            if in_words {
                ask_in_words(dataset, &knowledge_base, *mode, &ids, runs)?;
            } else {
                let copies = options.asked == AskedPictures::Copies;
                ask_with_pictures(&asked, copies, &knowledge_base, *mode, runs)?;
            }
        }
    }
    let asked =
        if in_words { "words".to_owned() } else { options.asked.describe(dataset.pictures.len()) };
    let asked = if options.tied { asked } else { format!("{asked}; documents show no pictures") };
    let reports = options.modes.iter().zip(by_mode).map(|(mode, runs)| {
        let qrels = if in_words { &dataset.qrels } else { &dataset.pages };
        let report = PageReport {
            dataset: dataset.name.clone(),
            task: options.task.as_str().to_owned(),
            asked: asked.clone(),
            mode: mode.as_str().to_owned(),
            n_queries: runs.all.len(),
            n_docs: dataset.documents.len(),
            n_pictures: dataset.pictures.len(),
            metrics: measure(&runs.all, qrels),
            passages: (!in_words).then(|| measure(&runs.passages, qrels)),
            latency_ms: latency(runs.latencies),
            spaces: models.spaces().iter().map(Space::display_name).collect(),
        };
        (report, runs.all)
    });
    Ok(reports.collect())
}

/// Writes the documents and the known pictures as a folder that can be taken in.
/// Pictures are named by their bytes, so that no name gives anything away. Returns
/// the id of each staged picture.
fn stage(
    dataset: &PageDataset,
    known: &[&PagePicture],
    tied: bool,
    folder: &Path,
) -> Result<HashMap<DocumentId, String>, EngineError> {
    let pictures = folder.join("pictures");
    fs::create_dir_all(&pictures).map_err(io_error("create", &pictures))?;
    let mut ids = HashMap::new();
    let mut shown: HashMap<&str, Vec<String>> = HashMap::new();
    for picture in known {
        let name = copy_by_digest(&picture.file, &pictures, &picture.folder)?;
        ids.insert(DocumentId::from_source(&name), picture.id.clone());
        shown.entry(&picture.document).or_default().push(name);
    }
    let mut lines = String::new();
    for document in &dataset.documents {
        let mut files = shown.remove(document.id.as_str()).unwrap_or_default();
        if let Some(icon) = &document.icon {
            files.push(copy_by_digest(icon, &pictures, Path::new(""))?);
        }
        if !tied {
            files.clear();
        }
        let files: Vec<serde_json::Value> =
            files.into_iter().map(|file| serde_json::json!({ "file": file })).collect();
        let line = serde_json::json!({
            "id": document.id, "title": document.title, "text": document.text,
            "links": document.links, "pictures": files,
        });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    let corpus = folder.join(CORPUS);
    fs::write(&corpus, lines).map_err(io_error("write", &corpus))?;
    for file in &dataset.rdf {
        let target = folder.join(file.file_name().unwrap_or_default());
        fs::copy(file, &target).map_err(io_error("copy", file))?;
    }
    Ok(ids)
}

/// Copies a file into a folder of `pictures` under the digest of its bytes; its source
/// path there.
fn copy_by_digest(file: &Path, pictures: &Path, folder: &Path) -> Result<String, EngineError> {
    let bytes = fs::read(file).map_err(io_error("read", file))?;
    let ending = file.extension().map_or_else(|| "png".into(), |e| e.to_string_lossy());
    let name = format!("{}.{ending}", Digest::of(&bytes).short());
    let inside = folder.components().filter(|part| matches!(part, Component::Normal(_)));
    let inside: PathBuf = inside.collect::<PathBuf>().join(name);
    let target = pictures.join(&inside);
    let target_folder = target.parent().unwrap_or(pictures);
    fs::create_dir_all(target_folder).map_err(io_error("create", target_folder))?;
    fs::write(&target, bytes).map_err(io_error("write", &target))?;
    Ok(format!("pictures/{}", inside.display()))
}

fn ask_with_pictures(
    asked: &[&PagePicture],
    copies: bool,
    knowledge_base: &KnowledgeBase,
    mode: RetrievalMode,
    runs: &mut Runs,
) -> Result<(), EngineError> {
    let session = knowledge_base.session()?;
    for picture in asked {
        let mut bytes = fs::read(&picture.file).map_err(io_error("read", &picture.file))?;
        if copies {
            let unusable = |source| EngineError::PictureFile { path: picture.file.clone(), source };
            let decoded = Picture::decode(&bytes).map_err(unusable)?;
            bytes = decoded.altered_copy().map_err(unusable)?;
        }
        let query = Query { picture: Some(bytes), ..Query::text("", FRAGMENTS_PER_QUERY) };
        let start = Instant::now();
        let found = session.search(&query, mode)?;
        runs.latencies.push(start.elapsed().as_secs_f64() * 1e3);
        let prefix = format!("{CORPUS}#");
        let document = |hit: &Hit| hit.document.source().strip_prefix(&prefix).map(str::to_owned);
        let is_text = |hit: &&Hit| {
            let fragment = session.snapshot().fragment(&hit.fragment);
            fragment.is_some_and(|fragment| fragment.picture().is_none())
        };
        let passages = found.hits.iter().filter(is_text);
        runs.passages.insert(picture.id.clone(), ranking(passages, &document));
        runs.all.insert(picture.id.clone(), ranking(found.hits.iter(), &document));
    }
    Ok(())
}

fn ask_in_words(
    dataset: &PageDataset,
    knowledge_base: &KnowledgeBase,
    mode: RetrievalMode,
    ids: &HashMap<DocumentId, String>,
    runs: &mut Runs,
) -> Result<(), EngineError> {
    let session = knowledge_base.session()?;
    for (id, text) in &dataset.questions {
        let start = Instant::now();
        let query = Query { only_pictures: true, ..Query::text(text, FRAGMENTS_PER_QUERY) };
        let found = session.search(&query, mode)?;
        runs.latencies.push(start.elapsed().as_secs_f64() * 1e3);
        let picture = |hit: &Hit| {
            let fragment = session.snapshot().fragment(&hit.fragment)?;
            ids.get(fragment.picture()?).cloned()
        };
        runs.all.insert(id.clone(), ranking(found.hits.iter(), &picture));
    }
    Ok(())
}

/// What the hits stand for, each once, best first.
fn ranking<'h>(
    hits: impl Iterator<Item = &'h Hit>,
    stands_for: &dyn Fn(&Hit) -> Option<String>,
) -> Vec<RankedDocument> {
    let mut ranking: Vec<RankedDocument> = Vec::new();
    for hit in hits {
        if let Some(id) = stands_for(hit)
            && !ranking.iter().any(|known| known.id == id)
        {
            ranking.push(RankedDocument { id, score: hit.score });
        }
    }
    ranking.truncate(KEPT);
    ranking
}
