//! A server for tests that answers requests by scripts.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does, one after the other; after the last it hangs up.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends these bytes.
    Send(String),
    /// Keeps the connection open and says nothing more.
    Hang,
}

impl Act {
    /// The head of an event stream in chunked transfer encoding.
    pub(crate) fn head() -> Self {
        Self::Send(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                .into(),
        )
    }

    /// A whole answer that refuses.
    pub(crate) fn refusal(status: &str, body: &str) -> Self {
        Self::Send(format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }
}

/// One piece of text as an event.
pub(crate) fn event(delta: &str) -> Act {
    event_of(&serde_json::json!({"content": delta}), None)
}

/// A complete stream of these pieces, as OpenAI sends it.
pub(crate) fn chat(deltas: &[&str]) -> Vec<Act> {
    counted_chat(deltas, None)
}

/// The same with the tokens of the prompt and of the output, as OpenAI counts them
/// when it is asked to.
pub(crate) fn counted_chat(deltas: &[&str], usage: Option<(u32, u32)>) -> Vec<Act> {
    let mut script = vec![Act::head(), event_of(&serde_json::json!({"role": "assistant"}), None)];
    script.extend(deltas.iter().map(|delta| event(delta)));
    script.push(event_of(&serde_json::json!({}), Some("stop")));
    if let Some((n_prompt, n_output)) = usage {
        let event = serde_json::json!({
            "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "tiny",
            "choices": [],
            "usage": {"prompt_tokens": n_prompt, "completion_tokens": n_output,
                      "total_tokens": n_prompt + n_output},
        });
        script.push(chunk(&format!("data: {event}\n\n")));
    }
    script.push(chunk("data: [DONE]\n\n"));
    script.push(Act::Send("0\r\n\r\n".into()));
    script
}

fn event_of(delta: &serde_json::Value, finish_reason: Option<&str>) -> Act {
    let event = serde_json::json!({
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "tiny",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    });
    chunk(&format!("data: {event}\n\n"))
}

fn chunk(text: &str) -> Act {
    Act::Send(format!("{:x}\r\n{text}\r\n", text.len()))
}

/// A running server; it ends with the test's runtime.
pub(crate) struct ScriptedServer {
    /// Address with `/v1`.
    pub(crate) base_url: String,
    /// Requests as received, heads and bodies.
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

/// Starts a server on a free port that answers each request with the same script.
pub(crate) async fn serve(script: Vec<Act>) -> ScriptedServer {
    serve_by(move |_| script.clone()).await
}

/// Starts a server on a free port that answers each request, as received, with the
/// script that `script` gives for it.
pub(crate) async fn serve_by(
    script: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static,
) -> ScriptedServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    let script = Arc::new(script);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(play(connection, Arc::clone(&script), Arc::clone(&log)));
        }
    });
    ScriptedServer { base_url, requests }
}

async fn play(
    mut connection: TcpStream,
    script: Arc<impl Fn(&str) -> Vec<Act>>,
    log: Arc<Mutex<Vec<String>>>,
) {
    let request = read_request(&mut connection).await;
    let acts = script(&request);
    log.lock().unwrap().push(request);
    for act in acts {
        match act {
            Act::Send(text) => {
                if connection.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
                let _ = connection.flush().await;
            }
            Act::Hang => std::future::pending::<()>().await,
        }
    }
}

async fn read_request(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0u8; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, value)| value.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        match connection.read(&mut buffer).await {
            Ok(0) | Err(_) => return text,
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
        }
    }
}
