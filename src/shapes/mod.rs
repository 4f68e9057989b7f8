//! Does RDF look as it should?
//!
//! The core of SHACL (<https://www.w3.org/TR/shacl/>, sections 2 to 4): shapes are read
//! from Turtle, and triples in memory are checked against them. What goes beyond the
//! core (`sh:sparql`, rules, functions) is refused when shapes are read, so that no
//! shape is ever ignored. This module knows no store: whoever calls it brings the
//! triples.
//!
//! ```
//! use veritrail::shapes::{DataGraph, Shapes, ShapesFile, Subclasses, parse_turtle};
//!
//! let text = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix e: <https://e.test/> .
//!     e:Pump sh:targetClass e:P ; sh:property [ sh:path e:sku ; sh:minCount 1 ] .";
//! let shapes = Shapes::parse(&[ShapesFile::new("pumps.ttl", text)])?;
//! let triples = parse_turtle("data.ttl", "<https://e.test/a> a <https://e.test/P> .")?;
//! let classes = Subclasses::new(triples.iter());
//! let findings = shapes.check(&DataGraph::new(&triples, &[], &classes));
//! assert_eq!(findings[0].component, "MinCountConstraintComponent");
//! # Ok::<(), veritrail::shapes::ShapesError>(())
//! ```

mod check;
mod check_value;
mod constraint;
mod data;
mod error;
mod findings;
mod parse;
mod parse_constraints;
mod parse_path;
mod path;
mod values;

pub use constraint::{Severity, Shapes};
pub use data::{DataGraph, Subclasses};
pub use error::ShapesError;
pub use findings::{Finding, report_turtle};
pub use parse::{ShapesFile, parse_turtle};
pub use path::Path;
