//! Data sets of documents and the pictures that belong to them.

use super::dataset::{DatasetError, Qrels, read_qrels};
use super::pictures::{find_list, lines};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Documents, pictures, which document each picture belongs to, and questions
/// that ask for a picture in words.
#[derive(Clone, Debug)]
pub struct PageDataset {
    /// Name of the folder.
    pub name: String,
    /// Documents. The captions of pictures are taken out of their texts.
    pub documents: Vec<PageDocument>,
    /// Pictures that belong to a document, in the order of their ids.
    pub pictures: Vec<PagePicture>,
    /// Files of RDF that come with the documents.
    pub rdf: Vec<PathBuf>,
    /// Judgements: picture, document, relevance.
    pub pages: Qrels,
    /// Questions in words, id and text.
    pub questions: Vec<(String, String)>,
    /// Judgements of the questions: question, picture, relevance.
    pub qrels: Qrels,
}

/// A document of a [`PageDataset`].
#[derive(Clone, Debug)]
pub struct PageDocument {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// Its text.
    pub text: String,
    /// Ids of the documents to which it links.
    pub links: Vec<String>,
    /// The file of the picture that stands for it (a product's icon), if any.
    pub icon: Option<PathBuf>,
}

/// A picture of a [`PageDataset`].
#[derive(Clone, Debug)]
pub struct PagePicture {
    /// Its id.
    pub id: String,
    /// Its file.
    pub file: PathBuf,
    /// The folder of the file within the data set, by which rules may tell pictures
    /// apart.
    pub folder: PathBuf,
    /// The document to which it belongs.
    pub document: String,
}

#[derive(Deserialize)]
struct PictureLine {
    id: String,
    image: PathBuf,
    #[serde(alias = "product")]
    doc_id: Option<String>,
    #[serde(default)]
    caption: String,
}

#[derive(Deserialize)]
struct DocumentLine {
    id: String,
    title: Option<String>,
    text: String,
}

#[derive(Deserialize)]
struct ProductLine {
    id: String,
    image: Option<PathBuf>,
}

#[derive(Deserialize)]
struct TextLine {
    id: String,
    text: String,
}

impl PageDataset {
    /// Reads `corpus.jsonl`, the list of pictures (as `PictureDataset` does; each
    /// line with `doc_id` or `product`), and where they are there `links.tsv`
    /// (document, document), `products.jsonl` (`id` and `image`: the icon of the
    /// document of that id), `*.ttl`, and `image_queries.jsonl` with
    /// `image_qrels.tsv`.
    ///
    /// # Errors
    /// When a file is missing or malformed, or no picture belongs to a document.
    pub fn load(folder: &Path) -> Result<Self, DatasetError> {
        let listed: Vec<PictureLine> =
            lines(&find_list(folder)?, "a JSON object with `id`, `image` and `doc_id`")?;
        let corpus: Vec<DocumentLine> =
            lines(&folder.join("corpus.jsonl"), "a JSON object with `id` and `text`")?;
        let known: BTreeSet<&str> = corpus.iter().map(|document| document.id.as_str()).collect();
        let mut captions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut pictures = Vec::new();
        let mut pages = Qrels::new();
        for line in &listed {
            let Some(document) = line.doc_id.as_deref().filter(|id| known.contains(id)) else {
                continue;
            };
            if !line.caption.trim().is_empty() {
                captions.entry(document).or_default().push(line.caption.trim());
            }
            pages.entry(line.id.clone()).or_default().insert(document.to_owned(), 1);
            pictures.push(PagePicture {
                id: line.id.clone(),
                file: folder.join(&line.image),
                folder: line.image.parent().map(Path::to_owned).unwrap_or_default(),
                document: document.to_owned(),
            });
        }
        if pictures.is_empty() {
            return Err(DatasetError::NoPages(folder.to_owned()));
        }
        pictures.sort_by(|a, b| a.id.cmp(&b.id));
        let mut links: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (from, to) in pairs(&folder.join("links.tsv"))? {
            links.entry(from).or_default().push(to);
        }
        let products = folder.join("products.jsonl");
        let products: Vec<ProductLine> = if products.exists() {
            lines(&products, "a JSON object with `id`")?
        } else {
            Vec::new()
        };
        let mut icons: BTreeMap<String, PathBuf> = products
            .into_iter()
            .filter_map(|product| Some((product.id, folder.join(product.image?))))
            .collect();
        let documents = corpus
            .into_iter()
            .map(|line| PageDocument {
                text: captions
                    .get(line.id.as_str())
                    .into_iter()
                    .flatten()
                    .fold(line.text, |text, caption| text.replace(caption, "")),
                links: links.remove(&line.id).unwrap_or_default(),
                icon: icons.remove(&line.id),
                title: line.title,
                id: line.id,
            })
            .collect();
        let (questions, qrels) = questions(folder, &pages)?;
        let name =
            folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Ok(Self { name, documents, pictures, rdf: rdf(folder)?, pages, questions, qrels })
    }
}

/// Questions in words whose picture is known.
fn questions(folder: &Path, pages: &Qrels) -> Result<(Vec<(String, String)>, Qrels), DatasetError> {
    let file = folder.join("image_queries.jsonl");
    if !file.exists() {
        return Ok((Vec::new(), Qrels::new()));
    }
    let all: Vec<TextLine> = lines(&file, "a JSON object with `id` and `text`")?;
    let mut qrels = read_qrels(&folder.join("image_qrels.tsv"))?;
    qrels.retain(|_, judged| judged.keys().any(|picture| pages.contains_key(picture)));
    let asked = all.into_iter().filter(|line| qrels.contains_key(&line.id));
    Ok((asked.map(|line| (line.id, line.text)).collect(), qrels))
}

/// The first two columns of a table with a heading; none when there is no file.
fn pairs(path: &Path) -> Result<Vec<(String, String)>, DatasetError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(path)
        .map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
    let lines = text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(i, line)| {
            let mut fields = line.split('\t');
            let pair = fields.next().zip(fields.next());
            let (from, to) = pair.ok_or_else(|| DatasetError::Line {
                path: path.to_owned(),
                line: i + 1,
                expected: "two document ids separated by a tab",
                found: line.to_owned(),
            })?;
            Ok((from.to_owned(), to.to_owned()))
        })
        .collect()
}

fn rdf(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let io = |source| DatasetError::Io { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_some_and(|ending| ending == "ttl") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_leave_the_text_and_pictures_keep_their_page() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write(
            "images.jsonl",
            "{\"id\":\"p1\",\"image\":\"i/1.png\",\"doc_id\":\"/a\",\"caption\":\"A pump\"}\n\
             {\"id\":\"p2\",\"image\":\"i/2.png\",\"doc_id\":\"/elsewhere\"}\n",
        );
        write("corpus.jsonl", "{\"id\":\"/a\",\"text\":\"x [Figure: A pump] y\"}\n");
        write("links.tsv", "doc_id\ttarget\n/a\t/b\tanchor\n");
        write("image_queries.jsonl", "{\"id\":\"q1\",\"text\":\"pump\"}\n");
        write("image_qrels.tsv", "q\td\tr\nq1\tp1\t1\n");
        let dataset = PageDataset::load(folder.path()).unwrap();
        assert_eq!(dataset.pictures.len(), 1);
        assert_eq!(dataset.pictures[0].folder, Path::new("i"));
        assert_eq!(dataset.pages["p1"]["/a"], 1);
        assert_eq!(dataset.documents[0].text, "x [Figure: ] y");
        assert_eq!(dataset.documents[0].links, ["/b"]);
        assert_eq!(dataset.questions.len(), 1);
    }
}
