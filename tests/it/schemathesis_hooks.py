"""Lets Schemathesis send what it knows no serializer for."""
import schemathesis

for kind in (
    "application/sparql-query",
    "application/sparql-update",
    "text/turtle",
    "application/trig",
    "application/n-triples",
    "application/n-quads",
    "application/rdf+xml",
    "application/ld+json",
):
    schemathesis.serializer.alias(kind, "text/plain")
