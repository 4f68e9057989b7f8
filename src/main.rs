//! The `veritrail` program.

mod cli;

use clap::Parser;

fn main() -> cli::ExitCode {
    cli::Arguments::parse().run()
}
