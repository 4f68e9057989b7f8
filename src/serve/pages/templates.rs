//! The frames of the pages.

use askama::Template;

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Ask,
    Graph,
    Documents,
    Document,
    Audit,
    Operations,
    Interface,
    SignIn,
    Missing,
}

macro_rules! frames {
    ($($frame:ident = $path:tt;)*) => {
        $(
            #[derive(Template)]
            #[template(path = $path)]
            struct $frame<'a> {
                title: &'a str,
                /// The place in the navigation.
                page: &'a str,
                script: &'a str,
                assets: &'a str,
            }
        )*
    };
}

frames! {
    AskFrame = "ask.html";
    GraphFrame = "graph.html";
    DocumentsFrame = "documents.html";
    DocumentFrame = "document.html";
    AuditFrame = "audit.html";
    OperationsFrame = "operations.html";
    InterfaceFrame = "interface.html";
    SignInFrame = "sign_in.html";
    MissingFrame = "missing.html";
}

macro_rules! rendered {
    ($frame:ident, $title:literal, $page:literal, $script:literal, $assets:ident) => {
        $frame { title: $title, page: $page, script: $script, assets: $assets }.render()
    };
}

impl Page {
    /// Every page.
    #[cfg(test)]
    pub(super) const ALL: [Self; 9] = [
        Self::Ask,
        Self::Graph,
        Self::Documents,
        Self::Document,
        Self::Audit,
        Self::Operations,
        Self::Interface,
        Self::SignIn,
        Self::Missing,
    ];

    /// The HTML; `assets` is the folder of scripts and styles.
    pub(super) fn render(self, assets: &str) -> Result<String, askama::Error> {
        match self {
            Self::Ask => rendered!(AskFrame, "Ask", "ask", "ask.js", assets),
            Self::Graph => rendered!(GraphFrame, "Graph", "graph", "graph.js", assets),
            Self::Documents => {
                rendered!(DocumentsFrame, "Documents", "documents", "documents.js", assets)
            }
            Self::Document => {
                rendered!(DocumentFrame, "Document", "documents", "document.js", assets)
            }
            Self::Audit => rendered!(AuditFrame, "Audit", "audit", "audit.js", assets),
            Self::Operations => {
                rendered!(OperationsFrame, "Operations", "operations", "operations.js", assets)
            }
            Self::Interface => {
                rendered!(InterfaceFrame, "Interface", "interface", "interface.js", assets)
            }
            Self::SignIn => rendered!(SignInFrame, "Sign in", "sign-in", "sign_in.js", assets),
            Self::Missing => rendered!(MissingFrame, "Not found", "missing", "missing.js", assets),
        }
    }
}
