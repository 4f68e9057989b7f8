//! `veritrail serve`

use super::Arguments;
use super::output::ExitCode;
use anyhow::Context;
use clap::Args;
use std::net::SocketAddr;
use veritrail::serve::Server;

/// Example: `veritrail serve --listen 127.0.0.1:8080`
#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// Loopback address and port; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

pub(super) fn run(arguments: &Arguments, serve: &ServeArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime for network calls cannot start")?;
    runtime.block_on(async {
        let server = Server::bind(knowledge_base, serve.listen).await?;
        let address = server.address()?;
        println!("serving {} on http://{address}", arguments.kb().display());
        println!("chat    http://{address}/v1/chat/completions (OpenAI API, model `veritrail`)");
        println!("graph   http://{address}/sparql");
        println!("stop with Ctrl-C");
        server.run(stop_signal()).await?;
        anyhow::Ok(())
    })?;
    println!("stopped");
    Ok(ExitCode::Success)
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
