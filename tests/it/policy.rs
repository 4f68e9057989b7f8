//! The rules of `policy.toml`: checked, recorded, and applied to questions and answers.

use crate::fixtures::{
    ingest, init_with_text_alone, open, outcome, program, pump_documents, write,
};
use std::path::Path;
use tempfile::TempDir;
use veritrail::audit::AnswerStory;
use veritrail::engine::{AskOptions, EngineError, KnowledgeBase, read_policy};
use veritrail::model::{AnswerId, AnswerMode, AnswerRecord, ClaimStatus, Principal, Query, Role};

/// A knowledge base of the pump documents with a policy.
fn governed(policy: &str) -> (TempDir, KnowledgeBase) {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    write(root.path(), "policy.toml", policy);
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    (root, knowledge_base)
}

fn run(root: &Path, arguments: &[&str]) -> (i32, String, String) {
    outcome(&program(root).args(arguments).output().unwrap())
}

#[test]
fn the_example_of_a_policy_is_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/policy.toml");
    let policy = read_policy(&file).unwrap().unwrap();
    let does: Vec<&str> = policy.rules().iter().flat_map(|rule| rule.what_it_does()).collect();
    let all = ["refuse", "count", "ignore", "require_space", "disclaimer", "ban", "approval"];
    assert_eq!(does, all, "each thing that a rule can do is shown once");
}

