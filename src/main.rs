//! The `veritrail` program.

mod cli;

use clap::Parser;

fn main() -> cli::ExitCode {
    let arguments = cli::Arguments::parse();
    arguments.start_log();
    arguments.run()
}
