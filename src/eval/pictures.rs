//! Data sets of pictures and texts about them.

use super::dataset::{DatasetError, Qrels, read_qrels};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Names that the list of pictures may have, the most specific first.
const PICTURE_LISTS: [&str; 4] =
    ["pictures.jsonl", "images.jsonl", "captions.jsonl", "labels.jsonl"];
/// Names of the questions and judgements about pictures; the second pair is used
/// where a data set asks for pictures only.
const QUESTIONS: [(&str, &str); 2] =
    [("image_queries.jsonl", "image_qrels.tsv"), ("queries.jsonl", "qrels.tsv")];

/// Pictures, texts, and which text describes which picture.
#[derive(Clone, Debug)]
pub struct PictureDataset {
    /// Name of the folder.
    pub name: String,
    /// Id and file of every picture.
    pub pictures: Vec<(String, PathBuf)>,
    /// Id and words of every text.
    pub texts: Vec<(String, String)>,
    /// Judgements: text, picture, relevance.
    pub qrels: Qrels,
}

#[derive(Deserialize)]
struct PictureLine {
    id: String,
    image: PathBuf,
}

#[derive(Deserialize)]
struct TextLine {
    id: String,
    text: String,
}

impl PictureDataset {
    /// Reads the pictures (`pictures.jsonl`, `images.jsonl`, `captions.jsonl` or
    /// `labels.jsonl`, each line with `id` and `image`, a path inside the folder),
    /// the texts and their judgements (`image_queries.jsonl` and `image_qrels.tsv`,
    /// or `queries.jsonl` and `qrels.tsv`).
    ///
    /// # Errors
    /// When a file is missing, a line malformed, or a judgement names a picture
    /// that is not listed.
    pub fn load(folder: &Path) -> Result<Self, DatasetError> {
        let list = find_list(folder)?;
        let pictures: Vec<(String, PathBuf)> = lines(&list, "a JSON object with `id` and `image`")?
            .into_iter()
            .map(|line: PictureLine| (line.id, folder.join(line.image)))
            .collect();
        let (texts, qrels) = QUESTIONS
            .iter()
            .map(|(texts, qrels)| (folder.join(texts), folder.join(qrels)))
            .find(|(texts, _)| texts.exists())
            .unwrap_or_else(|| (folder.join("queries.jsonl"), folder.join("qrels.tsv")));
        let all: Vec<TextLine> = lines(&texts, "a JSON object with `id` and `text`")?;
        let qrels = read_qrels(&qrels)?;
        let known: BTreeMap<&str, ()> = pictures.iter().map(|(id, _)| (id.as_str(), ())).collect();
        for (query, judged) in &qrels {
            if let Some(unknown) = judged.keys().find(|id| !known.contains_key(id.as_str())) {
                return Err(DatasetError::Picture {
                    list,
                    query: query.clone(),
                    picture: unknown.clone(),
                });
            }
        }
        let texts: Vec<(String, String)> = all
            .into_iter()
            .filter(|text| qrels.contains_key(&text.id))
            .map(|text| (text.id, text.text))
            .collect();
        if texts.is_empty() {
            return Err(DatasetError::Empty(folder.to_owned()));
        }
        let name =
            folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Ok(Self { name, pictures, texts, qrels })
    }

    /// The judgements the other way round: picture, text, relevance.
    pub fn by_picture(&self) -> Qrels {
        let mut turned = Qrels::new();
        for (text, judged) in &self.qrels {
            for (picture, grade) in judged {
                turned.entry(picture.clone()).or_default().insert(text.clone(), *grade);
            }
        }
        turned
    }
}

/// The list of pictures of a data set.
pub(super) fn find_list(folder: &Path) -> Result<PathBuf, DatasetError> {
    let list = PICTURE_LISTS.iter().map(|name| folder.join(name)).find(|path| path.exists());
    list.ok_or_else(|| DatasetError::Io {
        path: folder.join(format!("any of {}", PICTURE_LISTS.join(", "))),
        source: std::io::ErrorKind::NotFound.into(),
    })
}

/// The lines of a file of JSON.
pub(super) fn lines<T: serde::de::DeserializeOwned>(
    path: &Path,
    expected: &'static str,
) -> Result<Vec<T>, DatasetError> {
    let text = fs::read_to_string(path)
        .map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(i, line)| {
            serde_json::from_str(line).map_err(|error| DatasetError::Line {
                path: path.to_owned(),
                line: i + 1,
                expected,
                found: error.to_string(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(qrels: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("labels.jsonl", "{\"id\":\"p1\",\"image\":\"images/1.png\",\"label\":\"x\"}\n");
        write(
            "queries.jsonl",
            "{\"id\":\"t1\",\"text\":\"a cat\"}\n{\"id\":\"t2\",\"text\":\"b\"}\n",
        );
        write("qrels.tsv", qrels);
        folder
    }

    #[test]
    fn pictures_texts_and_judgements_are_read() {
        let folder = folder("query_id\tdoc_id\trelevance\nt1\tp1\t1\n");
        let dataset = PictureDataset::load(folder.path()).unwrap();
        assert_eq!(dataset.pictures, [("p1".to_owned(), folder.path().join("images/1.png"))]);
        assert_eq!(dataset.texts, [("t1".to_owned(), "a cat".to_owned())]);
        assert_eq!(dataset.by_picture()["p1"]["t1"], 1);
    }

    #[test]
    fn a_judgement_of_an_unlisted_picture_is_named() {
        let folder = folder("query_id\tdoc_id\trelevance\nt1\tp9\t1\n");
        let error = PictureDataset::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("p9") && error.contains("t1"), "{error}");
    }

    #[test]
    fn a_folder_without_pictures_says_what_was_expected() {
        let folder = tempfile::tempdir().unwrap();
        let error = PictureDataset::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("captions.jsonl"), "{error}");
    }
}
