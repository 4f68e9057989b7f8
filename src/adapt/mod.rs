//! How does a space learn a knowledge base's own pictures?
//!
//! Pure computing: from vectors of pictures and of the texts that describe them,
//! [`learn`] makes a [`crate::embed::Head`], [`Comparison`] says what it changes on
//! pictures that were held back, and [`calibrate`] what a cosine means. Nothing is
//! read or written here, and nothing depends on chance: the same examples give the
//! same head.

mod calibrate;
mod chance;
mod compare;
mod drawings;
mod examples;
mod gate;
mod learn;
mod ridge;
mod symmetric;

pub use calibrate::{CalibrationReport, calibrate};
pub use compare::{Change, Comparison, Direction};
pub use drawings::drawings;
pub use examples::{Example, Examples, Places, is_held_back};
pub use learn::{LearnError, Learned, LearnedSettings, learn};
