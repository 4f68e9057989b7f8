//! The terms in which annotations and pictures speak of things.

terms! {
    /// Friend of a Friend.
    foaf = "http://xmlns.com/foaf/0.1/" {
        /// What a picture shows.
        DEPICTS = "depicts";
    }
}

terms! {
    /// Web Annotation.
    oa = "http://www.w3.org/ns/oa#" {
        /// Annotation.
        ANNOTATION = "Annotation";
        /// What an annotation says.
        HAS_BODY = "hasBody";
        /// What an annotation is about.
        HAS_TARGET = "hasTarget";
        /// The whole resource of a target.
        HAS_SOURCE = "hasSource";
        /// Which part of it.
        HAS_SELECTOR = "hasSelector";
        /// Selection by position.
        TEXT_POSITION_SELECTOR = "TextPositionSelector";
        /// Selection by a media fragment, here a box.
        FRAGMENT_SELECTOR = "FragmentSelector";
        /// Selection by quotation.
        TEXT_QUOTE_SELECTOR = "TextQuoteSelector";
        /// First code point.
        START = "start";
        /// Code point after the last.
        END = "end";
        /// Quoted text.
        EXACT = "exact";
    }
}
