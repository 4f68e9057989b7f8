//! Every IRI that Veritrail writes or reads, as constants.
//!
//! `vt` terms are defined in `ontology/veritrail.ttl`; `tests/vocabulary.rs`
//! checks that each constant below is defined there and the other way round.

/// Namespace of the ontology.
pub const NAMESPACE: &str = "https://w3id.org/veritrail/ns#";

/// Prefix of document IRIs; what follows is the percent-encoded source path or id.
pub const DOCUMENT_PREFIX: &str = "urn:veritrail:document:";
/// Prefix of document version IRIs, which name the graph of the version.
pub const VERSION_PREFIX: &str = "urn:veritrail:version:";
/// Prefix of fragment IRIs.
pub const FRAGMENT_PREFIX: &str = "urn:veritrail:fragment:";
/// Prefix of mention IRIs.
pub const MENTION_PREFIX: &str = "urn:veritrail:mention:";
/// Prefix of pairs of entities that stand together in sentences.
pub const CO_OCCURRENCE_PREFIX: &str = "urn:veritrail:co-occurrence:";
/// Prefix of dates and quantities in texts.
pub const VALUE_PREFIX: &str = "urn:veritrail:value:";
/// Prefix of relation IRIs.
pub const RELATION_PREFIX: &str = "urn:veritrail:relation:";
/// Prefix of entities that are known by a label only.
pub const ENTITY_PREFIX: &str = "urn:veritrail:entity:";
/// Prefix of depiction IRIs.
pub const DEPICTION_PREFIX: &str = "urn:veritrail:depiction:";
/// Prefix of claims that two entities are one thing.
pub const MERGE_PREFIX: &str = "urn:veritrail:merge:";
/// Prefix of labels that have a vector, by the digest of their text.
pub const LABEL_PREFIX: &str = "urn:veritrail:label:";
/// Prefix of decisions of people.
pub const DECISION_PREFIX: &str = "urn:veritrail:decision:";
/// Prefix of generation IRIs.
pub const GENERATION_PREFIX: &str = "urn:veritrail:generation:";
/// Prefix of answer IRIs, which name the graph of the answer.
pub const ANSWER_PREFIX: &str = "urn:veritrail:answer:";
/// Prefix of embedding space IRIs.
pub const SPACE_PREFIX: &str = "urn:veritrail:space:";
/// Prefix of records: rows of tables and objects of JSON.
pub const RECORD_PREFIX: &str = "urn:veritrail:record:";
/// Prefix of properties of records that no mapping names.
pub const PROPERTY_PREFIX: &str = "urn:veritrail:property:";
/// Prefix of classes of records that no mapping names.
pub const CLASS_PREFIX: &str = "urn:veritrail:class:";
/// Prefix of IRIs for bytes known by their SHA-256: originals, model files, prompts.
pub const BYTES_PREFIX: &str = "urn:veritrail:sha256:";
/// Prefix of activities: ingests and the making of answers.
pub const ACTIVITY_PREFIX: &str = "urn:veritrail:activity:";
/// Prefix of statements of texts.
pub const STATEMENT_PREFIX: &str = "urn:veritrail:statement:";
/// Prefix of the activities of asking a language model about a fragment.
pub const EXTRACTION_PREFIX: &str = "urn:veritrail:activity:extract:";
/// Prefix of agents: people, the program, language models.
pub const AGENT_PREFIX: &str = "urn:veritrail:agent:";

/// The context that metadata of CSV on the Web names.
pub const CSVW_CONTEXT: &str = "http://www.w3.org/ns/csvw";
/// The name property of schema.org as older data writes it.
pub const SCHEMA_HTTP_NAME: &str = "http://schema.org/name";

/// The standard that boxes in pictures follow: W3C Media Fragments.
pub const MEDIA_FRAGMENTS: &str = "http://www.w3.org/TR/media-frags/";

