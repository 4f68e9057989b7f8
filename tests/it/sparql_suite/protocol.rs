//! Tests of the SPARQL Protocol, the Graph Store HTTP Protocol and the service description.

use super::evaluation::same;
use super::manifest::{Graph, Test, text};
use super::target::{Target, parsed};
use oxigraph::model::{GraphName, Term};
use std::path::Path;

const HT: &str = "http://www.w3.org/2011/http#";
const CNT: &str = "http://www.w3.org/2011/content#";
const MF: &str = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#";
const SD: &str = "http://www.w3.org/ns/sparql-service-description#";

/// What is wrong; nothing when the test passes.
pub(super) async fn problem(target: &mut Target, data: &Path, test: &Test) -> Option<String> {
    if let Err(error) = target.load(data, &test.before).await {
        return Some(error);
    }
    if test.kind == "ServiceDescriptionTest" {
        return described(target, test).await.err();
    }
    let Some(action) = &test.action else {
        return Some("the test is described in prose only".to_owned());
    };
    let graph = &test.manifest;
    let mut location = String::new();
    for requests in graph.values(action, &format!("{HT}requests")) {
        for (n, request) in graph.list(requests).iter().enumerate() {
            let sent = send(target, graph, test, request, &mut location).await;
            if let Err(error) = sent {
                return Some(format!("request {}: {error}", n + 1));
            }
        }
    }
    None
}

/// The endpoint; whatever is sent there may leave something behind.
fn http(target: &Target) -> (&reqwest::Client, &str) {
    match target {
        Target::Http { client, base, written } => {
            written.store(true, std::sync::atomic::Ordering::Relaxed);
            (client, base)
        }
        Target::Store(_) => panic!("a store has no protocol"),
    }
}

fn headers(graph: &Graph, node: &Term) -> Vec<(String, String)> {
    let lists = graph.values(node, &format!("{HT}headers"));
    let headers = lists.iter().flat_map(|list| graph.list(list));
    let part = |header: &Term, name: &str| {
        graph.text(header, &format!("{HT}{name}")).unwrap().to_lowercase()
    };
    headers
        .map(|header| {
            let value = graph.text(&header, &format!("{HT}fieldValue")).unwrap();
            (part(&header, "fieldName"), value)
        })
        .collect()
}

fn body(graph: &Graph, node: &Term) -> Option<Vec<u8>> {
    let body = graph.value(node, &format!("{HT}body"))?;
    let chars = graph.text(body, &format!("{CNT}chars"))?;
    let encoding = graph.text(body, &format!("{CNT}characterEncoding"));
    Some(match encoding.as_deref() {
        Some("UTF-16") => {
            let units = std::iter::once(0xfeff).chain(chars.encode_utf16());
            units.flat_map(u16::to_be_bytes).collect()
        }
        _ => chars.into_bytes(),
    })
}

/// The path here of a request to the one endpoint of the suite.
fn path(graph: &Graph, request: &Term, test: &Test, location: &str) -> String {
    let wanted = graph.text(request, &format!("{HT}absolutePath")).unwrap();
    let wanted = wanted.replace("$LOCATION$", location);
    if let Some(rest) = wanted.strip_prefix("/gsp") {
        return format!("/store{rest}");
    }
    let query = wanted.split_once('?').map_or("", |(_, query)| query);
    let sent = body(graph, request).unwrap_or_default();
    let sent = String::from_utf8_lossy(&sent).into_owned();
    let kind = headers(graph, request).into_iter().find(|(name, _)| name == "content-type");
    let kind = kind.map(|(_, kind)| kind).unwrap_or_default();
    let is_query =
        kind.contains("sparql-query") || sent.starts_with("query=") || sent.starts_with("ASK");
    let is_update = test.id.contains("update") && !is_query && !query.contains("query=");
    format!("/{}?{query}", if is_update { "update" } else { "query" })
}

