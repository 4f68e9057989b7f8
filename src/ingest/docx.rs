//! DOCX: the parts of a Word document and how they belong together.

use super::container::Container;
use super::docx_text::Body;
use super::error::LoadError;
use super::loader::{Loader, clean_heading};
use super::source::{SourceItem, resolve};
use crate::model::Loaded;
use crate::picture::media_type;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::collections::HashMap;

/// The part without which a container is no Word document.
pub(super) const MAIN_PART: &str = "word/document.xml";
/// Where its pictures are.
const PICTURES: &str = "word/media/";
/// Deepest nesting of elements; Word itself stays below 100.
const MAX_DEPTH: usize = 512;
/// Name of this kind of document in messages.
const KIND: &str = "DOCX document";
/// Styles that stand on other styles, at most this often.
const MAX_STYLE_DEPTH: usize = 16;

/// Loads DOCX; spans point into the extracted text. Headers, footers, comments
/// and deleted text are left out.
pub(super) struct DocxLoader;

/// What a paragraph is by its style.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// 0 for the title, 1 for the outermost heading.
    pub(super) level: Option<u8>,
    /// Words about a picture or a table.
    pub(super) is_caption: bool,
    /// An entry of a list.
    pub(super) is_list: bool,
}

/// A piece of XML, empty elements as a start and an end.
pub(super) enum Xml<'x> {
    /// The start of an element.
    Start(&'x BytesStart<'x>),
    /// The end of the element with this name, without its prefix.
    End(&'x str),
    /// Text.
    Text(&'x str),
}

impl Loader for DocxLoader {
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let mut container = Container::open(source, KIND, bytes)?;
        let main = container
            .part(MAIN_PART)?
            .ok_or_else(|| damaged(source, format!("a ZIP container without `{MAIN_PART}`")))?;
        let (styles, language) = match container.part("word/styles.xml")? {
            Some(part) => styles(source, &part)?,
            None => (HashMap::new(), None),
        };
        let targets = match container.part("word/_rels/document.xml.rels")? {
            Some(part) => targets(source, &part)?,
            None => HashMap::new(),
        };
        let title = match container.part("docProps/core.xml")? {
            Some(part) => title(source, &part)?,
            None => None,
        };
        let mut body = Body::new(&styles, &targets);
        read_xml(source, MAIN_PART, &main, &mut |piece| body.take(&piece))?;
        let loaded = body.finish();
        if loaded.text.trim().is_empty() && loaded.figures.is_empty() {
            return Err(damaged(source, "neither text nor pictures".to_owned()));
        }
        Ok(Loaded { title: loaded.title.clone().or(title), language, ..loaded })
    }
}

/// The pictures inside of a DOCX document, as documents of their own below its
/// path.
pub(super) fn pictures(source: &str, bytes: &[u8]) -> Vec<Result<SourceItem, LoadError>> {
    let mut container = match Container::open(source, KIND, bytes) {
        Ok(container) => container,
        // The document itself reports the damage.
        Err(_) => return Vec::new(),
    };
    let mut pictures = Vec::new();
    let mut names = container.names();
    names.retain(|name| name.starts_with(PICTURES));
    names.sort();
    for name in names {
        match container.part(&name) {
            Ok(Some(bytes)) if media_type(&bytes).is_some() => {
                let source = format!("{source}/{name}");
                pictures.push(Ok(SourceItem { source, bytes, ..SourceItem::default() }));
            }
            Ok(_) => {}
            Err(error) => pictures.push(Err(error)),
        }
    }
    pictures
}

fn damaged(source: &str, found: String) -> LoadError {
    LoadError::Damaged { source_path: source.to_owned(), kind: KIND, found }
}

/// The value of an attribute by its name without prefix.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found =
        element.attributes().flatten().find(|found| found.key.local_name().as_ref() == name);
    found?.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())
}