#[test]
fn the_command_line_checks_and_shows_policies() {
    let root = tempfile::tempdir().unwrap();
    init_with_text_alone(root.path());
    let (code, said, _) = run(root.path(), &["policy", "check"]);
    assert!(code == 0 && said.starts_with("no policy: "), "{said}");
    write(root.path(), "new.toml", "[[rule]]\nname = 'a'\nroles = ['boss']\nrefuse = 'no'\n");
    let file = root.path().join("new.toml");
    let (code, _, error) = run(root.path(), &["policy", "check", file.to_str().unwrap()]);
    assert_eq!(code, 1);
    for words in ["new.toml: rule `a`: key `roles`", "boss", "agent"] {
        assert!(error.contains(words), "{error}");
    }
    write(root.path(), "policy.toml", "[[rule]]\nname = 'a'\ntopics = ['Dose']\nrefuse = 'no'\n");
    let (code, said, _) = run(root.path(), &["policy", "check"]);
    assert!(code == 0 && said.contains("policy.toml: 1 rules, SHA-256 "), "{said}");
    let (_, said, _) = run(root.path(), &["policy", "show"]);
    assert!(said.contains("a: questions about dose: refuse"), "{said}");
    let (_, said, _) = run(root.path(), &["policy", "show", "--format", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(shown["rules"][0]["does"][0], "refuse");
}

#[test]
fn a_policy_that_is_wrong_stops_the_opening_and_one_that_changed_is_recorded() {
    let (root, knowledge_base) = governed("[[rule]]\nname = 'a'\nban = ['recall']\n");
    let first = knowledge_base.policy().unwrap().digest();
    drop(knowledge_base);
    write(root.path(), "policy.toml", "[[rule]]\nname = 'a'\nbann = ['recall']\n");
    let (code, _, error) = run(root.path(), &["status"]);
    assert!(code == 1 && error.contains("policy.toml: rule `a`") && error.contains("bann"));
    write(root.path(), "policy.toml", "# none\n");
    let knowledge_base = open(root.path());
    let second = knowledge_base.policy().unwrap().digest();
    drop(knowledge_base);
    drop(open(root.path()));
    std::fs::remove_file(root.path().join("policy.toml")).unwrap();
    let knowledge_base = open(root.path());
    assert!(knowledge_base.policy().is_none());
    let changes = knowledge_base.policy_changes().unwrap();
    let policies: Vec<_> = changes.iter().map(|change| (change.replaced, change.policy)).collect();
    assert_eq!(policies, [(None, Some(first)), (Some(first), Some(second)), (Some(second), None)]);
    assert!(changes.iter().all(|change| !change.principal.is_empty()));
    let text = knowledge_base.policy_text(&first).unwrap().unwrap();
    assert!(text.contains("ban = ['recall']"), "{text}");
    let validation = knowledge_base.validate(&[]).unwrap();
    assert!(validation.findings.is_empty(), "{validation:?}");
    drop(knowledge_base);
    let (_, listed, _) = run(root.path(), &["policy", "history"]);
    assert_eq!(listed.lines().count(), 3);
    assert!(listed.lines().next().unwrap().ends_with(&first.to_string()), "{listed}");
    let (_, text, _) = run(root.path(), &["policy", "show", "--digest", &first.to_string()]);
    assert_eq!(text, "[[rule]]\nname = 'a'\nban = ['recall']\n");
}

const ASKED: &str = "What is the order number of the shaft seal?";

fn ask(knowledge_base: &KnowledgeBase, question: &str) -> Result<AnswerRecord, EngineError> {
    let options = AskOptions::of(Principal::new("anna", Role::Agent, None));
    let session = knowledge_base.session().unwrap();
    session.ask(&Query::text(question, 20), &options, &mut |_| {})
}

/// The record as it stands in the graph.
fn story(knowledge_base: &KnowledgeBase, id: &AnswerId) -> AnswerStory {
    let story = knowledge_base.answer_story(id).unwrap();
    assert_eq!(story.is_as_sealed, Some(true));
    let validation = knowledge_base.validate(&[]).unwrap();
    assert!(validation.findings.is_empty(), "{validation:?}");
    story
}

/// Rule, effect and number of each rule that had an effect.
fn effects(story: &AnswerStory) -> Vec<(&str, &str, usize)> {
    let rules = story.record.rules.iter();
    rules.map(|rule| (rule.rule.as_str(), rule.effect.as_str(), rule.n)).collect()
}

#[test]
fn a_question_is_refused_with_the_words_of_the_rule_and_recorded() {
    let (root, knowledge_base) = governed(
        "[[rule]]\nname = 'parts'\ntopics = ['order number']\nroles = ['agent', 'admin']\n\
         refuse = 'Ask the parts desk.'\n",
    );
    let error = ask(&knowledge_base, ASKED).unwrap_err();
    let EngineError::Refused { message, rule, answer } = error else { panic!("{error}") };
    assert_eq!((message.as_str(), rule.as_str()), ("Ask the parts desk.", "parts"));
    let story = story(&knowledge_base, &AnswerId::from_name(&answer).unwrap());
    assert_eq!((story.record.mode.as_str(), story.record.question.as_str()), ("refused", ASKED));
    assert_eq!(story.record.text, "Ask the parts desk.");
    assert_eq!(effects(&story), [("parts", "refused", 1)]);
    assert!(story.record.evidence.is_empty() && story.record.documents.is_empty());
    assert!(story.to_text().contains("parts: refused (1)"), "{}", story.to_text());
    assert!(ask(&knowledge_base, "When does the Pump X-10 show error E-17?").is_ok());
    let replayed = knowledge_base.replay(&AnswerId::from_name(&answer).unwrap());
    assert!(matches!(replayed, Err(EngineError::NoReplay { .. })), "{replayed:?}");
    drop(knowledge_base);
    let (code, said, error) = run(root.path(), &["ask", ASKED]);
    assert_eq!((code, said.as_str()), (1, ""));
    assert!(error.contains("Ask the parts desk.") && error.contains("the rule `parts`"), "{error}");
}

#[test]
fn documents_that_do_not_count_are_no_evidence_and_replay_names_the_policy() {
    let (root, knowledge_base) = governed(
        "[[rule]]\nname = 'costs'\ntopics = ['seal']\ncount = { sources = ['secret/**'] }\n",
    );
    let record = ask(&knowledge_base, ASKED).unwrap();
    assert!(!record.evidence.is_empty());
    assert!(record.evidence.iter().all(|item| item.source == "secret/cost.md"), "{record:?}");
    let policy = knowledge_base.policy().unwrap().digest();
    let told = story(&knowledge_base, &record.id);
    assert!(told.record.policy.as_ref().unwrap().ends_with(&policy.to_string()));
    let [(rule, effect, n)] = effects(&told)[..] else { panic!("{told:?}") };
    assert!((rule, effect) == ("costs", "filtered") && n > 0, "{rule} {effect} {n}");
    let replay = knowledge_base.replay(&record.id).unwrap();
    assert!(replay.identical && replay.changed.is_empty(), "{replay:?}");
    // A question that no rule is for names the policy all the same.
    let other = ask(&knowledge_base, "When does the Pump X-10 show error E-17?").unwrap();
    let told = story(&knowledge_base, &other.id);
    assert!(told.record.policy.is_some() && told.record.rules.is_empty());
    drop(knowledge_base);
    write(root.path(), "policy.toml", "# no rule\n");
    let knowledge_base = open(root.path());
    let now = knowledge_base.policy().unwrap().digest();
    let replay = knowledge_base.replay(&record.id).unwrap();
    assert_eq!(replay.changed, [format!("policy: was {policy}, is {now}")]);
    assert!(!replay.identical);
}

#[test]
fn disclaimers_stand_below_the_answer_and_say_that_a_space_is_missing() {
    let (root, knowledge_base) = governed(
        "[[rule]]\nname = 'seals'\nentities = ['Parts list', 'shaft seal']\n\
         disclaimer = 'Check the drawing.'\n\
         [[rule]]\nname = 'pictures'\ntopics = ['seal']\nrequire_space = 'veritrail-lite'\n",
    );
    let record = ask(&knowledge_base, ASKED).unwrap();
    assert!(record.answer.text().contains("SP-3117"));
    assert!(!record.answer.text().contains("drawing"), "it is no sentence of the answer");
    let [missing, words] = record.disclaimers() else { panic!("{record:?}") };
    assert_eq!(words, "Check the drawing.");
    assert!(missing.contains("`veritrail-lite`") && missing.contains("`pictures`"), "{missing}");
    let told = story(&knowledge_base, &record.id);
    assert_eq!(effects(&told), [("pictures", "space-missing", 1), ("seals", "disclaimed", 1)]);
    assert_eq!(told.record.disclaimers.len(), 2);
    assert!(told.record.sentences.iter().all(|sentence| !sentence.text.contains("drawing")));
    drop(knowledge_base);
    let (code, said, _) = run(root.path(), &["ask", ASKED]);
    assert!(code == 0 && said.contains("\nCheck the drawing.\n"), "{said}");
}

#[test]
fn banned_sentences_are_withheld_and_an_answer_of_them_alone_abstains() {
    let (_root, knowledge_base) =
        governed("[[rule]]\nname = 'numbers'\nban = ['SP 3117', 'E-17']\n");
    let record = ask(&knowledge_base, ASKED).unwrap();
    assert!(matches!(record.answer.mode, AnswerMode::Abstained { .. }), "{record:?}");
    assert!(!record.answer.text().contains("3117") && record.answer.short_answer.is_none());
    assert!(record.answer.text().contains("`numbers`"), "{}", record.answer.text());
    let told = story(&knowledge_base, &record.id);
    let banned = told.record.sentences.iter().filter(|s| s.verdict == "banned" && !s.kept);
    assert_eq!(banned.count(), told.record.n_withheld);
    assert!(effects(&told)[0].1 == "banned" && told.record.n_withheld > 0);
    let access = knowledge_base.answer_access(&record.id).unwrap().unwrap();
    assert!(!access.is_readable_by(&Principal::new("anna", Role::Agent, None)));
}

#[test]
fn an_answer_waits_until_somebody_approves_it_on_the_command_line() {
    let (root, knowledge_base) =
        governed("[[rule]]\nname = 'checked'\ntopics = ['order number']\napproval = true\n");
    drop(knowledge_base);
    let run = |arguments: &[&str]| run(root.path(), arguments);
    let (code, said, _) = run(&["ask", ASKED, "--explain"]);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("waits for approval") && !said.contains("3117"), "{said}");
    let (_, said, _) = run(&["ask", ASKED, "--format", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(!said.contains("3117"), "{said}");
    assert_eq!(shown["answer"]["mode"]["mode"], "waiting", "{said}");
    let id = shown["id"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let (_, listed, _) = run(&["review", "--of", "answers"]);
    assert!(listed.contains(&id) && listed.contains("SP-3117"), "{listed}");
    let (code, said, error) = run(&["review", "accept", &id, "--reason", "read it"]);
    assert_eq!((code, said.as_str()), (0, "1 accepted\n"), "{error}");
    let (_, listed, _) = run(&["review", "--of", "answers"]);
    assert!(!listed.contains(&id), "{listed}");
    let (_, said, _) = run(&["audit", "show", &id]);
    assert!(said.contains("released by ") && said.contains(": read it"), "{said}");
    assert!(said.contains("checked: held (1)") && said.contains("SP-3117"), "{said}");
    // A later decision undoes an earlier one.
    assert_eq!(run(&["review", "reject", &id]).0, 0);
    let (_, listed, _) = run(&["review", "--of", "answers", "--status", "rejected"]);
    assert!(listed.contains(&id), "{listed}");
    assert_eq!(run(&["audit", "verify"]).0, 0);
    let knowledge_base = open(root.path());
    let validation = knowledge_base.validate(&[]).unwrap();
    assert!(validation.findings.is_empty(), "{validation:?}");
    let refused = knowledge_base.decide_answer(
        &AnswerId::from_name("0123456789abcdef").unwrap(),
        ClaimStatus::Accepted,
        "me",
        None,
    );
    assert!(matches!(refused, Err(EngineError::NotHeld(_))), "{refused:?}");
}
