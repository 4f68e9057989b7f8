//! `veritrail serve`

use super::Arguments;
use super::output::ExitCode;
use anyhow::Context;
use clap::Args;
use std::net::SocketAddr;
use std::time::Duration;
use veritrail::config::{Authentication, ServeConfig};
use veritrail::serve::Server;

/// Example: `veritrail serve --listen 127.0.0.1:8080`
#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// Address and port instead of `serve.listen`; port 0 takes a free one.
    #[arg(long)]
    listen: Option<SocketAddr>,
}

pub(super) fn run(arguments: &Arguments, serve: &ServeArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime for network calls cannot start")?;
    let config = knowledge_base.config().serve.clone();
    let listen = serve.listen.unwrap_or(config.listen);
    let served = runtime.block_on(async {
        let server = Server::bind(knowledge_base, listen).await?;
        let base = format!("{}://{}", server.scheme(), server.address()?);
        println!("serving {} on {base}", arguments.kb().display());
        println!("chat    {base}/v1/chat/completions (OpenAI API, model `veritrail`)");
        println!("graph   {base}/sparql");
        println!("callers {}", callers(&config));
        println!("stop with Ctrl-C");
        server.run(stop_signal()).await?;
        anyhow::Ok(())
    });
    // Work whose client is gone may still be recorded; what waits for others is let go.
    runtime.shutdown_timeout(Duration::from_millis(config.shutdown_timeout_ms));
    served?;
    println!("stopped");
    Ok(ExitCode::Success)
}

/// Who is let in, in words.
fn callers(config: &ServeConfig) -> &'static str {
    match (config.authentication, &config.oidc) {
        (Authentication::None, _) => "whoever works on this machine",
        (Authentication::Required, None) => "by API key; `veritrail keys create` makes one",
        (Authentication::Required, Some(_)) => "by API key, or by a token of the provider",
    }
}

/// Waits for Ctrl-C or, where there is one, the terminate signal.
async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a way to hear the signal, the process ends by it.
    drop(interrupt.await);
}
