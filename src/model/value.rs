//! Dates and quantities in a text: values, no entities.

use super::{FragmentId, Span};

/// A date or a quantity as it stands in a fragment.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueMention {
    /// The fragment.
    pub fragment: FragmentId,
    /// Where, in code points of the fragment's text.
    pub span: Span,
    /// The words as they stand there.
    pub surface: String,
    /// What they mean.
    pub value: Value,
}

/// What a value means.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A day, as `YYYY-MM-DD`.
    Date(String),
    /// A number and its unit, as it is written.
    Quantity {
        /// The number.
        number: f64,
        /// The unit.
        unit: String,
    },
}
