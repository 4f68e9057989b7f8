//! The `veritrail` program.

mod cli;

use clap::Parser;

fn main() -> cli::ExitCode {
    cli::start_log();
    cli::Arguments::parse().run()
}