async fn send(
    target: &Target,
    graph: &Graph,
    test: &Test,
    request: &Term,
    location: &mut String,
) -> Result<(), String> {
    let (client, base) = http(target);
    let method = graph.text(request, &format!("{HT}methodName")).unwrap();
    let url = format!("{base}{}", path(graph, request, test, location));
    let mut sent = client.request(method.parse().unwrap(), url);
    for (name, value) in
        headers(graph, request).into_iter().filter(|(name, _)| name != "content-length")
    {
        sent = sent.header(name, value);
    }
    if let Some(body) = body(graph, request) {
        // Parts of a form end their lines by CR LF (RFC 2046).
        let form = headers(graph, request).iter().any(|(_, value)| value.starts_with("multipart"));
        let text = String::from_utf8_lossy(&body).into_owned();
        sent = sent.body(if form { crlf(&text).into_bytes() } else { body });
    }
    let response = sent.send().await.map_err(|e| e.to_string())?;
    let status = response.status().as_u16();
    let header =
        |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (kind, at) = (header("content-type").unwrap_or_default(), header("location"));
    let bytes = response.bytes().await.map_err(|e| e.to_string())?;
    let expected = graph.value(request, &format!("{HT}resp")).unwrap();
    let wanted: Vec<String> =
        graph.values(expected, &format!("{MF}expectedStatus")).iter().map(text).collect();
    if !wanted.is_empty() && !wanted.iter().any(|wanted| fits(status, wanted)) {
        let body = String::from_utf8_lossy(&bytes).into_owned();
        return Err(format!("expected {wanted:?}, found {status} {body}"));
    }
    if graph.value(expected, &format!("{MF}expectedLocation")).is_some() {
        *location = at.ok_or("no Location")?;
    }
    let media_type = kind.split(';').next().unwrap_or_default().trim().to_owned();
    if let Some(format) = graph.text(expected, &format!("{MF}expectedFormat")) {
        let fit = match format.as_str() {
            "boolean" => media_type.contains("sparql-results"),
            "tabular" => media_type.contains("sparql-results") || media_type.starts_with("text/"),
            _ => oxigraph::io::RdfFormat::from_media_type(&media_type).is_some(),
        };
        if !fit {
            return Err(format!("expected {format}, found {media_type}"));
        }
    }
    if let Some(wanted) = graph.text(expected, &format!("{MF}expectedBoolean")) {
        let found = String::from_utf8_lossy(&bytes).contains("true");
        if (wanted == "true") != found {
            return Err(format!("expected {wanted}"));
        }
    }
    match body(graph, expected) {
        Some(wanted) if method == "GET" => {
            let quads = |bytes: &[u8], kind: &str| {
                let triples = parsed(kind, bytes)?.into_iter();
                Ok::<_, String>(
                    triples.map(|t| t.in_graph(GraphName::DefaultGraph)).collect::<Vec<_>>(),
                )
            };
            same(&quads(&wanted, "text/turtle")?, &quads(&bytes, &media_type)?)
        }
        _ => Ok(()),
    }
}

fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn fits(status: u16, wanted: &str) -> bool {
    let name = wanted.rsplit('#').next().unwrap();
    match name {
        "OK" => status == 200,
        "Created" => status == 201,
        "NoContent" => status == 204,
        "NotFound" => status == 404,
        name => match name.strip_prefix("StatusCode") {
            Some(class) => class.starts_with(&(status / 100).to_string()),
            None => panic!("{wanted} is no status that is known"),
        },
    }
}

async fn described(target: &Target, test: &Test) -> Result<(), String> {
    let (client, base) = http(target);
    let url = format!("{base}/query");
    let response = client.get(&url).header("accept", "text/turtle").send().await.unwrap();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    let bytes = response.bytes().await.unwrap();
    let triples = parsed(&kind, &bytes)?;
    let has = |predicate: &str, object: &str| {
        let predicate = format!("{SD}{predicate}");
        triples.iter().any(|t| t.predicate.as_str() == predicate && text(&t.object) == object)
    };
    let fits = match test.id.rsplit('/').next().unwrap() {
        "returns-rdf" => !triples.is_empty(),
        "has-endpoint-triple" => has("endpoint", &url),
        // The schema: languages, formats and a default data set with its graph.
        _ => {
            let languages = has("supportedLanguage", &format!("{SD}SPARQL11Query"))
                && has("supportedLanguage", &format!("{SD}SPARQL11Update"));
            let formats = has("resultFormat", "http://www.w3.org/ns/formats/SPARQL_Results_JSON");
            let known = ["Service", "Dataset", "Graph"].map(|class| format!("{SD}{class}"));
            let classes = triples.iter().filter(|t| t.predicate.as_str().ends_with("#type"));
            languages && formats && classes.into_iter().all(|t| known.contains(&text(&t.object)))
        }
    };
    if fits { Ok(()) } else { Err(format!("{triples:#?}")) }
}
