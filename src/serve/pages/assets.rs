//! Scripts, styles and pictures, part of the program.

use crate::model::Digest;
use std::sync::LazyLock;

/// A file that pages load.
pub(super) struct Asset {
    pub(super) name: &'static str,
    pub(super) media_type: &'static str,
    pub(super) bytes: &'static [u8],
}

/// One sheet, so that a page asks once.
const STYLES: &str = concat!(
    include_str!("assets/tokens.css"),
    include_str!("assets/base.css"),
    include_str!("assets/parts.css"),
    include_str!("assets/ask.css"),
    include_str!("assets/graph.css"),
    include_str!("assets/documents.css"),
    include_str!("assets/interface.css"),
    include_str!("assets/audit.css"),
    include_str!("assets/operations.css"),
);

/// Every file.
pub(super) const ALL: &[Asset] = &[
    Asset {
        name: "veritrail.css",
        media_type: "text/css; charset=utf-8",
        bytes: STYLES.as_bytes(),
    },
    Asset {
        name: "mark.svg",
        media_type: "image/svg+xml",
        bytes: include_bytes!("assets/mark.svg"),
    },
    Asset {
        name: "icons.svg",
        media_type: "image/svg+xml",
        bytes: include_bytes!("assets/icons.svg"),
    },
    script("approvals.js", include_bytes!("assets/approvals.js")),
    script("answer.js", include_bytes!("assets/answer.js")),
    script("api.js", include_bytes!("assets/api.js")),
    script("ask.js", include_bytes!("assets/ask.js")),
    script("audit.js", include_bytes!("assets/audit.js")),
    script("canary.js", include_bytes!("assets/canary.js")),
    script("charts.js", include_bytes!("assets/charts.js")),
    script("deletion.js", include_bytes!("assets/deletion.js")),
    script("document.js", include_bytes!("assets/document.js")),
    script("documents.js", include_bytes!("assets/documents.js")),
    script("dom.js", include_bytes!("assets/dom.js")),
    script("drawing.js", include_bytes!("assets/drawing.js")),
    script("editor.js", include_bytes!("assets/editor.js")),
    script("entity.js", include_bytes!("assets/entity.js")),
    script("evaluations.js", include_bytes!("assets/evaluations.js")),
    script("examples.js", include_bytes!("assets/examples.js")),
    script("figures.js", include_bytes!("assets/figures.js")),
    script("graph.js", include_bytes!("assets/graph.js")),
    script("interface.js", include_bytes!("assets/interface.js")),
    script("iri.js", include_bytes!("assets/iri.js")),
    script("jobs.js", include_bytes!("assets/jobs.js")),
    script("missing.js", include_bytes!("assets/missing.js")),
    script("operations.js", include_bytes!("assets/operations.js")),
    script("picture.js", include_bytes!("assets/picture.js")),
    script("query.js", include_bytes!("assets/query.js")),
    script("result.js", include_bytes!("assets/result.js")),
    script("shell.js", include_bytes!("assets/shell.js")),
    script("sign_in.js", include_bytes!("assets/sign_in.js")),
    script("source.js", include_bytes!("assets/source.js")),
    script("story.js", include_bytes!("assets/story.js")),
    script("suggestions.js", include_bytes!("assets/suggestions.js")),
    script("text.js", include_bytes!("assets/text.js")),
    script("theme.js", include_bytes!("assets/theme.js")),
    script("trail.js", include_bytes!("assets/trail.js")),
    script("watch.js", include_bytes!("assets/watch.js")),
];

const fn script(name: &'static str, bytes: &'static [u8]) -> Asset {
    Asset { name, media_type: "text/javascript; charset=utf-8", bytes }
}

static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let parts = ALL.iter().flat_map(|asset| [asset.name.as_bytes(), asset.bytes]);
    Digest::of_parts(parts).short()
});

/// Digest of all files together, since scripts name each other without one.
pub(super) fn digest() -> &'static str {
    &DIGEST
}

/// Where the files are.
pub(super) fn folder() -> String {
    format!("/assets/{}", digest())
}

/// The file with this name.
pub(super) fn find(name: &str) -> Option<&'static Asset> {
    ALL.iter().find(|asset| asset.name == name)
}
