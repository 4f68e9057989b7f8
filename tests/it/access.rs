//! Who is let in, and how much: keys, tokens, sessions, limits, TLS.

use crate::fixtures::{ingest, init_with_text_alone, open, outcome, program, pump_documents};
use crate::server::{Running, serve_on};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use veritrail::serve::{ServeError, Server};

const REQUIRED: &str = "[serve]\nauthentication = \"required\"\n";

pub(crate) fn client() -> Client {
    // Tests of the library install the provider through the client for models.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let none = reqwest::redirect::Policy::none();
    Client::builder().redirect(none).no_proxy().build().unwrap()
}

/// A published knowledge base with these settings.
fn knowledge_base(settings: &str) -> TempDir {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    ingest(&open(root.path()), source.path());
    set(root.path(), settings);
    root
}

fn set(root: &Path, settings: &str) {
    let file = root.join("veritrail.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, text + settings).unwrap();
}

/// A key that the program makes; its identity and the key itself.
pub(crate) fn key(root: &Path, arguments: &[&str]) -> (String, String) {
    let arguments = [&["keys", "create", "--format", "json"], arguments].concat();
    let (code, out, error) = outcome(&program(root).args(arguments).output().unwrap());
    assert_eq!(code, 0, "{error}");
    let made: Value = serde_json::from_str(&out).unwrap();
    (made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned())
}

async fn serve(root: TempDir) -> Running {
    let knowledge_base = open(root.path());
    serve_on(root, knowledge_base).await
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

async fn body(response: Response) -> Value {
    response.json().await.unwrap()
}

#[tokio::test]
async fn a_key_opens_until_it_is_revoked() {
    let root = knowledge_base(REQUIRED);
    let path = root.path().to_owned();
    let (id, anna) = key(&path, &["--name", "anna", "--role", "agent", "--label", "support"]);
    let server = serve(root).await;
    let me = || client().get(format!("{}/api/me", server.base));
    let refused = me().send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 401);
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    assert_eq!(body(refused).await["error"]["code"], "unauthenticated");
    let found = body(me().bearer_auth(&anna).send().await.unwrap()).await;
    assert_eq!((&found["name"], &found["role"]), (&json!("anna"), &json!("agent")));
    assert_eq!(found["labels"], json!(["public", "support"]));
    assert_eq!(found["permissions"], json!(["ask", "read-documents", "query-graph"]));
    assert_eq!(status(me().header("x-api-key", &anna)).await, 200);
    assert_eq!(status(me().bearer_auth(format!("{anna}x"))).await, 401);
    assert_eq!(status(me().basic_auth("anna", Some(&anna))).await, 401);
    // The server holds the knowledge base open; commands about keys work beside it.
    let (_, root_key) = key(&path, &["--name", "root", "--role", "admin", "--all-labels"]);
    let listed = program(&path).args(["keys", "list"]).output().unwrap();
    let (code, listed, _) = outcome(&listed);
    assert!(code == 0 && listed.lines().count() == 2 && listed.contains("anna (agent; support)"));
    assert!(!listed.contains(&anna), "{listed}");
    let revoked = program(&path).args(["keys", "revoke", &id]).output().unwrap();
    assert_eq!(outcome(&revoked).0, 0);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let refused = me().bearer_auth(&anna).send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 401);
    assert!(body(refused).await["error"]["message"].as_str().unwrap().contains("revoked"));
    let found = body(me().bearer_auth(&root_key).send().await.unwrap()).await;
    assert_eq!(found["labels"], Value::Null);
    assert_eq!(found["permissions"].as_array().unwrap().len(), 10);
}