/// Visits every piece of a part. Document types are refused, and with them every
/// entity that could grow.
fn read_xml(
    source: &str,
    part: &str,
    bytes: &[u8],
    visit: &mut dyn FnMut(Xml<'_>),
) -> Result<(), LoadError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        damaged(source, format!("`{part}` that is not UTF-8 from byte {}", error.valid_up_to()))
    })?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut depth = 0;
    loop {
        let event = reader.read_event().map_err(|error| {
            let position = reader.error_position();
            damaged(source, format!("`{part}` with damaged XML at byte {position} ({error})"))
        })?;
        match event {
            Event::Start(element) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(LoadError::Limit {
                        source_path: source.to_owned(),
                        kind: KIND,
                        expected: format!("elements nested at most {MAX_DEPTH} deep"),
                        found: format!("deeper ones in `{part}`"),
                    });
                }
                visit(Xml::Start(&element));
            }
            Event::Empty(element) => {
                visit(Xml::Start(&element));
                visit(Xml::End(element.local_name().as_ref()));
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                visit(Xml::End(element.local_name().as_ref()));
            }
            Event::Text(words) => visit(Xml::Text(&words.xml10_content())),
            Event::CData(words) => visit(Xml::Text(&words.xml10_content())),
            Event::GeneralRef(entity) => {
                let character = match entity.resolve_char_ref() {
                    Ok(Some(character)) => Some(character),
                    _ => predefined(&entity.xml10_content()),
                };
                let character = character
                    .ok_or_else(|| damaged(source, format!("`{part}` with an unknown entity")))?;
                visit(Xml::Text(character.encode_utf8(&mut [0; 4])));
            }
            Event::DocType(_) => {
                return Err(damaged(
                    source,
                    format!("`{part}` with a document type, which Word never writes"),
                ));
            }
            Event::Eof if depth > 0 => {
                return Err(damaged(source, format!("`{part}` that ends inside of an element")));
            }
            Event::Eof => return Ok(()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn predefined(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

/// Meaning of styles by id, and the language of the text.
fn styles(
    source: &str,
    bytes: &[u8],
) -> Result<(HashMap<String, Style>, Option<String>), LoadError> {
    let mut own: HashMap<String, Style> = HashMap::new();
    let mut based_on: HashMap<String, String> = HashMap::new();
    let (mut id, mut language) = (String::new(), None);
    read_xml(source, "word/styles.xml", bytes, &mut |piece| {
        let Xml::Start(element) = piece else { return };
        let value = attribute(element, "val").unwrap_or_default();
        match element.local_name().as_ref() {
            "style" => {
                id = attribute(element, "styleId").unwrap_or_default();
                own.insert(id.clone(), Style::default());
            }
            "name" => {
                if let Some(style) = own.get_mut(&id) {
                    *style = named(&value);
                }
            }
            "basedOn" => {
                based_on.insert(id.clone(), value);
            }
            "outlineLvl" => {
                let level = value.parse::<u8>().ok().filter(|level| *level < 9);
                if let (Some(level), Some(style)) = (level, own.get_mut(&id)) {
                    style.level = style.level.or(Some(level + 1));
                }
            }
            "numPr" => {
                if let Some(style) = own.get_mut(&id) {
                    style.is_list = true;
                }
            }
            "lang" if language.is_none() => language = Some(value).filter(|tag| !tag.is_empty()),
            _ => {}
        }
    })?;
    let resolved = own.keys().map(|id| {
        let (mut style, mut at) = (Style::default(), Some(id));
        for _ in 0..MAX_STYLE_DEPTH {
            let Some(found) = at.and_then(|at| own.get(at)) else { break };
            style.level = style.level.or(found.level);
            style.is_caption |= found.is_caption;
            style.is_list |= found.is_list;
            at = at.and_then(|at| based_on.get(at));
        }
        (id.clone(), style)
    });
    Ok((resolved.collect(), language))
}

/// The meaning of a style by the name that all translations of Word share.
fn named(name: &str) -> Style {
    let name = name.to_lowercase();
    let level = name.strip_prefix("heading ").and_then(|level| level.parse().ok());
    Style {
        level: if name == "title" { Some(0) } else { level },
        is_caption: name == "caption",
        is_list: name.starts_with("list "),
    }
}

/// What the relations of the main part lead to, by id: source paths below the
/// document for parts of its own, and as written for others.
fn targets(source: &str, bytes: &[u8]) -> Result<HashMap<String, String>, LoadError> {
    let mut targets = HashMap::new();
    let main = format!("{source}/{MAIN_PART}");
    read_xml(source, "word/_rels/document.xml.rels", bytes, &mut |piece| {
        let Xml::Start(element) = piece else { return };
        if element.local_name().as_ref() != "Relationship" {
            return;
        }
        let (Some(id), Some(target)) = (attribute(element, "Id"), attribute(element, "Target"))
        else {
            return;
        };
        let is_outside = attribute(element, "TargetMode").is_some_and(|mode| mode == "External");
        let resolved = match target.strip_prefix('/') {
            _ if is_outside => resolve(source, &target),
            Some(path) => Some(format!("{source}/{path}")),
            None => resolve(&main, &target),
        };
        if let Some(resolved) = resolved {
            targets.insert(id, resolved);
        }
    })?;
    Ok(targets)
}

/// The title among the properties of the document.
fn title(source: &str, bytes: &[u8]) -> Result<Option<String>, LoadError> {
    let (mut title, mut inside) = (String::new(), false);
    read_xml(source, "docProps/core.xml", bytes, &mut |piece| match piece {
        Xml::Start(element) => inside = element.local_name().as_ref() == "title",
        Xml::End(_) => inside = false,
        Xml::Text(words) if inside => title.push_str(words),
        Xml::Text(_) => {}
    })?;
    Ok(Some(clean_heading(&title)).filter(|title| !title.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(xml: &str) -> Result<String, LoadError> {
        let mut text = String::new();
        read_xml("a.docx", "p.xml", xml.as_bytes(), &mut |piece| {
            if let Xml::Text(words) = piece {
                text.push_str(words);
            }
        })?;
        Ok(text)
    }

    #[test]
    fn entities_that_grow_and_deep_nesting_are_refused() {
        let check = |xml: &str, word: &str| {
            let error = pieces(xml).unwrap_err().to_string();
            assert!(error.contains("a.docx") && error.contains(word), "{error}");
        };
        check("<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>", "document type");
        check("<x>&a;</x>", "unknown entity");
        check(&"<x>".repeat(600), "nested at most 512");
        check("<x><y></x>", "damaged XML");
        check("<x>", "ends inside");
        assert_eq!(pieces("<x>a &amp; b&#x2014;<![CDATA[<c>]]></x>").unwrap(), "a & b—<c>");
    }

    #[test]
    fn styles_are_known_by_name_and_by_what_they_are_based_on() {
        let xml = r#"<w:styles><w:docDefaults><w:lang w:val="de-DE"/></w:docDefaults>
            <w:style w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>
            <w:style w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="berschrift2"/></w:style>
            <w:style w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>
            </w:styles>"#;
        let (styles, language) = styles("a.docx", xml.as_bytes()).unwrap();
        assert_eq!(styles["Own"].level, Some(2));
        assert_eq!(styles["Loop"], Style::default());
        assert_eq!(language.as_deref(), Some("de-DE"));
    }
}
