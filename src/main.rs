//! The `veritrail` program.

mod cli;

use clap::Parser;

/// Threads that answer ask for much and give it back soon. glibc's allocator keeps what
/// lies between pieces still in use, for each thread anew: a server grew by megabytes a
/// minute. This one serves RocksDB and ONNX Runtime, too.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> cli::ExitCode {
    let arguments = cli::Arguments::parse();
    arguments.start_log();
    arguments.run()
}
