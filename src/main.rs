//! The `veritrail` program.
fn main() {}
