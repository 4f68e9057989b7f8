//! The terms in which a SPARQL endpoint describes itself.

terms! {
    /// SPARQL 1.1 Service Description.
    sd = "http://www.w3.org/ns/sparql-service-description#" {
        /// A SPARQL endpoint.
        SERVICE = "Service";
        /// Where it is asked.
        ENDPOINT = "endpoint";
        /// A language that it understands.
        SUPPORTED_LANGUAGE = "supportedLanguage";
        /// Queries of SPARQL 1.1.
        SPARQL_11_QUERY = "SPARQL11Query";
        /// Updates of SPARQL 1.1.
        SPARQL_11_UPDATE = "SPARQL11Update";
        /// Something that it does.
        FEATURE = "feature";
        /// The default graph is the union of all graphs.
        UNION_DEFAULT_GRAPH = "UnionDefaultGraph";
        /// A format in which it answers.
        RESULT_FORMAT = "resultFormat";
        /// What is asked when nothing is named.
        DEFAULT_DATASET = "defaultDataset";
        /// A data set.
        DATASET = "Dataset";
        /// The default graph of a data set.
        DEFAULT_GRAPH = "defaultGraph";
        /// A graph.
        GRAPH = "Graph";
    }
}

terms! {
    /// Formats, as the W3C names them.
    formats = "http://www.w3.org/ns/formats/" {
        /// Results as JSON.
        RESULTS_JSON = "SPARQL_Results_JSON";
        /// Results as XML.
        RESULTS_XML = "SPARQL_Results_XML";
        /// Results as comma-separated values.
        RESULTS_CSV = "SPARQL_Results_CSV";
        /// Results as tab-separated values.
        RESULTS_TSV = "SPARQL_Results_TSV";
        /// Turtle.
        TURTLE = "Turtle";
        /// TriG.
        TRIG = "TriG";
        /// N-Triples.
        N_TRIPLES = "N-Triples";
        /// N-Quads.
        N_QUADS = "N-Quads";
        /// RDF/XML.
        RDF_XML = "RDF_XML";
        /// JSON-LD.
        JSON_LD = "JSON-LD";
    }
}
