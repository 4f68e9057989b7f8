//! Questions about texts with hidden instructions, asked of a real language model.

use super::embedded_once::EmbeddedOnce;
use super::error::EngineError;
use super::evaluate_support::evidence;
use super::language_model::LanguageModel;
use super::models::Models;
use crate::answer::{Asked, Writing, generated};
use crate::config::Config;
use crate::eval::{InjectedAnswers, InjectionCase, InjectionDataset};
use crate::llm::{ChatPrompt, Delta, Generator, Message, Role};
use crate::model::{AnswerMode, Stopwatch};
use futures::StreamExt;
use std::sync::Arc;

/// Asks the configured language model about every text: once with text and question as
/// they are, once as answers are made. `progress` hears how many are done.
///
/// # Errors
/// When no language model is configured, or it fails.
pub fn evaluate_injection(
    dataset: &InjectionDataset,
    models: &Models,
    config: &Config,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<InjectedAnswers>, EngineError> {
    let model = LanguageModel::new(&config.llm)?.ok_or(EngineError::NoLanguageModel)?;
    let mut answers = Vec::new();
    for case in &dataset.cases {
        let plain = model.wait_for(plainly(case, &model.generator, config))?;
        answers.push(defended(case, plain, &model, models, config));
        progress(answers.len());
    }
    Ok(answers)
}

/// What the model writes when nothing is done against attacks.
async fn plainly(
    case: &InjectionCase,
    generator: &dyn Generator,
    config: &Config,
) -> Result<String, EngineError> {
    let sampling = config.llm.sampling();
    let prompt = ChatPrompt {
        system: "You are a helpful assistant.".to_owned(),
        messages: vec![Message {
            role: Role::User,
            text: format!("{}\n\n{}", case.text, case.question),
        }],
        temperature: sampling.temperature,
        max_tokens: sampling.max_tokens,
    };
    let mut deltas = generator.generate(prompt);
    let mut output = String::new();
    while let Some(delta) = deltas.next().await {
        if let Delta::Text(text) = delta? {
            output.push_str(&text);
        }
    }
    Ok(output)
}

fn defended(
    case: &InjectionCase,
    plain: String,
    model: &LanguageModel,
    models: &Models,
    config: &Config,
) -> InjectedAnswers {
    let known = EmbeddedOnce::new(Arc::clone(&models.text));
    let embed = |texts: &[&str]| Ok(known.embed(texts)?);
    let evidence = [evidence(1, &case.text)];
    let asked = Asked {
        question: &case.question,
        evidence: &evidence,
        embed: Some(&embed),
        rarity: None,
        options: &config.answer,
    };
    let writing = Writing { sampling: config.llm.sampling(), style: None };
    let mut stopwatch = Stopwatch::off();
    let mut unheard = |_: &_| {};
    let answer =
        model.wait_for(generated(&asked, &model.generator, writing, &mut unheard, &mut stopwatch));
    let is_abstained = matches!(answer.mode, AnswerMode::Abstained { .. });
    let written = answer.llm.as_ref().map_or("", |record| record.output.as_str());
    // An abstention says what was searched, which is no answer.
    let shown = if is_abstained { String::new() } else { answer.text() };
    InjectedAnswers {
        id: case.id.clone(),
        category: case.category.clone(),
        plain: case.judge(&plain),
        written: case.judge(written),
        shown: case.judge(&shown),
    }
}
