//! The SPARQL Protocol, updates and the Graph Store HTTP Protocol over HTTP.

use crate::fixtures::pump_knowledge_base;
use crate::server::{Running, serve_on};
use serde_json::Value;

struct Client {
    server: Running,
    http: reqwest::Client,
}

impl Client {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (root, knowledge_base) = pump_knowledge_base();
        Self { server: serve_on(root, knowledge_base).await, http: reqwest::Client::new() }
    }

    /// Status, media type and body.
    async fn send(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        accept: &str,
        body: &str,
    ) -> (u16, String, String) {
        let url = format!("{}{path}", self.server.base);
        let request = self.http.request(method.parse().unwrap(), url);
        let request = request.header("content-type", kind).header("accept", accept);
        let response = request.body(body.to_owned()).send().await.unwrap();
        let kind = response.headers().get("content-type");
        let kind = kind.map_or_else(String::new, |kind| kind.to_str().unwrap().to_owned());
        (response.status().as_u16(), kind, response.text().await.unwrap())
    }

    async fn query(&self, text: &str) -> String {
        let kind = "application/sparql-query";
        let (status, _, body) = self.send("POST", "/query", kind, "text/csv", text).await;
        assert_eq!(status, 200, "{text}: {body}");
        body
    }

    async fn update(&self, text: &str) -> (u16, Value) {
        let kind = "application/sparql-update";
        let (status, _, body) = self.send("POST", "/update", kind, "*/*", text).await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

#[tokio::test]
async fn every_format_is_offered() {
    let client = Client::new().await;
    let select = "SELECT ?t { ?d a vt:Document ; dcterms:title ?t }";
    let construct = "CONSTRUCT { ?d dcterms:title ?t } { ?d a vt:Document ; dcterms:title ?t }";
    for (accept, query) in [
        ("application/sparql-results+json", select),
        ("application/sparql-results+xml", select),
        ("text/csv", select),
        ("text/tab-separated-values", select),
        ("text/turtle", construct),
        ("application/trig", construct),
        ("application/n-triples", construct),
        ("application/n-quads", construct),
        ("application/rdf+xml", construct),
        ("application/ld+json", construct),
    ] {
        let kind = "application/sparql-query";
        let (status, found, body) = client.send("POST", "/query", kind, accept, query).await;
        assert_eq!((status, found.as_str()), (200, accept), "{body}");
        assert!(body.contains("Parts list"), "{body}");
    }
}

#[tokio::test]
async fn an_update_is_recorded_with_who_when_and_what() {
    let client = Client::new().await;
    let text = "INSERT { GRAPH <urn:my> { ?d rdfs:label ?t } } WHERE { ?d a vt:Document ; dcterms:title ?t }";
    let (status, made) = client.update(text).await;
    assert_eq!(
        (status, &made["inserted"], &made["removed"]),
        (200, &3.into(), &0.into()),
        "{made}"
    );
    let record = made["record"].as_str().unwrap();
    let found = client
        .query(&format!(
            "SELECT ?name ?role ?text ?graph ?in ?out {{ GRAPH <urn:veritrail:graph:governance> {{ \
             <{record}> a vt:GraphUpdate, prov:Activity ; prov:startedAtTime ?when ; vt:role ?role ; \
             prov:wasAssociatedWith/rdfs:label ?name ; vt:updateText ?text ; vt:changedGraph ?graph ; \
             vt:insertedCount ?in ; vt:removedCount ?out ; vt:updateSha256 ?digest }} }}"
        ))
        .await;
    let row = found.lines().nth(1).unwrap_or_else(|| panic!("{found}"));
    assert!(row.starts_with("local,admin,") && row.ends_with(",urn:my,3,0"), "{row}");
    let (_, nothing) = client.update("DELETE DATA { <urn:a> <urn:b> <urn:c> }").await;
    assert_eq!(nothing["record"], Value::Null);
}

#[tokio::test]
async fn what_the_program_keeps_is_not_written_by_others() {
    let client = Client::new().await;
    let before = client.query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").await;
    for (text, status) in [
        ("INSERT DATA { GRAPH <urn:veritrail:graph:governance> { <urn:a> <urn:b> 1 } }", 403),
        ("INSERT DATA { GRAPH <urn:veritrail:graph:new> { <urn:a> <urn:b> 1 } }", 403),
        ("DELETE { GRAPH ?g { ?s ?p ?o } } WHERE { GRAPH ?g { ?s a vt:Document ; ?p ?o } }", 403),
        ("DROP GRAPH <urn:veritrail:graph:ontology>", 403),
        ("CREATE GRAPH <urn:veritrail:answer:00>", 403),
        ("COPY DEFAULT TO <urn:veritrail:graph:entities>", 403),
        ("LOAD <http://192.0.2.1/x.ttl>", 400),
        ("INSERT { <urn:a> <urn:b> ?o } WHERE { SERVICE <http://192.0.2.1/> { ?s ?p ?o } }", 400),
        ("INSERT DATA { <urn:a> <urn:b> 1 } ; DROP GRAPH <urn:none>", 404),
        ("INSERT DATA { <urn:a> <urn:b>", 400),
    ] {
        let (found, body) = client.update(text).await;
        assert_eq!(found, status, "{text}: {body}");
    }
    assert_eq!(client.update("LOAD SILENT <http://192.0.2.1/x.ttl>").await.0, 200);
    assert_eq!(client.update("DROP ALL").await.0, 200);
    assert_eq!(client.query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").await, before);
    for method in ["PUT", "POST", "DELETE"] {
        let path = "/store?graph=urn:veritrail:graph:ontology";
        let found = client.send(method, path, "text/turtle", "*/*", "<urn:a> <urn:b> 1 .").await;
        assert_eq!(found.0, 403, "{method}: {}", found.2);
    }
}

#[tokio::test]
async fn graphs_are_put_added_to_read_and_deleted() {
    let client = Client::new().await;
    let graph = "/store?graph=http%3A%2F%2Fx.test%2Fg";
    let turtle = "text/turtle; charset=utf-8";
    let send = async |method: &str, body: &str| {
        client.send(method, graph, turtle, "application/n-triples", body).await
    };
    assert_eq!(send("GET", "").await.0, 404);
    assert_eq!(send("PUT", "<a> <b> \"1\" .").await.0, 201);
    assert_eq!(send("PUT", "<a> <b> \"2\" .").await.0, 204);
    assert_eq!(send("POST", "<a> <b> \"3\" .").await.0, 204);
    let (status, kind, body) = send("GET", "").await;
    assert_eq!((status, kind.as_str()), (200, "application/n-triples"));
    assert!(body.contains("<http://x.test/a> <http://x.test/b> \"3\""), "{body}");
    assert!(body.contains("\"2\"") && !body.contains("\"1\""), "{body}");
    assert_eq!(send("HEAD", "").await, (200, "application/n-triples".into(), String::new()));
    assert_eq!(send("PUT", "<a> <b>").await.0, 400);
    assert_eq!(send("DELETE", "").await.0, 204);
    assert_eq!((send("DELETE", "").await.0, send("HEAD", "").await.0), (404, 404));
    let default = client.send("GET", "/store?default", turtle, "text/turtle", "").await;
    assert_eq!(default.0, 200);
    for (path, status) in
        [("/store", 400), ("/store?graph=x", 400), ("/store?default&graph=urn:a", 400)]
    {
        assert_eq!(client.send("GET", path, turtle, "*/*", "").await.0, status, "{path}");
    }
    let other = client.send("PUT", graph, "text/html", "*/*", "<p>").await;
    assert_eq!(other.0, 415, "{}", other.2);
    let records =
        client.query("SELECT ?t { ?u vt:changedGraph <http://x.test/g> ; vt:updateText ?t }").await;
    assert_eq!(records.lines().count(), 5, "{records}");
}

#[tokio::test]
async fn the_service_describes_itself() {
    let client = Client::new().await;
    let (status, kind, body) = client.send("GET", "/sparql", "text/plain", "text/turtle", "").await;
    assert_eq!((status, kind.as_str()), (200, "text/turtle"));
    assert!(body.contains(&format!("{}/sparql", client.server.base)), "{body}");
    assert!(body.contains("sd:UnionDefaultGraph") && body.contains("sd:SPARQL11Update"), "{body}");
}
