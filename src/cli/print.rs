//! What is printed, and what happens when it cannot be.
//!
//! The macros of the standard library panic when nobody reads any more
//! (`veritrail review | head -1`), so these stand in their place for all of `cli`. What
//! nobody reads is dropped and the work goes on; another reason, as a full disk, makes
//! the command fail at its end.

use super::output::ExitCode;
use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

/// Why standard output takes nothing any more.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// A line, or a part of one, on standard output.
macro_rules! println {
    () => { $crate::cli::print::output(format_args!("\n")) };
    ($($part:tt)*) => {
        $crate::cli::print::output(format_args!("{}\n", format_args!($($part)*)))
    };
}

/// A part of a line on standard output.
macro_rules! print {
    ($($part:tt)*) => { $crate::cli::print::output(format_args!($($part)*)) };
}

/// A line on standard error.
macro_rules! eprintln {
    ($($part:tt)*) => {
        $crate::cli::print::message(format_args!("{}\n", format_args!($($part)*)))
    };
}

/// Writes to standard output, unless that failed before.
pub(super) fn output(text: Arguments<'_>) {
    if LOST.get().is_none()
        && let Err(error) = io::stdout().lock().write_fmt(text)
    {
        LOST.get_or_init(|| error);
    }
}

/// Writes to standard error. When that fails there is nobody left to tell.
pub(super) fn message(text: Arguments<'_>) {
    drop(io::stderr().lock().write_fmt(text));
}

/// How a command ended that wanted to end with `code`.
pub(super) fn ended(code: ExitCode) -> ExitCode {
    if LOST.get().is_none()
        && let Err(error) = io::stdout().flush()
    {
        LOST.get_or_init(|| error);
    }
    match LOST.get() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("error: the output cannot be written\n  because: {error}");
            ExitCode::Failure
        }
        _ => code,
    }
}

/// Whether an error of writing output only says that nobody reads it any more.
pub(super) fn is_unread(error: &anyhow::Error) -> bool {
    let is_broken = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
    };
    error.chain().any(is_broken)
}