/// Graph that holds the ontology.
pub const GRAPH_ONTOLOGY: &str = "urn:veritrail:graph:ontology";
/// Graph that holds canonical entities and their labels.
pub const GRAPH_ENTITIES: &str = "urn:veritrail:graph:entities";
/// Graph that holds what pictures show.
pub const GRAPH_DEPICTIONS: &str = "urn:veritrail:graph:depictions";
/// Graph that holds generations, spaces, models and decisions.
pub const GRAPH_GOVERNANCE: &str = "urn:veritrail:graph:governance";
/// Graph that holds which pictures are nearly the same, as of the last publishing.
pub const GRAPH_NEAR_DUPLICATES: &str = "urn:veritrail:graph:near-duplicates";
/// Graph that holds which entities stand together in sentences, as of the last publishing.
pub const GRAPH_CO_OCCURRENCES: &str = "urn:veritrail:graph:co-occurrences";
/// Prefix of graphs that hold imported RDF, one per document version.
pub const GRAPH_IMPORTED_PREFIX: &str = "urn:veritrail:graph:imported:";

macro_rules! terms {
    ($(#[$doc:meta])* $module:ident = $namespace:literal { $($(#[$term_doc:meta])* $name:ident = $local:literal;)* }) => {
        $(#[$doc])*
        pub mod $module {
            /// The namespace.
            pub const NAMESPACE: &str = $namespace;
            $($(#[$term_doc])* pub const $name: &str = concat!($namespace, $local);)*
            /// Every term listed here.
            pub const ALL: &[&str] = &[$($name),*];
        }
    };
}

terms! {
    /// Veritrail's own terms.
    vt = "https://w3id.org/veritrail/ns#" {
        /// A source document, whatever its version.
        DOCUMENT = "Document";
        /// One state of a document's bytes.
        DOCUMENT_VERSION = "DocumentVersion";
        /// A part of a document version that is embedded, retrieved and cited.
        FRAGMENT = "Fragment";
        /// A fragment of text.
        CHUNK = "Chunk";
        /// A fragment that is a picture.
        PICTURE = "Picture";
        /// Words that stand together in a picture.
        TEXT_LINE = "TextLine";
        /// Lines of text in a picture.
        HAS_TEXT_LINE = "hasTextLine";
        /// A stretch of text that leads to another document.
        LINK = "Link";
        /// The fragment in which a link or a value stands.
        STANDS_IN = "standsIn";
        /// The document to which a link leads.
        LINKS_TO = "linksTo";
        /// An annotation that says which entity a stretch of text names.
        MENTION = "Mention";
        /// A statement that a text makes about an entity.
        RELATION = "Relation";
        /// What a text says that something is.
        IS_A = "isA";
        /// Two entities that sentences name together more often than chance.
        CO_OCCURRENCE = "CoOccurrence";
        /// An entity of a co-occurrence.
        CO_OCCURRING = "coOccurring";
        /// An entity that stands in the same sentences.
        CO_OCCURS_WITH = "coOccursWith";
        /// How strongly two entities belong together, from 0 to 1.
        WEIGHT = "weight";
        /// Number of different sentences.
        N_SENTENCES = "sentenceCount";
        /// A node of the knowledge graph.
        ENTITY = "Entity";
        /// An entity that is the subject of a document.
        TOPIC = "Topic";
        /// A document that defines a term.
        GLOSSARY_ENTRY = "GlossaryEntry";
        /// An entity that a glossary defines.
        TERM = "Term";
        /// An entity named by a heading.
        HEADING = "Heading";
        /// An entity that imported RDF describes.
        RESOURCE = "Resource";
        /// An entity named by a part number, error code or the like.
        IDENTIFIER = "Identifier";
        /// An entity known by a proper name only.
        PROPER_NAME = "ProperName";
        /// An entity named by words that keep standing together.
        PHRASE = "Phrase";
        /// The address of a page or a mailbox.
        ADDRESS = "Address";
        /// A line for a shell.
        COMMAND = "Command";
        /// A date or a quantity in a text.
        VALUE_MENTION = "ValueMention";
        /// The unit of a quantity, as it is written.
        UNIT = "unit";
        /// The activity of taking in one document version.
        INGEST = "Ingest";
        /// The activity of answering a question.
        ANSWERING = "Answering";
        /// The activity of asking a language model what a fragment states.
        EXTRACTION = "Extraction";
        /// What a fragment states, by a language model, in words of the fragment.
        STATEMENT = "Statement";
        /// Property in which a statement is made.
        PREDICATE = "predicate";
        /// Words that name the subject of a statement.
        SUBJECT_TEXT = "subjectText";
        /// First code point of the subject's words.
        SUBJECT_START = "subjectStart";
        /// Code point after the subject's words.
        SUBJECT_END = "subjectEnd";
        /// Class of the subject of a statement.
        SUBJECT_CLASS = "subjectClass";
        /// Words that name the object of a statement.
        OBJECT_TEXT = "objectText";
        /// Words that are the object of a statement.
        OBJECT_VALUE = "objectValue";
        /// First code point of the object's words.
        OBJECT_START = "objectStart";
        /// Code point after the object's words.
        OBJECT_END = "objectEnd";
        /// Class of the object of a statement.
        OBJECT_CLASS = "objectClass";
        /// Tokens of prompts.
        PROMPT_TOKENS = "promptTokens";
        /// Tokens of outputs.
        OUTPUT_TOKENS = "outputTokens";
        /// Whether tokens were counted by the server or estimated.
        TOKEN_COUNT = "tokenCount";
        /// How many statements were left out, and why.
        REJECTED = "rejected";
        /// A published state of corpus, indexes and projection.
        GENERATION = "Generation";
        /// An embedding space.
        SPACE = "Space";
        /// A question that was asked.
        QUESTION = "Question";
        /// An answer that was given.
        ANSWER = "Answer";
        /// A sentence of an answer.
        SENTENCE = "Sentence";
        /// A fragment put before the answerer.
        EVIDENCE = "Evidence";
        /// A quoted stretch of evidence.
        CITATION = "Citation";
        /// Score and rank of evidence on one route.
        ROUTE_SCORE = "RouteScore";
        /// Source path or given id.
        SOURCE = "source";
        /// SHA-256 of bytes, hexadecimal.
        SHA256 = "sha256";
        /// SHA-256 of the extracted text, hexadecimal.
        TEXT_SHA256 = "textSha256";
        /// Size in bytes.
        SIZE_BYTES = "sizeBytes";
        /// Who may see a document.
        ACCESS_LABEL = "accessLabel";
        /// Digest of the ingest settings that shaped the fragments.
        RECIPE = "recipe";
        /// Digest of the mentions found in a document version.
        MENTIONS_SHA256 = "mentionsSha256";
        /// Digest of the relations found in a document version.
        RELATIONS_SHA256 = "relationsSha256";
        /// Position in a sequence, from 0.
        ORDINAL = "ordinal";
        /// The exact text.
        TEXT = "text";
        /// First code point of a span.
        START = "start";
        /// Code point after a span.
        END = "end";
        /// Headings above a fragment, outermost first, joined by ` > `.
        SECTION = "section";
        /// The page, from 1, on which a fragment begins.
        PAGE = "page";
        /// The space in which a fragment has a vector.
        EMBEDDED_IN = "embeddedIn";
        /// The picture file whose pixels a picture fragment shows.
        PICTURE_FILE = "pictureFile";
        /// Alternative text of a picture.
        ALTERNATIVE_TEXT = "alternativeText";
        /// Width in pixels.
        WIDTH_PX = "widthPx";
        /// Height in pixels.
        HEIGHT_PX = "heightPx";
        /// EXIF orientation, 1 to 8.
        ORIENTATION = "orientation";
        /// SHA-256 of the upright pixels with their width and height.
        PIXELS_SHA256 = "pixelsSha256";
        /// Hash of the lowest frequencies of a picture, 16 hexadecimal digits.
        PERCEPTUAL_HASH = "perceptualHash";
        /// Colours of a picture in 8 x 8 places, as hexadecimal red, green and blue.
        COLOUR_GRID = "colourGrid";
        /// A document whose picture looks nearly the same.
        NEAR_DUPLICATE_OF = "nearDuplicateOf";
        /// A part of a large picture, named by its box.
        REGION = "Region";
        /// The picture of which a region is part.
        REGION_OF = "regionOf";
        /// The part of a picture that evidence shows, as a W3C media fragment.
        EVIDENCE_REGION = "evidenceRegion";
        /// A colour that covers much of a picture.
        HAS_COLOUR = "hasColour";
        /// A colour and how much of a picture it covers.
        COLOUR_SHARE = "ColourShare";
        /// Basic name of a colour.
        COLOUR_NAME = "colourName";
        /// A colour as `#rrggbb` in sRGB.
        RGB = "rgb";
        /// Share of a whole, from 0 to 1.
        SHARE = "share";
        /// Model of the lens with which a picture was taken.
        LENS = "lens";
        /// How sure an extractor is, from 0 to 1.
        CONFIDENCE = "confidence";
        /// Name of the rule that made an assertion.
        RULE = "rule";
        /// Name of a model.
        MODEL = "model";
        /// Number of vector components.
        DIMENSION = "dimension";
        /// Pooling of token vectors.
        POOLING = "pooling";
        /// Preprocessing before a model.
        PREPROCESSING = "preprocessing";
        /// What a cosine means in a space that a generation searches.
        CALIBRATION = "calibration";
        /// Number of documents.
        N_DOCUMENTS = "documentCount";
        /// Number of fragments.
        N_FRAGMENTS = "fragmentCount";
        /// A space that a generation searches.
        SEARCHES = "searches";
        /// The generation that answered.
        ANSWERED_BY = "answeredBy";
        /// How an answer came about.
        MODE = "mode";
        /// Why an answer abstained or fell back.
        REASON = "reason";
        /// Citation number.
        NUMBER = "number";
        /// A number that orders hits; higher is better.
        SCORE = "score";
        /// Position on a route, from 1.
        RANK = "rank";
        /// Name of a retrieval route.
        ROUTE = "route";
        /// Route scores of evidence.
        FOUND_BY = "foundBy";
        /// The walk that reached evidence, in words.
        GRAPH_PATH = "graphPath";
        /// The activity of taking out a document for good.
        DELETION = "Deletion";
        /// The document that a deletion took out.
        DELETED_DOCUMENT = "deletedDocument";
        /// A version that a deletion took out.
        DELETED_VERSION = "deletedVersion";
        /// SHA-256 of the receipt of a deletion.
        RECEIPT_SHA256 = "receiptSha256";
        /// The folder or file from which a document version was taken in.
        TAKEN_FROM = "takenFrom";
        /// A rule that chose spaces of pictures for an answering.
        PICTURE_ROUTE = "pictureRoute";
        /// Evidence that was put before the answerer.
        HAS_EVIDENCE = "hasEvidence";
        /// Sentence of an answer.
        HAS_SENTENCE = "hasSentence";
        /// Sentence that was left out because its citations do not carry it.
        DROPPED_SENTENCE = "droppedSentence";
        /// Citation of a sentence.
        CITES = "cites";
        /// The fragment that evidence shows.
        FRAGMENT_OF_EVIDENCE = "evidenceFragment";
        /// The evidence that a citation quotes.
        CITED_EVIDENCE = "citedEvidence";
        /// Exactly quoted words.
        QUOTE = "quote";
        /// Verdict of the citation check.
        VERDICT = "verdict";
        /// Version of the prompt template.
        PROMPT_TEMPLATE = "promptTemplate";
        /// Digest of the whole prompt.
        PROMPT_SHA256 = "promptSha256";
        /// Sampling temperature.
        TEMPERATURE = "temperature";
        /// Unchecked output of a language model.
        RAW_OUTPUT = "rawOutput";
        /// Address of an API.
        BASE_URL = "baseUrl";
        /// Milliseconds.
        DURATION_MS = "durationMs";
        /// Timings by stage.
        HAS_TIMING = "hasTiming";
        /// Name of a stage.
        STAGE = "stage";
        /// A claim that a picture shows an entity.
        DEPICTION = "Depiction";
        /// A claim that two entities are one thing.
        MERGE = "Merge";
        /// An entity that is said to be one thing with another.
        MEMBER = "member";
        /// What speaks for or against a merge, as numbers.
        HAS_FEATURE = "hasFeature";
        /// One number that speaks for or against a merge.
        FEATURE = "Feature";
        /// What a person decided about a claim.
        DECISION = "Decision";
        /// Whether a claim counts.
        STATUS = "status";
        /// The claim that a decision is about.
        DECIDES = "decides";
        /// A label that has a vector in a space of pictures.
        LABEL = "Label";
        /// Probability from which a picture that may show the entity is put before a
        /// person.
        REVIEW_FROM = "reviewFrom";
        /// The service that searches by vector.
        SEARCH = "search";
        /// Text that a search looks for.
        QUERY = "query";
        /// Picture that a search looks for.
        IMAGE = "image";
        /// Number of hits of a search.
        K = "k";
        /// Space in which a search happens.
        SPACE_OF_SEARCH = "space";
        /// Calibrated probability of a hit or of an assertion.
        PROBABILITY = "probability";
        /// Digest of a question's picture.
        PICTURE_SHA256 = "pictureSha256";
    }
}

terms! {
    /// RDF.
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#" {
        /// Class membership.
        TYPE = "type";
        /// What a structure states.
        VALUE = "value";
        /// What a reified statement is about.
        SUBJECT = "subject";
        /// The property of a reified statement.
        PREDICATE = "predicate";
        /// The value of a reified statement.
        OBJECT = "object";
        /// First member of a list.
        FIRST = "first";
        /// The list behind the first member.
        REST = "rest";
        /// The empty list.
        NIL = "nil";
        /// A property.
        PROPERTY = "Property";
        /// Datatype of texts with a language.
        LANG_STRING = "langString";
    }
}

terms! {
    /// OWL.
    owl = "http://www.w3.org/2002/07/owl#" {
        /// A class.
        CLASS = "Class";
        /// A property whose objects are things.
        OBJECT_PROPERTY = "ObjectProperty";
        /// A property whose objects are values.
        DATATYPE_PROPERTY = "DatatypeProperty";
    }
}

terms! {
    /// RDF Schema.
    rdfs = "http://www.w3.org/2000/01/rdf-schema#" {
        /// Name for people.
        LABEL = "label";
        /// A class.
        CLASS = "Class";
        /// Description for people.
        COMMENT = "comment";
        /// A class whose instances are all instances of another.
        SUB_CLASS_OF = "subClassOf";
        /// Class of the subjects of a property.
        DOMAIN = "domain";
        /// Class or datatype of the objects of a property.
        RANGE = "range";
    }
}

terms! {
    /// XML Schema datatypes.
    xsd = "http://www.w3.org/2001/XMLSchema#" {
        /// Date and time.
        DATE_TIME = "dateTime";
        /// Whole number.
        INTEGER = "integer";
        /// Floating point number.
        DOUBLE = "double";
        /// Number with a decimal point.
        DECIMAL = "decimal";
        /// `true` or `false`.
        BOOLEAN = "boolean";
        /// Day.
        DATE = "date";
        /// Time of day.
        TIME = "time";
        /// Text.
        STRING = "string";
    }
}

terms! {
    /// PROV-O.
    prov = "http://www.w3.org/ns/prov#" {
        /// A thing with provenance.
        ENTITY = "Entity";
        /// Something that happened.
        ACTIVITY = "Activity";
        /// Who or what bears responsibility.
        AGENT = "Agent";
        /// A running program.
        SOFTWARE_AGENT = "SoftwareAgent";
        /// A named set of provenance descriptions.
        BUNDLE = "Bundle";
        /// Entity to activity.
        WAS_GENERATED_BY = "wasGeneratedBy";
        /// What ended it.
        WAS_INVALIDATED_BY = "wasInvalidatedBy";
        /// Entity to entity.
        WAS_DERIVED_FROM = "wasDerivedFrom";
        /// Activity to entity.
        USED = "used";
        /// Activity to agent.
        WAS_ASSOCIATED_WITH = "wasAssociatedWith";
        /// Entity to agent.
        WAS_ATTRIBUTED_TO = "wasAttributedTo";
        /// Begin of an activity.
        STARTED_AT_TIME = "startedAtTime";
        /// End of an activity.
        ENDED_AT_TIME = "endedAtTime";
        /// Text or number an entity stands for.
        VALUE = "value";
    }
}

terms! {
    /// SKOS.
    skos = "http://www.w3.org/2004/02/skos/core#" {
        /// Preferred label.
        PREF_LABEL = "prefLabel";
        /// Alternative label.
        ALT_LABEL = "altLabel";
        /// The same in every way that matters.
        EXACT_MATCH = "exactMatch";
        /// Similar enough to be proposed as the same.
        CLOSE_MATCH = "closeMatch";
        /// Definition.
        DEFINITION = "definition";
    }
}

terms! {
    /// Dublin Core terms.
    dcterms = "http://purl.org/dc/terms/" {
        /// Title.
        TITLE = "title";
        /// Another name.
        ALTERNATIVE = "alternative";
        /// Media type.
        FORMAT = "format";
        /// Language tag.
        LANGUAGE = "language";
        /// Version to document.
        IS_VERSION_OF = "isVersionOf";
        /// Fragment to version, and part to whole as a text states it.
        IS_PART_OF = "isPartOf";
        /// Whole to part.
        HAS_PART = "hasPart";
        /// Newer to older.
        REPLACES = "replaces";
        /// A thing to what it cannot do without.
        REQUIRES = "requires";
        /// Link from a fragment to a document.
        REFERENCES = "references";
        /// Description.
        DESCRIPTION = "description";
        /// The standard that a value follows.
        CONFORMS_TO = "conformsTo";
    }
}

terms! {
    /// schema.org.
    schema = "https://schema.org/" {
        /// Name.
        NAME = "name";
        /// Subject of a document.
        ABOUT = "about";
        /// Entity that a fragment names.
        MENTIONS = "mentions";
        /// Caption of a picture.
        CAPTION = "caption";
        /// Description.
        DESCRIPTION = "description";
        /// Alternative name.
        ALTERNATE_NAME = "alternateName";
        /// Who makes something.
        MANUFACTURER = "manufacturer";
        /// Where something is.
        LOCATION = "location";
        /// Who employs somebody.
        WORKS_FOR = "worksFor";
        /// A number or code by which something is known.
        IDENTIFIER = "identifier";
        /// A thing that is made.
        PRODUCT = "Product";
        /// A group of people.
        ORGANIZATION = "Organization";
        /// A human being.
        PERSON = "Person";
        /// A place.
        PLACE = "Place";
    }
}

mod annotation;
mod photo;
mod shacl;

pub use annotation::{foaf, oa};
pub use photo::{exif, geo};
pub use shacl::sh;

/// Prefixes that metadata of tables may use besides those of queries, by the
/// initial context of RDFa.
pub const TABLE_PREFIXES: &[(&str, &str)] = &[
    ("dc", dcterms::NAMESPACE),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("dcat", "http://www.w3.org/ns/dcat#"),
    ("org", "http://www.w3.org/ns/org#"),
    ("vcard", "http://www.w3.org/2006/vcard/ns#"),
];

/// Prefixes that every query may use without declaring them, and that output
/// is written with.
pub const PREFIXES: &[(&str, &str)] = &[
    ("vt", vt::NAMESPACE),
    ("rdf", rdf::NAMESPACE),
    ("rdfs", rdfs::NAMESPACE),
    ("xsd", xsd::NAMESPACE),
    ("prov", prov::NAMESPACE),
    ("skos", skos::NAMESPACE),
    ("dcterms", dcterms::NAMESPACE),
    ("schema", schema::NAMESPACE),
    ("oa", oa::NAMESPACE),
    ("exif", exif::NAMESPACE),
    ("geo", geo::NAMESPACE),
    ("foaf", foaf::NAMESPACE),
    ("sh", sh::NAMESPACE),
];
