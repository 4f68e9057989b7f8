//! E-mail: who wrote when to whom, the body, and the names of what is attached.

use super::error::LoadError;
use super::html::HtmlLoader;
use super::loader::{Loader, clean_heading, clean_text};
use crate::model::{Loaded, Section, Span};
use mail_parser::{Address, Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// Names by which the head of an e-mail is known.
const HEADERS: [&str; 11] = [
    "from",
    "to",
    "date",
    "subject",
    "message-id",
    "received",
    "mime-version",
    "return-path",
    "delivered-to",
    "content-type",
    "reply-to",
];
/// Lines that are looked at for them.
const MAX_HEADER_LINES: usize = 500;
/// As many of them are in no other kind of text.
const ENOUGH_HEADERS: usize = 3;

/// Loads one e-mail; spans point into the extracted text. Attachments are named,
/// not loaded.
pub(super) struct EmailLoader;

impl Loader for EmailLoader {
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let damaged = |found: &str| LoadError::Damaged {
            source_path: source.to_owned(),
            kind: "e-mail",
            found: found.to_owned(),
        };
        if headers(bytes).0 == 0 {
            return Err(damaged("no header lines such as `From:` and `Subject:`"));
        }
        let message =
            MessageParser::default().parse(bytes).ok_or_else(|| damaged("no header lines"))?;
        let mut text = String::new();
        let date = message.date().filter(|date| date.is_valid()).map(|date| date.to_rfc3339());
        for (name, value) in [
            ("From", message.from().map(people)),
            ("To", message.to().map(people)),
            ("Cc", message.cc().map(people)),
            ("Date", date),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                text.push_str(&format!("{name}: {value}\n"));
            }
        }
        text.push('\n');
        let attachments = attachments(&message);
        let body = body(source, &message)?;
        if body.text.trim().is_empty() && attachments.is_empty() {
            return Err(damaged("neither a body of text nor anything attached"));
        }
        let offset = text.chars().count();
        let mut loaded = shifted(body, offset);
        text.push_str(&loaded.text);
        if !attachments.is_empty() {
            let start = text.chars().count();
            let newline = if text.ends_with('\n') { "" } else { "\n" };
            text.push_str(&format!("{newline}Attachments: {}\n", attachments.join(", ")));
            let span = Span::new(start, text.chars().count());
            loaded.sections.push(Section { heading_path: Vec::new(), span });
        }
        let head = Section { heading_path: Vec::new(), span: Span::new(0, offset) };
        loaded.sections.insert(0, head);
        let subject = message.subject().map(clean_heading).filter(|subject| !subject.is_empty());
        Ok(Loaded { title: subject, text, ..loaded })
    }
}

/// How many known header lines stand at the head of these bytes, and whether
/// anything else stands there.
fn headers(bytes: &[u8]) -> (usize, bool) {
    let (mut n_known, mut is_pure) = (0, true);
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (i, line) in bytes.split(|byte| *byte == b'\n').take(MAX_HEADER_LINES).enumerate() {
        let goes_on = i > 0 && line.first().is_some_and(u8::is_ascii_whitespace);
        let line = line.trim_ascii_end();
        if line.is_empty() {
            break;
        }
        // Mailboxes put a line of their own before each message.
        if goes_on || i == 0 && line.starts_with(b"From ") {
            continue;
        }
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let plain = name.iter().all(|byte| byte.is_ascii_graphic());
        is_pure &= plain && !name.is_empty() && name.len() < line.len();
        let known = HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header.as_bytes()));
        n_known += usize::from(known && name.len() < line.len());
    }
    (n_known, is_pure)
}

/// Whether bytes begin with the header lines of an e-mail.
pub(super) fn is_email(bytes: &[u8]) -> bool {
    let (n_known, is_pure) = headers(bytes);
    is_pure && n_known >= ENOUGH_HEADERS
}

