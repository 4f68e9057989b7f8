//! What the system says of this process. Linux only; elsewhere nothing is said.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// Memory, time and files of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Process {
    pub(super) resident_bytes: u64,
    pub(super) virtual_bytes: u64,
    /// Processor time, in seconds.
    pub(super) cpu_seconds: f64,
    pub(super) n_threads: usize,
    pub(super) n_open_files: usize,
    /// Seconds since 1970.
    pub(super) start_seconds: f64,
}

/// Ticks in a second: the value of `USER_HZ` on every architecture that Linux runs on
/// today (`man 7 time`).
const TICKS: f64 = 100.0;

impl Process {
    pub(super) fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let uptime = fs::read_to_string("/proc/uptime").ok()?;
        let uptime: f64 = uptime.split(' ').next()?.parse().ok()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs_f64();
        let mut process = parse(&stat, &status)?;
        process.start_seconds += now - uptime;
        process.n_open_files = fs::read_dir("/proc/self/fd").map_or(0, |files| files.count());
        Some(process)
    }
}

/// Reads both files; the start is in seconds since the system started.
fn parse(stat: &str, status: &str) -> Option<Process> {
    // The name of the program stands in brackets and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()
    };
    Some(Process {
        resident_bytes: kilobytes("VmRSS:")? * 1024,
        virtual_bytes: kilobytes("VmSize:")? * 1024,
        cpu_seconds: (field(14)? + field(15)?) as f64 / TICKS,
        n_threads: usize::try_from(field(20)?).ok()?,
        n_open_files: 0,
        start_seconds: field(22)? as f64 / TICKS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_brackets_in_its_name_is_read() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 9 0 400 9 9";
        let status = "Name:\ta\nVmSize:\t  2048 kB\nVmRSS:\t  1024 kB\n";
        let process = parse(stat, status).unwrap();
        assert_eq!(process.cpu_seconds, 3.0);
        assert_eq!((process.n_threads, process.start_seconds), (9, 4.0));
        assert_eq!((process.resident_bytes, process.virtual_bytes), (1 << 20, 2 << 20));
    }
}
