//! Errors about shapes.

/// Shapes that cannot be used: the mistake of whoever wrote them.
#[derive(Debug, thiserror::Error)]
pub enum ShapesError {
    /// Text that is not Turtle.
    #[error("{file} is not valid Turtle: {reason}")]
    Turtle {
        /// The file.
        file: String,
        /// Position and reason.
        reason: String,
    },
    /// A shape that SHACL does not allow.
    #[error("{file}: the shape {shape}: {problem}")]
    Shape {
        /// The file.
        file: String,
        /// The shape.
        shape: String,
        /// What was expected, and what was found.
        problem: String,
    },
    /// A report that cannot be written.
    #[error("the report cannot be written as Turtle")]
    Write(#[from] std::io::Error),
}
