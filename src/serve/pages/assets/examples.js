// Queries to start with. They run on every knowledge base.

export const EXAMPLES = [
  { name: "Documents and their labels", text: `SELECT ?document ?title ?label ?version WHERE {
  ?document a vt:Document ; dcterms:title ?title .
  ?version dcterms:isVersionOf ?document ; vt:accessLabel ?label .
}
ORDER BY ?title
LIMIT 100` },
  { name: "What is named most often", text: `SELECT ?thing ?name (COUNT(DISTINCT ?fragment) AS ?passages) WHERE {
  ?fragment schema:mentions ?thing .
  ?thing skos:prefLabel ?name .
}
GROUP BY ?thing ?name
ORDER BY DESC(?passages)
LIMIT 25` },
  { name: "What documents state", text: `SELECT ?subject ?property ?object ?said WHERE {
  ?relation a vt:Relation ;
    rdf:subject ?subject ; rdf:predicate ?property ; rdf:object ?object ;
    oa:hasTarget / oa:hasSelector / oa:exact ?said .
}
LIMIT 50` },
  { name: "Relations as a picture", text: `CONSTRUCT { ?subject ?property ?object . ?subject skos:prefLabel ?a . ?object skos:prefLabel ?b }
WHERE {
  { SELECT ?subject ?property ?object WHERE {
      ?relation a vt:Relation ; rdf:subject ?subject ; rdf:predicate ?property ; rdf:object ?object .
      FILTER(isIRI(?object))
    } LIMIT 40 }
  ?subject skos:prefLabel ?a .
  ?object skos:prefLabel ?b .
}` },
  { name: "Search by meaning", text: `SELECT ?document ?section ?score WHERE {
  SERVICE vt:search { ?hit vt:query "how to change the oil" ; vt:k 10 ; vt:score ?score }
  ?hit dcterms:isPartOf / dcterms:isVersionOf ?document .
  OPTIONAL { ?hit vt:section ?section }
}
ORDER BY DESC(?score)` },
  { name: "What pictures show", text: `SELECT ?picture ?name ?probability WHERE {
  ?claim a vt:Depiction ; oa:hasTarget ?picture ; oa:hasBody ?thing ; vt:probability ?probability .
  ?thing skos:prefLabel ?name .
}
ORDER BY DESC(?probability)
LIMIT 50` },
  { name: "Answers and what they cite", text: `SELECT ?answer ?question ?quote WHERE {
  GRAPH ?answer {
    ?answer prov:wasGeneratedBy / prov:used ?asked ; vt:hasSentence / vt:cites / vt:quote ?quote .
    ?asked a vt:Question ; prov:value ?question .
  }
}
LIMIT 50` },
  { name: "The terms of the ontology", text: `SELECT ?term ?label ?comment WHERE {
  GRAPH <urn:veritrail:graph:ontology> { ?term rdfs:label ?label ; rdfs:comment ?comment }
}
ORDER BY ?term` },
];
