//! The terms of SHACL.

terms! {
    /// SHACL, the shapes constraint language: its core.
    sh = "http://www.w3.org/ns/shacl#" {
        /// The outcome of a validation.
        VALIDATION_REPORT = "ValidationReport";
        /// One finding.
        VALIDATION_RESULT = "ValidationResult";
        /// Whether nothing was found.
        CONFORMS = "conforms";
        /// Finding of a report.
        RESULT = "result";
        /// The node that was checked.
        FOCUS_NODE = "focusNode";
        /// The path that was followed.
        RESULT_PATH = "resultPath";
        /// The value that is wrong.
        VALUE = "value";
        /// What was expected.
        RESULT_MESSAGE = "resultMessage";
        /// How bad a finding is.
        RESULT_SEVERITY = "resultSeverity";
        /// The shape that was not met.
        SOURCE_SHAPE = "sourceShape";
        /// The kind of constraint that was not met.
        SOURCE_CONSTRAINT_COMPONENT = "sourceConstraintComponent";
        /// The data is wrong.
        VIOLATION = "Violation";
        /// The data is probably wrong.
        WARNING = "Warning";
        /// The data may be better.
        INFO = "Info";
        /// A shape of nodes.
        NODE_SHAPE = "NodeShape";
        /// A shape of values.
        PROPERTY_SHAPE = "PropertyShape";
        /// Instances of a class are checked.
        TARGET_CLASS = "targetClass";
        /// A node is checked.
        TARGET_NODE = "targetNode";
        /// Subjects of a property are checked.
        TARGET_SUBJECTS_OF = "targetSubjectsOf";
        /// Objects of a property are checked.
        TARGET_OBJECTS_OF = "targetObjectsOf";
        /// From the node to the values.
        PATH = "path";
        /// A path the other way round.
        INVERSE_PATH = "inversePath";
        /// One of several paths.
        ALTERNATIVE_PATH = "alternativePath";
        /// A path any number of times.
        ZERO_OR_MORE_PATH = "zeroOrMorePath";
        /// A path at least once.
        ONE_OR_MORE_PATH = "oneOrMorePath";
        /// A path at most once.
        ZERO_OR_ONE_PATH = "zeroOrOnePath";
        /// How bad it is not to meet a shape.
        SEVERITY = "severity";
        /// What a shape expects, in words.
        MESSAGE = "message";
        /// Whether a shape is out of use.
        DEACTIVATED = "deactivated";
        /// Values are instances of a class.
        CLASS = "class";
        /// Values are literals of a datatype.
        DATATYPE = "datatype";
        /// Values are IRIs, blank nodes or literals.
        NODE_KIND = "nodeKind";
        /// IRIs.
        IRI = "IRI";
        /// Blank nodes.
        BLANK_NODE = "BlankNode";
        /// Literals.
        LITERAL = "Literal";
        /// No literals.
        BLANK_NODE_OR_IRI = "BlankNodeOrIRI";
        /// No IRIs.
        BLANK_NODE_OR_LITERAL = "BlankNodeOrLiteral";
        /// No blank nodes.
        IRI_OR_LITERAL = "IRIOrLiteral";
        /// Fewest values.
        MIN_COUNT = "minCount";
        /// Most values.
        MAX_COUNT = "maxCount";
        /// Values are greater.
        MIN_EXCLUSIVE = "minExclusive";
        /// Values are not less.
        MIN_INCLUSIVE = "minInclusive";
        /// Values are less.
        MAX_EXCLUSIVE = "maxExclusive";
        /// Values are not greater.
        MAX_INCLUSIVE = "maxInclusive";
        /// Fewest code points.
        MIN_LENGTH = "minLength";
        /// Most code points.
        MAX_LENGTH = "maxLength";
        /// A regular expression that values match.
        PATTERN = "pattern";
        /// Flags of a regular expression.
        FLAGS = "flags";
        /// Languages of values.
        LANGUAGE_IN = "languageIn";
        /// At most one value for each language.
        UNIQUE_LANG = "uniqueLang";
        /// The same values as another property.
        EQUALS = "equals";
        /// No value of another property.
        DISJOINT = "disjoint";
        /// Less than the values of another property.
        LESS_THAN = "lessThan";
        /// Not greater than the values of another property.
        LESS_THAN_OR_EQUALS = "lessThanOrEquals";
        /// A shape that values do not meet.
        NOT = "not";
        /// Shapes that values meet all.
        AND = "and";
        /// Shapes of which values meet one at least.
        OR = "or";
        /// Shapes of which values meet exactly one.
        XONE = "xone";
        /// A shape that values meet.
        NODE = "node";
        /// A shape that the values of values meet.
        PROPERTY = "property";
        /// A shape that some values meet.
        QUALIFIED_VALUE_SHAPE = "qualifiedValueShape";
        /// Fewest values that meet it.
        QUALIFIED_MIN_COUNT = "qualifiedMinCount";
        /// Most values that meet it.
        QUALIFIED_MAX_COUNT = "qualifiedMaxCount";
        /// Whether values count for one such shape only.
        QUALIFIED_VALUE_SHAPES_DISJOINT = "qualifiedValueShapesDisjoint";
        /// Whether other properties are refused.
        CLOSED = "closed";
        /// Properties that are not refused.
        IGNORED_PROPERTIES = "ignoredProperties";
        /// A value that must be there.
        HAS_VALUE = "hasValue";
        /// The values that are allowed.
        IN = "in";
        /// Name for people.
        NAME = "name";
        /// Description for people.
        DESCRIPTION = "description";
        /// Position in a form.
        ORDER = "order";
        /// Group in a form.
        GROUP = "group";
        /// Value to begin with.
        DEFAULT_VALUE = "defaultValue";
    }
}
