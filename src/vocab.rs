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
/// Prefix of what people think of answers.
pub const FEEDBACK_PREFIX: &str = "urn:veritrail:feedback:";
/// Prefix of decisions of people.
pub const DECISION_PREFIX: &str = "urn:veritrail:decision:";
/// Start of the IRI of an alert about drift.
pub const DRIFT_PREFIX: &str = "urn:veritrail:drift:";
/// Prefix of generation IRIs.
pub const GENERATION_PREFIX: &str = "urn:veritrail:generation:";
/// Prefix of answer IRIs, which name the graph of the answer.
pub const GOLDEN_PREFIX: &str = "urn:veritrail:golden:";
/// Answers.
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
/// Prefix of canaries: generations that answer a share of the questions.
pub const CANARY_PREFIX: &str = "urn:veritrail:activity:canary:";
/// Prefix of statements of texts.
pub const STATEMENT_PREFIX: &str = "urn:veritrail:statement:";
/// Prefix of the activities of asking a language model about a fragment.
pub const EXTRACTION_PREFIX: &str = "urn:veritrail:activity:extract:";
/// Prefix of the activities of erasing words from answer records.
pub const ERASURE_PREFIX: &str = "urn:veritrail:activity:erase:";
/// Prefix of seals of records; their place in the chain follows.
pub const SEAL_PREFIX: &str = "urn:veritrail:seal:";
/// Prefix of policies, by the digest of their text.
pub const POLICY_PREFIX: &str = "urn:veritrail:policy:";
/// Prefix of settings that answers were made with, by the digest of their text.
pub const PARAMETERS_PREFIX: &str = "urn:veritrail:parameters:";
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
/// Graph that holds the seals of records.
pub const GRAPH_AUDIT: &str = "urn:veritrail:graph:audit";
/// Graph that holds which pictures are nearly the same, as of the last publishing.
pub const GRAPH_NEAR_DUPLICATES: &str = "urn:veritrail:graph:near-duplicates";
/// Graph that holds which entities stand together in sentences, as of the last publishing.
pub const GRAPH_CO_OCCURRENCES: &str = "urn:veritrail:graph:co-occurrences";
/// Prefix of graphs that hold imported RDF, one per document version.
pub const GRAPH_IMPORTED_PREFIX: &str = "urn:veritrail:graph:imported:";

/// The unnamed graph, where a change of it is recorded.
pub const GRAPH_UNNAMED: &str = "urn:veritrail:graph:unnamed";
/// How all names begin that only the program gives.
pub const RESERVED_PREFIX: &str = "urn:veritrail:";

/// Whether only the program may give this name.
pub fn is_reserved(iri: &str) -> bool {
    iri.starts_with(RESERVED_PREFIX) || iri.starts_with("https://w3id.org/veritrail/")
}

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
mod service;
mod shacl;
mod veritrail;

pub use annotation::{foaf, oa};
pub use photo::{exif, geo};
pub use service::{formats, sd};
pub use shacl::sh;
pub use veritrail::vt;

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
    ("sd", sd::NAMESPACE),
];