#[test]
fn keys_are_made_listed_and_refused_by_the_program() {
    let root = knowledge_base("");
    let run = |arguments: &[&str]| {
        outcome(&program(root.path()).arg("keys").args(arguments).output().unwrap())
    };
    assert_eq!(run(&["list"]), (0, String::new(), String::new()));
    let (code, out, _) = run(&["create", "--name", "bot", "--role", "agent", "--expires", "90d"]);
    assert!(code == 0 && out.contains("not shown again") && out.contains("key vt_"), "{out}");
    let (_, listed, _) = run(&["list", "--format", "json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((&listed[0]["state"], &listed[0]["labels"]), (&json!("active"), &json!([])));
    assert!(listed[0]["expires"].is_string() && listed[0].get("sha256").is_none());
    for wrong in [
        &["create", "--name", "x", "--role", "root"][..],
        &["create", "--name", "x", "--role", "agent", "--expires", "soon"],
        &["create", "--name", "x", "--role", "agent", "--label", "a", "--all-labels"],
        &["create", "--name", "", "--role", "agent"],
        &["revoke", "unknown"],
    ] {
        assert_ne!(run(wrong).0, 0, "{wrong:?}");
    }
    let nowhere = tempfile::tempdir().unwrap();
    let made = program(nowhere.path()).args(["keys", "list"]).output().unwrap();
    assert!(outcome(&made).2.contains("no knowledge base"));
}

#[tokio::test]
async fn a_session_is_signed_in_and_out() {
    let root = knowledge_base(REQUIRED);
    let path = root.path().to_owned();
    let (id, anna) = key(&path, &["--name", "anna", "--role", "agent"]);
    let server = serve(root).await;
    let session = format!("{}/api/session", server.base);
    let host = server.base.trim_start_matches("http://").to_owned();
    let origin = format!("http://{host}");
    let sign_in = |origin: &str, key: &str| {
        client().post(&session).header("origin", origin).json(&json!({ "key": key }))
    };
    assert_eq!(status(sign_in("http://evil.example", &anna)).await, 403);
    assert_eq!(status(sign_in(&origin, "vt_wrong")).await, 401);
    assert_eq!(status(client().post(&session).json(&json!({}))).await, 422);
    let signed_in = sign_in(&origin, &anna).send().await.unwrap();
    assert_eq!(signed_in.status().as_u16(), 204);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly; SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let ask = |method: Method, path: &str, origin: Option<&str>| {
        let request = client().request(method, format!("{}{path}", server.base));
        let request = request.header("cookie", &cookie);
        match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        }
    };
    let me = body(ask(Method::GET, "/api/me", None).send().await.unwrap()).await;
    assert_eq!(me["name"], "anna");
    // What changes something needs the page's own origin beside the cookie.
    for foreign in [None, Some("null"), Some("http://evil.example")] {
        assert_eq!(status(ask(Method::DELETE, "/api/session", foreign)).await, 403);
    }
    let out = ask(Method::DELETE, "/api/session", Some(&origin)).send().await.unwrap();
    assert_eq!(out.status().as_u16(), 204);
    assert!(out.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(status(ask(Method::GET, "/api/me", None)).await, 401);
    let again = sign_in(&origin, &anna).send().await.unwrap();
    let cookie = again.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    let me = || client().get(format!("{}/api/me", server.base)).header("cookie", cookie);
    assert_eq!(status(me()).await, 200);
    assert_eq!(outcome(&program(&path).args(["keys", "revoke", &id]).output().unwrap()).0, 0);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(status(me()).await, 401, "a revoked key ends its sessions");
    let page = client().get(&server.base).header("accept", "text/html").send().await.unwrap();
    assert_eq!(page.status().as_u16(), 303);
    assert_eq!(page.headers()["location"], "/sign-in?next=%2F");
}

/// The key pair of RFC 8037, appendix A: known to everybody.
const SECRET: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn signing_key() -> EncodingKey {
    // PKCS #8 around the secret half of an Ed25519 pair (RFC 8410, section 7).
    let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend(URL_SAFE_NO_PAD.decode(SECRET).unwrap());
    EncodingKey::from_ed_der(&der)
}

fn token(kid: &str, claims: &Value) -> String {
    let header = Header { kid: Some(kid.into()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, claims, &signing_key()).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example", "aud": "veritrail", "sub": "u-7", "name": "Anna",
        "exp": get_current_timestamp() + 600, "realm": { "roles": ["support", "x"] },
        "groups": ["desk"],
    })
}

fn keys(kid: &str) -> String {
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": kid, "x": PUBLIC });
    json!({ "keys": [key] }).to_string()
}

const OIDC: &str = "
[serve.oidc]
issuer = 'https://id.example'
audience = 'veritrail'
[serve.oidc.claims]
name_claim = 'name'
role_claim = 'realm.roles'
role_map = { support = 'agent' }
label_claim = 'groups'
label_map = { desk = ['support'] }
";

#[tokio::test]
async fn a_token_of_the_provider_opens_and_no_other_does() {
    let provider =
        OIDC.replace("[serve.oidc.claims]", "jwks_file = 'keys.json'\n[serve.oidc.claims]");
    let many = "failed_sign_ins_per_minute = 1000\n";
    let root = knowledge_base(&format!("{REQUIRED}{many}{provider}"));
    std::fs::write(root.path().join("keys.json"), keys("k1")).unwrap();
    let server = serve(root).await;
    let me = |token: String| client().get(format!("{}/api/me", server.base)).bearer_auth(token);
    let found = body(me(token("k1", &claims())).send().await.unwrap()).await;
    assert_eq!((&found["name"], &found["role"]), (&json!("Anna"), &json!("agent")), "{found}");
    assert_eq!(found["labels"], json!(["public", "support"]));
    let with = |key: &str, value: Value| {
        let mut claims = claims();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(key)),
            value => claims[key] = value,
        }
        token("k1", &claims)
    };
    let now = get_current_timestamp();
    let unsigned = |alg: &str| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(&json!({ "alg": alg, "typ": "JWT", "kid": "k1" }));
        format!("{head}.{}.", part(&claims()))
    };
    // A server that took the public key for a shared secret would accept this one.
    let shared = EncodingKey::from_secret(&URL_SAFE_NO_PAD.decode(PUBLIC).unwrap());
    let header = Header { kid: Some("k1".into()), ..Header::new(Algorithm::HS256) };
    let confused = encode(&header, &claims(), &shared).unwrap();
    let good = token("k1", &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{flipped}{}", &signature[1..]);
    for (wrong, reason) in [
        (with("exp", json!(now - 120)), "expired"),
        (with("exp", Value::Null), "expected the claims"),
        (with("nbf", json!(now + 120)), "not valid yet"),
        (with("iss", json!("https://id.example/")), "another issuer"),
        (with("iss", Value::Null), "expected the claims"),
        (with("aud", json!("other")), "another audience"),
        (with("aud", Value::Null), "expected the claims"),
        (with("realm", json!({ "roles": ["admin"] })), "name a role"),
        (with("name", Value::Null), "name its bearer"),
        (token("k2", &claims()), "none of the provider's"),
        (unsigned("none"), "not known"),
        (confused, "not accepted"),
        (forged, "signature"),
        ("a.b.c".to_owned(), "damaged"),
    ] {
        let refused = me(wrong.clone()).send().await.unwrap();
        assert_eq!(refused.status().as_u16(), 401, "{reason}");
        let message = body(refused).await["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(reason), "{reason}: {message}");
    }
    // Clocks differ a little.
    assert_eq!(status(me(with("exp", json!(now - 10)))).await, 200);
}

#[tokio::test]
async fn new_keys_of_the_provider_are_fetched() {
    use axum::routing::get;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let n_asked = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&n_asked);
    let answer = get(move || async move {
        asked.fetch_add(1, Ordering::SeqCst);
        keys("k1")
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/keys", listener.local_addr().unwrap());
    let provider = axum::Router::new().route("/keys", answer);
    tokio::spawn(async move { axum::serve(listener, provider).await });
    let at = format!("jwks_url = '{address}'\n[serve.oidc.claims]");
    let root = knowledge_base(&format!("{REQUIRED}{}", OIDC.replace("[serve.oidc.claims]", &at)));
    let server = serve(root).await;
    let me = |token: String| client().get(format!("{}/api/me", server.base)).bearer_auth(token);
    for _ in 0..3 {
        assert_eq!(status(me(token("k1", &claims()))).await, 200);
        assert_eq!(status(me(token("k2", &claims()))).await, 401);
    }
    assert_eq!(n_asked.load(Ordering::SeqCst), 1, "once a minute at most");
}

#[tokio::test]
async fn what_is_open_to_all_or_in_clear_is_refused() {
    let beyond: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let root = knowledge_base("");
    let refused = Server::bind(open(root.path()), beyond).await.err().unwrap();
    assert!(matches!(refused, ServeError::Config(_)));
    assert!(refused.to_string().contains("serve.authentication"), "{refused}");
    set(root.path(), REQUIRED);
    let refused = Server::bind(open(root.path()), beyond).await.err().unwrap();
    assert!(refused.to_string().contains("serve.tls.certificate"), "{refused}");
    set(root.path(), "behind_proxy = true\n");
    assert!(Server::bind(open(root.path()), beyond).await.is_ok());
    set(root.path(), "tls = { certificate = 'none.pem', key = 'none.pem' }\n");
    let refused = Server::bind(open(root.path()), beyond).await.err().unwrap();
    assert!(matches!(refused, ServeError::Tls { .. }), "{refused}");
}

#[tokio::test]
async fn tls_is_spoken_with_the_certificate_of_the_settings() {
    let tls = "tls = { certificate = 'c.pem', key = 'k.pem' }\n";
    let root = knowledge_base(&format!("{REQUIRED}{tls}"));
    let certificate = include_bytes!("tls/certificate.pem");
    std::fs::write(root.path().join("c.pem"), certificate).unwrap();
    std::fs::write(root.path().join("k.pem"), include_bytes!("tls/key.pem")).unwrap();
    let (_, anna) = key(root.path(), &["--name", "anna", "--role", "agent"]);
    let server = serve(root).await;
    client();
    let known = reqwest::Certificate::from_pem(certificate).unwrap();
    let client = Client::builder().tls_certs_only([known]).no_proxy().build().unwrap();
    let base = server.base.replace("http://", "https://");
    let me = client.get(format!("{base}/api/me")).bearer_auth(&anna).send().await.unwrap();
    assert_eq!(me.status().as_u16(), 200);
    assert!(me.headers().contains_key("strict-transport-security"));
    let origin = ("origin", base.clone());
    let sign_in = client.post(format!("{base}/api/session")).header(origin.0, origin.1);
    let signed_in = sign_in.json(&json!({ "key": anna })).send().await.unwrap();
    assert!(signed_in.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"));
    assert!(client.get(format!("{}/healthz", server.base)).send().await.is_err());
}

#[tokio::test]
async fn every_answer_has_the_headers_that_protect_pages() {
    let origins = "cors_origins = ['https://friend.example']\n";
    let server = serve(knowledge_base(&format!("[serve]\n{origins}"))).await;
    for path in ["/healthz", "/nothing", "/api/me", "/v1/models"] {
        let answer = client().get(format!("{}{path}", server.base)).send().await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(header("cache-control"), "no-store");
        assert!(!answer.headers().contains_key("access-control-allow-origin"));
        assert!(!answer.headers().contains_key("strict-transport-security"));
    }
    let from = |origin: &str, method: Method| {
        let request = client().request(method, format!("{}/v1/models", server.base));
        request.header("origin", origin).header("access-control-request-method", "POST")
    };
    for method in [Method::GET, Method::OPTIONS] {
        let friend = from("https://friend.example", method.clone()).send().await.unwrap();
        assert_eq!(friend.headers()["access-control-allow-origin"], "https://friend.example");
        assert!(!friend.headers().contains_key("access-control-allow-credentials"));
        let foe = from("https://foe.example", method).send().await.unwrap();
        assert!(!foe.headers().contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn too_many_requests_are_sent_away_with_the_time_to_come_back() {
    let limits = "requests_per_minute = 30\nrequests_per_minute_without_credential = 20\n\
                  failed_sign_ins_per_minute = 20\n";
    let root = knowledge_base(&format!("{REQUIRED}{limits}"));
    let (_, anna) = key(root.path(), &["--name", "anna", "--role", "agent"]);
    let (_, otto) = key(root.path(), &["--name", "otto", "--role", "agent"]);
    let server = serve(root).await;
    let me = |key: &str| client().get(format!("{}/api/me", server.base)).bearer_auth(key);
    for _ in 0..10 {
        assert_eq!(status(me(&anna)).await, 200);
    }
    let refused = me(&anna).send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 429);
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=3).contains(&seconds));
    assert_eq!(body(refused).await["error"]["code"], "rate_limit_exceeded");
    assert_eq!(status(me(&otto)).await, 200, "each principal has a quota of its own");
    for _ in 0..10 {
        assert_eq!(status(me("vt_wrong")).await, 401);
    }
    assert_eq!(status(me("vt_wrong")).await, 429);
    assert_eq!(status(me(&otto)).await, 200, "a good key is never locked out");
    let health = || client().get(format!("{}/healthz", server.base));
    for _ in 0..10 {
        assert_eq!(status(health()).await, 200);
    }
    assert_eq!(status(health()).await, 429);
}

#[tokio::test]
async fn large_and_slow_requests_are_refused() {
    let limits = "max_request_bytes = 1000\nheader_timeout_ms = 300\nbody_pause_ms = 300\n";
    let server = serve(knowledge_base(&format!("[serve]\n{limits}"))).await;
    let chat = format!("{}/v1/chat/completions", server.base);
    let large = json!({ "model": "veritrail", "messages": [], "user": "x".repeat(2_000) });
    assert_eq!(status(client().post(&chat).json(&large)).await, 413);
    let address = server.base.trim_start_matches("http://");
    let raw = async |first: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The server may have hung up before all is written.
        drop(stream.write_all(first.as_bytes()).await);
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer);
        drop(tokio::time::timeout(Duration::from_secs(60), ended).await.unwrap());
        String::from_utf8_lossy(&answer).into_owned()
    };
    assert_eq!(raw("").await, "", "a connection without a request ends");
    raw("GET /healthz HTTP/1.1\r\nhost: localhost\r\n").await;
    let slow = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                content-type: application/json\r\ncontent-length: 500\r\n\r\n{";
    let answer = raw(slow).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("slow_request"), "{answer}");
    let head =
        format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-long: {}\r\n\r\n", "x".repeat(400_000));
    assert!(!raw(&head).await.contains(" 200 "));
}

#[tokio::test]
async fn an_answer_under_way_is_finished_when_the_server_stops() {
    let root = knowledge_base("");
    let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(open(root.path()), address).await.unwrap();
    let base = format!("http://{}", server.address().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async move { drop(stopped.await) }));
    let question = "What is the order number of the shaft seal?";
    let ask = json!({ "model": "veritrail", "stream": true,
        "messages": [{ "role": "user", "content": question }] });
    let idle = client();
    assert_eq!(status(idle.get(format!("{base}/healthz"))).await, 200);
    let asked = client().post(format!("{base}/v1/chat/completions")).json(&ask);
    let answer = asked.send().await.unwrap();
    let id = answer.headers().get("x-veritrail-answer-id").cloned();
    drop(stop);
    let text = answer.text().await.unwrap();
    assert!(text.contains("SP-3117") && text.trim_end().ends_with("[DONE]"), "{text}");
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap().unwrap();
    assert!(client().get(format!("{base}/healthz")).send().await.is_err());
    let last = text.lines().filter_map(|line| line.strip_prefix("data: {")).next_back().unwrap();
    let last: Value = serde_json::from_str(&format!("{{{last}")).unwrap();
    let id = id.map_or_else(
        || last["answer_id"].as_str().unwrap_or_default().to_owned(),
        |id| id.to_str().unwrap().to_owned(),
    );
    let id = veritrail::model::AnswerId::from_name(&id).unwrap();
    assert!(!open(root.path()).answer_record(&id).unwrap().is_empty(), "the record is there");
}
