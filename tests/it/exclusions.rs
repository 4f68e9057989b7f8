//! What a question does not want is not looked for, and comes last.

use crate::fixtures::{ingest, open, write};
use veritrail::engine::KnowledgeBase;
use veritrail::model::Query;
use veritrail::retrieve::RetrievalMode;

#[test]
fn what_a_question_does_not_want_comes_last() {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (name, text) in [
        (
            "storms",
            "# Storms\n\nThe painter Ulla Brandt is known for Storm over Skagen, a work of dark waves.",
        ),
        (
            "works",
            "# Works\n\nThe painter Ulla Brandt worked in oil, made quiet interiors and many portraits.",
        ),
        ("pump", "# Pump\n\nThe pump needs oil every year."),
        ("valve", "# Valve\n\nThe valve needs water."),
    ] {
        write(source.path(), &format!("{name}.md"), format!("{text}\n"));
    }
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let session = knowledge_base.session().unwrap();
    let first = |question: &str, mode: RetrievalMode| {
        let found = session.search(&Query::text(question, 5), mode).unwrap();
        found.hits[0].document.source()
    };
    for mode in RetrievalMode::ALL {
        let wanted = "Works of Ulla Brandt, such as Storm over Skagen";
        assert_eq!(first(wanted, mode), "storms.md", "{mode:?}");
        let other = "Works of Ulla Brandt (excluding Storm over Skagen)";
        assert_eq!(first(other, mode), "works.md", "{mode:?}");
    }
}
