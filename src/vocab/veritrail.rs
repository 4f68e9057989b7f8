//! The terms of `ontology/veritrail.ttl`.

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
        /// A change that a person or program made to graphs of users.
        GRAPH_UPDATE = "GraphUpdate";
        /// The request that changed graphs, word by word.
        UPDATE_TEXT = "updateText";
        /// SHA-256 of the request that changed graphs.
        UPDATE_SHA256 = "updateSha256";
        /// A graph that a change touched.
        CHANGED_GRAPH = "changedGraph";
        /// Quads that a change added.
        N_INSERTED = "insertedCount";
        /// Quads that a change took away.
        N_REMOVED = "removedCount";
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
        /// Who may see a document, or what the evidence of an answer has.
        ACCESS_LABEL = "accessLabel";
        /// What somebody who asked or changed something is here for.
        ROLE = "role";
        /// An access label of what somebody who asked could see; none for every label.
        SEES_LABEL = "seesLabel";
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
        /// Score of evidence that was found by similar vectors.
        DENSE_SCORE = "denseScore";
        /// Its rank there, from 1.
        DENSE_RANK = "denseRank";
        /// Score of evidence that was found by shared words.
        LEXICAL_SCORE = "lexicalScore";
        /// Its rank there, from 1.
        LEXICAL_RANK = "lexicalRank";
        /// Score of evidence that was found by the walk over the graph.
        GRAPH_SCORE = "graphScore";
        /// Its rank there, from 1.
        GRAPH_RANK = "graphRank";
        /// Score of evidence that was found by a rare name shared with a good hit.
        BRIDGE_SCORE = "bridgeScore";
        /// Its rank there, from 1.
        BRIDGE_RANK = "bridgeRank";
        /// Score of evidence that was found by the same picture.
        PICTURE_SCORE = "pictureScore";
        /// Its rank there, from 1.
        PICTURE_RANK = "pictureRank";
        /// Score of evidence that was found by nearly the same picture.
        NEAR_PICTURE_SCORE = "nearPictureScore";
        /// Its rank there, from 1.
        NEAR_PICTURE_RANK = "nearPictureRank";
        /// Score of evidence that was found by a picture in a shared space.
        VISUAL_SCORE = "visualScore";
        /// Its rank there, from 1.
        VISUAL_RANK = "visualRank";
        /// The walk that reached evidence, in words.
        GRAPH_PATH = "graphPath";
        /// The activity of taking out a document for good.
        DELETION = "Deletion";
        /// Questions whose answers are known.
        GOLDEN_SET = "GoldenSet";
        /// How many questions a golden set has.
        N_QUESTIONS = "nQuestions";
        /// The activity of asking a generation a golden set.
        EVALUATION = "Evaluation";
        /// The generation that was asked.
        EVALUATED = "evaluated";
        /// Mean share of the relevant documents among the first five.
        RECALL_AT_5 = "recallAt5";
        /// Mean normalised discounted cumulative gain of the first ten.
        NDCG_AT_10 = "ndcgAt10";
        /// What the gate said: `pass` or `fail`.
        GATE_VERDICT = "gateVerdict";
        /// The activity of making a generation the one that answers.
        PROMOTION = "Promotion";
        /// The generation that answers from a promotion on.
        PROMOTED = "promoted";
        /// The generation that answered until a promotion.
        REPLACED = "replaced";
        /// What a generation has of its own, as JSON.
        SETUP_JSON = "setupJson";
        /// The activity of letting a generation answer a share of the questions.
        CANARY = "Canary";
        /// The generation that answers the share.
        TRIED = "tried";
        /// The generation that answers the rest.
        TRIED_AGAINST = "triedAgainst";
        /// Share of the askers.
        CANARY_SHARE = "canaryShare";
        /// How a canary ended.
        CANARY_OUTCOME = "canaryOutcome";
        /// Who ended a canary.
        CANARY_ENDED_BY = "canaryEndedBy";
        /// Counts of both arms when a canary ended, as JSON.
        CANARY_MEASURED = "canaryMeasured";
        /// The canary during which an answer was given.
        IN_CANARY = "inCanary";
        /// `canary` or `current`.
        CANARY_ARM = "canaryArm";
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
        /// Milliseconds of reading the question.
        PLAN_MS = "planMs";
        /// Milliseconds of embedding the question.
        EMBED_MS = "embedMs";
        /// Milliseconds of looking for near vectors.
        DENSE_MS = "denseMs";
        /// Milliseconds of looking for words.
        LEXICAL_MS = "lexicalMs";
        /// Milliseconds of the walk over the graph.
        EXPAND_MS = "expandMs";
        /// Milliseconds of making one ranking of all.
        FUSE_MS = "fuseMs";
        /// Milliseconds of putting the evidence together.
        ASSEMBLE_MS = "assembleMs";
        /// Milliseconds of waiting for the language model.
        LLM_MS = "llmMs";
        /// Milliseconds of choosing what is quoted.
        QUOTE_MS = "quoteMs";
        /// Milliseconds of checking sentences against what they cite.
        VERIFY_MS = "verifyMs";
        /// Milliseconds of writing the record.
        RECORD_MS = "recordMs";
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
        /// What a person thinks of an answer.
        FEEDBACK = "Feedback";
        /// The answer that feedback is about.
        JUDGES = "judges";
        /// What feedback says of an answer in one word.
        OPINION = "opinion";
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
        /// A follow-up question as it stands alone.
        RESOLVED_QUESTION = "resolvedQuestion";
        /// What made a follow-up question stand alone.
        RESOLVED_BY = "resolvedBy";
        /// For whom a principal asked, as their client said.
        ASKS_FOR = "asksFor";
        /// What proves a record and its place among the others.
        SEAL = "Seal";
        /// What a seal proves.
        SEALS = "seals";
        /// Place of a seal in the chain, from 1.
        SEQUENCE = "sequence";
        /// SHA-256 of the canonical text of what is sealed.
        CONTENT_SHA256 = "contentSha256";
        /// Digest of the seal before.
        PREVIOUS_SHA256 = "previousSha256";
        /// Digest of the last checkpoint.
        CHECKPOINT_SHA256 = "checkpointSha256";
        /// Digest of all that a seal says.
        SEAL_SHA256 = "sealSha256";
        /// Ed25519 signature of the digest of a seal by the key of the site.
        SIGNATURE = "signature";
        /// Secrets behind the commitments to words that may be erased.
        SALTS = "salts";
        /// Whether a record is older than the sealing of records.
        ADOPTED = "adopted";
        /// The activity of erasing words from the record of an answer.
        ERASURE = "Erasure";
        /// The answer from whose record words were erased.
        ERASED_ANSWER = "erasedAnswer";
        /// Number of texts that were erased.
        N_ERASED = "erasedCount";
        /// Settings that answers are made with.
        PARAMETERS = "Parameters";
        /// Settings as JSON.
        PARAMETERS_JSON = "parametersJson";
        /// Stages of retrieval that a question went through.
        RETRIEVAL_MODE = "retrievalMode";
        /// Number of hits that were looked for.
        N_HITS_WANTED = "hitsWanted";
        /// Rules about questions and answers.
        POLICY = "Policy";
        /// Rules about questions and answers, word by word.
        POLICY_TEXT = "policyText";
        /// The activity of putting another policy in force, or none.
        POLICY_CHANGE = "PolicyChange";
        /// The policy that is in force from a change on.
        PUT_IN_FORCE = "putInForce";
        /// The policy that was in force until a change.
        REPLACED_POLICY = "replacedPolicy";
        /// A rule of the policy that had an effect on an answer.
        APPLIED_RULE = "AppliedRule";
        /// To a rule of the policy that had an effect.
        DECIDED_BY = "decidedBy";
        /// What a rule of the policy did.
        EFFECT = "effect";
        /// To how many hits, sentences or answers a rule did it.
        N_AFFECTED = "affectedCount";
        /// Words that a rule put below an answer.
        DISCLAIMER = "disclaimer";
        /// The rule by which an answer waits for approval.
        HELD_BY = "heldBy";
        /// Number of sentences that rules withheld.
        N_WITHHELD = "withheldCount";
        /// The activity of comparing what is asked and known now with before.
        DRIFT_MEASUREMENT = "DriftMeasurement";
        /// Number of tests and looks that raised an alarm.
        N_ALARMS = "alarmCount";
        /// Something that drifted.
        DRIFT_ALERT = "DriftAlert";
        /// What drifted.
        DRIFT_OF = "driftOf";
        /// By what something is measured.
        MEASURE = "measure";
        /// What a measure says, as a number.
        STATISTIC = "statistic";
        /// Probability of something at least as far off by chance.
        P_VALUE = "pValue";
    }
}