fn people(address: &Address<'_>) -> String {
    let people = address.iter().filter_map(|person| match (person.name(), person.address()) {
        (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
        (name, address) => name.or(address).map(str::to_owned),
    });
    clean_heading(&people.collect::<Vec<_>>().join(", "))
}

/// The body as text, or as HTML where there is no text.
fn body(source: &str, message: &Message<'_>) -> Result<Loaded, LoadError> {
    let mut text = String::new();
    for part in message.text_bodies() {
        if let PartType::Text(words) = &part.body {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&clean_text(words.as_bytes()));
        }
    }
    if text.trim().is_empty() {
        for part in message.html_bodies() {
            if let PartType::Html(page) = &part.body {
                return HtmlLoader.load(source, page.as_bytes());
            }
        }
    }
    let span = Span::new(0, text.chars().count());
    let sections = vec![Section { heading_path: Vec::new(), span }];
    Ok(Loaded { text, sections, ..Loaded::default() })
}

/// What is attached: name, kind and size.
fn attachments(message: &Message<'_>) -> Vec<String> {
    let describe = |part: &MessagePart<'_>| {
        let kind = part.content_type().map_or_else(
            || "unknown kind".to_owned(),
            |kind| match kind.subtype() {
                Some(subtype) => format!("{}/{subtype}", kind.ctype()),
                None => kind.ctype().to_owned(),
            },
        );
        let nested = match &part.body {
            PartType::Message(message) => message.subject(),
            _ => None,
        };
        let name = part.attachment_name().or(nested).unwrap_or("without a name");
        format!("{} ({kind}, {} bytes)", clean_heading(name), part.len())
    };
    message.attachments().map(describe).collect()
}

/// What was loaded, at a later place of a longer text.
fn shifted(mut loaded: Loaded, offset: usize) -> Loaded {
    let shift = |span: &mut Span| *span = Span::new(span.start() + offset, span.end() + offset);
    loaded.sections.iter_mut().for_each(|section| shift(&mut section.span));
    loaded.links.iter_mut().for_each(|link| shift(&mut link.span));
    loaded.figures.iter_mut().for_each(|figure| shift(&mut figure.span));
    loaded
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "From: =?utf-8?q?J=C3=B6rg?= <j@x.test>\r\nTo: a@y.test, B <b@y.test>\r\n\
        Date: Tue, 3 Nov 2026 10:00:00 +0100\r\nSubject: Seal\r\n worn\r\nMIME-Version: 1.0\r\n";

    fn load(mail: &str) -> Loaded {
        EmailLoader.load("m.eml", mail.as_bytes()).unwrap()
    }

    #[test]
    fn the_text_is_preferred_and_attachments_are_named() {
        let mail = format!(
            "{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nDie Gr=F6=DFe pa=DFt.\r\n--b\r\nContent-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Disposition: attachment; filename=\"plan.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b--\r\n"
        );
        let loaded = load(&mail);
        assert_eq!(loaded.title.as_deref(), Some("Seal worn"));
        assert_eq!(
            loaded.text,
            "From: Jörg <j@x.test>\nTo: a@y.test, B <b@y.test>\nDate: 2026-11-03T10:00:00+01:00\n\nDie Größe paßt.\nAttachments: plan.pdf (application/pdf, 5 bytes)\n"
        );
        let joined: String =
            loaded.sections.iter().map(|s| s.span.of(&loaded.text).unwrap()).collect();
        assert_eq!(joined, loaded.text);
    }

    #[test]
    fn a_body_of_html_keeps_its_links() {
        let mail = format!(
            "{HEAD}Content-Type: text/html; charset=utf-8\r\n\r\n<h1>Plan</h1><p>See <a href=\"p.md\">the plan</a>.</p>"
        );
        let loaded = load(&mail);
        assert!(loaded.text.ends_with("\n\nPlan\nSee the plan.\n"), "{}", loaded.text);
        assert_eq!(loaded.links[0].span.of(&loaded.text), Some("the plan"));
        assert_eq!(loaded.sections[1].heading_path, ["Plan"]);
    }

    #[test]
    fn an_e_mail_without_a_body_is_refused() {
        let error = EmailLoader.load("m.eml", HEAD.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("m.eml") && error.contains("body"), "{error}");
    }

    #[test]
    fn a_few_words_with_colons_are_no_e_mail() {
        assert!(is_email(HEAD.as_bytes()));
        assert!(!is_email(b"Subject: x\nFrom: y\n\nz"));
        assert!(!is_email(b"From: a\nTo: b\nplain words\nDate: c\n"));
    }
}
