//! From a question and its evidence to an answer in which every sentence is
//! cited and checked.
//!
//! Two ways lead there. [`generated`] lets a language model write, then checks
//! each sentence against what it cites: numbers with their units, part numbers,
//! names, negation, words and, when given, sentence embeddings. [`extractive`]
//! quotes the best sentences of the evidence; it is used when there is no model
//! and when the model fails. Both abstain rather than answer without support,
//! and say what they searched.
//!
//! The check is lexical and numerical, not logical: it finds what is missing or
//! contradicted in the quoted words. It does not prove that a sentence follows,
//! and it knows no world. Retrieval, storage, embedding models and HTTP are
//! elsewhere; embeddings come in as a function ([`Embed`]).
//!
//! A question that leans on earlier ones is made to stand alone first, by rules
//! ([`resolve`]) or by a language model whose words are checked
//! ([`accepted_rewriting`]).
//!
//! Main types: [`Asked`] (what is to be answered) and [`Config`] (thresholds and
//! policy). Answers are [`crate::model::Answer`].

mod abstain;
mod answerable;
mod asked;
mod choice;
mod citation_marks;
mod config;
mod countries;
mod coverage;
mod days;
mod directions;
mod extractive;
mod facts;
mod focus;
mod follow_up;
mod generated;
mod linear;
mod markdown;
mod measures;
mod names;
mod passage;
mod polarity;
mod prompt;
mod question;
mod rewrite;
mod sentences;
mod short_answer;
mod subjects;
mod support;
mod support_features;
mod words;

pub use abstain::is_abstention;
pub use asked::{Asked, Embed, EmbedFailure};
pub use config::{Config, Policy};
pub use coverage::{Rarity, words_that_weigh};
pub use extractive::{answerability, extractive};
pub use follow_up::{KnownName, KnownNames, MAX_TURNS, Turn, resolve};
pub use generated::{Draft, Writing, generated};
pub use linear::Features;
pub use prompt::{INSUFFICIENT, PROMPT_TEMPLATE, prompt};
pub use rewrite::{accepted_rewriting, rewrite_prompt};
pub use support::{Claim, check, support_features};
