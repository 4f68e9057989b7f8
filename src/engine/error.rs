//! Errors of the engine.

use std::io;
use std::path::PathBuf;

/// Anything that stops an operation on a knowledge base.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no knowledge base.
    #[error("{0} is not a knowledge base\nhint: make one with `veritrail init {0}`")]
    NotAKnowledgeBase(PathBuf),
    /// There is one already.
    #[error("{0} is a knowledge base already")]
    Exists(PathBuf),
    /// Another process uses it.
    #[error(
        "{0} is in use by another process: one program at a time may work on a knowledge base\nhint: stop the other one, or ask it through its HTTP interface"
    )]
    Locked(PathBuf),
    /// A writer did not finish, and what it left has to be taken away first.
    #[error(
        "the last writer of {0} did not finish\nhint: any command that answers or takes documents in puts that right"
    )]
    Unfinished(PathBuf),
    /// Written by another version of the program.
    #[error(
        "{path} has format `{found}`, this program reads `{expected}`\nhint: use the version of veritrail that wrote it, or a newer one"
    )]
    Format {
        /// The knowledge base.
        path: PathBuf,
        /// Format this program reads.
        expected: &'static str,
        /// Format found.
        found: String,
    },
    /// Nothing was published yet.
    #[error("{0} holds no published documents\nhint: add some with `veritrail ingest FOLDER`")]
    Empty(PathBuf),
    /// The file of a generation.
    #[error("{path} is not a whole generation: {reason}")]
    Frozen {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A setting that no generation can have of its own.
    #[error("setting `{path}`: {reason}")]
    Setting {
        /// Its path.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// A canary that cannot be.
    #[error("no canary: {0}")]
    Canary(String),
    /// A golden set that cannot be used.
    #[error("the golden set `{name}` cannot be used: {reason}")]
    Golden {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A generation that the gate refuses.
    #[error(
        "generation {generation} does not pass the gate: {reasons}\nhint: `veritrail index eval {generation}` shows what it was asked; `--force` promotes it all the same"
    )]
    Gate {
        /// Its name.
        generation: String,
        /// Why.
        reasons: String,
    },
    /// No such generation.
    #[error(
        "there is no generation `{0}` that can be served\nhint: `veritrail index list` names them"
    )]
    NoGeneration(String),
    /// A generation of another text model.
    #[error(
        "generation {generation} holds vectors of the spaces {spaces}, and its text model cannot be opened\nhint: install it (`veritrail models`), or build a generation with the present one by `veritrail index build --afresh`"
    )]
    OtherSpaces {
        /// Its name.
        generation: String,
        /// Its spaces.
        spaces: String,
    },
    /// A text model that cannot be opened.
    #[error("the text model `{name}` cannot be opened")]
    TextModel {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: super::models::TextModelError,
    },
    /// The file system refused.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A document of a data set cannot be loaded.
    #[error(transparent)]
    Load(crate::ingest::LoadError),
    /// A picture of a data set cannot be used.
    #[error("{path} is not a usable picture")]
    PictureFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: crate::picture::PictureError,
    },
    /// A document that is not there.
    #[error(
        "there is no document `{name}`; expected a source path, a given id or an IRI{}",
        if .near.is_empty() { String::new() } else { format!("\nhint: there is {near}") }
    )]
    NoDocument {
        /// What was named.
        name: String,
        /// Sources that resemble it.
        near: String,
    },
    /// An answer that is not there.
    #[error("there is no answer `{0}`\nhint: `veritrail audit list` shows them")]
    NoAnswer(String),
    /// An alert about drift that is not there.
    #[error("there is no alert `{0}`\nhint: `veritrail drift alerts` lists them")]
    NoDriftAlert(String),
    /// Windows larger than what is drawn from.
    #[error("expected at least {wanted} questions to draw windows from, found {found}")]
    FewQuestions {
        /// Questions there are.
        found: usize,
        /// Questions that both windows need.
        wanted: usize,
    },
    /// A record cannot be sealed, or a seal cannot be read.
    #[error(transparent)]
    Seal(#[from] crate::audit::SealError),
    /// A backup cannot be written or read.
    #[error(transparent)]
    Backup(#[from] crate::backup::BackupError),
    /// An export cannot be written.
    #[error("the export cannot be written")]
    Export(#[source] io::Error),
    /// Nothing has this name.
    #[error("`{0}` names no document, entity, model or generation that an answer used")]
    NoImpact(String),
    /// An answer whose retrieval cannot be done again.
    #[error("the retrieval of answer {answer} cannot be done again: {reason}")]
    NoReplay {
        /// The answer.
        answer: String,
        /// Why.
        reason: &'static str,
    },
    /// The graph does not answer.
    #[error("the graph cannot be searched")]
    Query(#[from] crate::graph::QueryError),
    /// A document that was deleted and taken in again.
    #[error("`{0}` is in the knowledge base; it was not deleted, or taken in again since")]
    Present(String),
    /// A document of which no deletion was recorded.
    #[error(
        "no deletion of `{0}` is recorded here, so there is nothing to prove\nhint: name it as the receipt does"
    )]
    NeverDeleted(String),
    /// A claim that nobody made.
    #[error(
        "there is no claim `{}` about a picture\nhint: `veritrail review` lists those that wait for a decision", .0.name()
    )]
    NoDepiction(crate::model::DepictionId),
    /// A line of a file of pairs is malformed.
    #[error("{path} line {line}: expected a JSON object with `image` and `text`")]
    PairLine {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The file of calibrations is malformed.
    #[error("{path} is no list of calibrations; remove it, and run `veritrail calibrate` again")]
    CalibrationsFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A route cannot work.
    #[error("the route `{route}` of retrieve.routes cannot be used: {reason}")]
    RouteRule {
        /// Name of the rule.
        route: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A route names a space that is not in service.
    #[error(
        "the route `{route}` names the space `{space}`, which is not in service; those in service: {known}\nhint: add it to models.pictures, or change retrieve.routes"
    )]
    Route {
        /// Name of the rule.
        route: String,
        /// The space.
        space: String,
        /// Spaces in service.
        known: String,
    },
    /// A name that cannot be a folder's.
    #[error("`{0}` cannot name a space; expected letters, digits, `-` and `_`")]
    AdaptedName(String),
    /// Settings that name no file of shapes.
    #[error(
        "`{pattern}` of graph.shapes names no file below {root}\nhint: paths begin at the knowledge base, and `*` may stand in the file name"
    )]
    NoShapes {
        /// What the settings say.
        pattern: String,
        /// The knowledge base.
        root: PathBuf,
    },
    /// Too few pictures are held back for a comparison.
    #[error(
        "expected at least {least} held-back pictures to compare on, found {found}\nhint: give more pictures, or hold back a larger share"
    )]
    HeldBack {
        /// Pictures found.
        found: usize,
        /// Fewest that are compared on.
        least: usize,
    },
    /// The settings file cannot be changed.
    #[error("{path} cannot be changed: {reason}")]
    Settings {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An adapted space cannot be used.
    #[error(transparent)]
    Adapted(#[from] crate::embed::AdaptedError),
    /// No head can be learned.
    #[error(transparent)]
    Learn(#[from] crate::adapt::LearnError),
    /// No calibration can be learned.
    #[error(transparent)]
    Calibration(#[from] crate::model::CalibrationError),
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// A rule of the policy refuses a question.
    #[error(
        "{message}\nhint: the rule `{rule}` of the policy refuses this question; it is recorded as {answer}"
    )]
    Refused {
        /// What the rule says.
        message: String,
        /// Its name.
        rule: String,
        /// Name of the record.
        answer: String,
    },
    /// A question that no rule refuses was to be refused.
    #[error("no rule of the policy refuses this question")]
    NotRefused,
    /// An answer that waits for nothing.
    #[error(
        "no answer `{0}` waits for approval or waited for it\nhint: `veritrail review --of answers` lists those that wait"
    )]
    NotHeld(String),
    /// The policy is wrong.
    #[error(transparent)]
    Policy(#[from] crate::govern::PolicyError),
    /// The graph failed.
    #[error(transparent)]
    Graph(#[from] crate::graph::GraphError),
    /// Shapes cannot be used.
    #[error(transparent)]
    Shapes(#[from] crate::shapes::ShapesError),
    /// The vectors failed.
    #[error(transparent)]
    Vectors(#[from] crate::index::VectorStoreError),
    /// The word index failed.
    #[error(transparent)]
    Lexical(#[from] crate::index::LexicalError),
    /// The neighbour graph failed.
    #[error(transparent)]
    Hnsw(#[from] crate::index::HnswError),
    /// The gazetteer failed.
    #[error(transparent)]
    Gazetteer(#[from] crate::extract::GazetteerError),
    /// Retrieval failed.
    #[error(transparent)]
    Retrieve(#[from] crate::retrieve::RetrieveError),
    /// The source folder cannot be read.
    #[error(transparent)]
    Scan(#[from] crate::ingest::ScanError),
    /// The model failed.
    #[error(transparent)]
    Embed(#[from] crate::embed::EmbedError),
    /// A picture that was taken apart before cannot be decoded now.
    #[error("a picture cannot be embedded")]
    Picture(#[from] crate::picture::PictureError),
    /// The language model's settings cannot be used.
    #[error(transparent)]
    Llm(#[from] crate::llm::SetupError),
    /// There is no language model to ask.
    #[error("no language model is set\nhint: set llm.base_url or OPENAI_BASE_URL")]
    NoLanguageModel,
    /// The language model failed where nothing stands in for it.
    #[error(transparent)]
    Generate(#[from] crate::llm::GenerateError),
    /// A term of the settings that cannot stand in the graph.
    #[error(
        "`{0}` of extract.llm is no IRI; expected one such as `http://purl.org/dc/terms/requires`"
    )]
    TermIri(String),
    /// More terms than a prompt can list.
    #[error(transparent)]
    Terms(#[from] crate::extract::TooManyTerms),
    /// The runtime for network calls cannot start.
    #[error("the runtime for network calls cannot start")]
    Runtime(#[source] io::Error),
    /// A model of which entities are the same cannot be used.
    #[error(transparent)]
    MatchModel(#[from] crate::resolve::MatchModelError),
    /// The file of learned weights cannot be used.
    #[error(
        "{path} cannot be used; remove it, or learn the weights again with `veritrail entity learn`"
    )]
    MatchModelFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: crate::resolve::MatchModelError,
    },
    /// A claim that nobody made.
    #[error(
        "there is no merge `{}`\nhint: `veritrail review --of merges` lists those that wait for a decision", .0.name()
    )]
    NoMerge(crate::model::MergeId),
    /// A name that no entity has.
    #[error(
        "expected the IRI or a label of an entity, found `{0}`, which is neither\nhint: `veritrail sparql` lists entities: SELECT ?label {{ ?entity skos:prefLabel ?label }}"
    )]
    NoEntity(String),
    /// A label that several entities have.
    #[error("`{name}` names several entities; name one by its IRI: {found}")]
    SeveralEntities {
        /// The label.
        name: String,
        /// IRIs of those that have it.
        found: String,
    },
    /// An entity cannot be merged with itself.
    #[error("expected two entities, found `{0}` twice")]
    OneEntity(String),
    /// No weights for entities can be learned.
    #[error(transparent)]
    LearnMatch(#[from] crate::resolve::LearnMatchError),
    /// The data set cannot be read.
    #[error(transparent)]
    Dataset(#[from] crate::eval::DatasetError),
}

/// Attaches an operation and a path to an error of the system.
pub(super) fn io_error<'p>(
    doing: &'static str,
    path: &'p std::path::Path,
) -> impl Fn(io::Error) -> EngineError + 'p {
    move |source| EngineError::Io { doing, path: path.to_owned(), source }
}
