//! Backups are of one moment, are restored exactly, and name what is damaged.

use crate::access::{client, key};
use crate::audit_tamper::{answered, ask};
use crate::fixtures::{
    ingest, init_with_text_alone, open, outcome, program, pump_documents, write,
};
use crate::server::{http, serve_on};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use veritrail::backup::{BackupReader, BackupWriter, Manifest};
use veritrail::engine::{BackupOptions, KnowledgeBase, restore};
use veritrail::model::Query;
use veritrail::retrieve::RetrievalMode;

fn back_up(knowledge_base: &KnowledgeBase, target: &Path) -> Manifest {
    let writer = BackupWriter::create(target).unwrap();
    knowledge_base.backup(writer, BackupOptions::default()).unwrap().0
}

/// What is found for questions, with all scores.
fn found(knowledge_base: &KnowledgeBase) -> Vec<String> {
    let session = knowledge_base.session().unwrap();
    let questions = ["When does error E-17 show?", "What costs 4 euro?", "Pump X-10"];
    let find = |question: &&str| {
        let query = Query::text(*question, 10);
        format!("{:?}", session.search(&query, RetrievalMode::Graph).unwrap().hits)
    };
    questions.iter().map(find).collect()
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_restored_knowledge_base_answers_the_same_with_the_same_chain() {
    let (root, answers) = answered();
    let place = tempfile::tempdir().unwrap();
    let knowledge_base = open(root.path());
    for name in ["folder", "archive.zip"] {
        let (backup, new) = (place.path().join(name), place.path().join(format!("new-{name}")));
        let manifest = back_up(&knowledge_base, &backup);
        assert_eq!(manifest.head.last_sequence, Some(answers.len() as u64));
        let site_key = root.path().join("audit/key");
        let restored = restore(&backup, &new, Some(&site_key)).unwrap();
        assert!(restored.has_site_key);
        let restored = open(&new);
        assert_eq!(restored.current().unwrap(), knowledge_base.current().unwrap());
        assert_eq!(found(&restored), found(&knowledge_base));
        let verified =
            |of: &KnowledgeBase| serde_json::to_value(of.verify_audit(None, &[]).unwrap()).unwrap();
        assert_eq!(verified(&restored), verified(&knowledge_base));
        for id in &answers {
            assert_eq!(
                restored.answer_record(id).unwrap().len(),
                knowledge_base.answer_record(id).unwrap().len()
            );
        }
        assert!(restored.replay(&answers[0]).unwrap().identical);
        let checked = restored.check_all().unwrap();
        assert_eq!(checked.findings, Vec::<String>::new());
        assert_eq!((checked.n_records, checked.n_blobs > 0), (answers.len(), true));
        // The chain goes on where it ended.
        ask(&restored, "When does error E-17 show?");
        let verification = restored.verify_audit(None, &[]).unwrap();
        assert!(verification.is_sound(), "{:?}", verification.findings);
        assert_eq!(verification.n_records, answers.len() + 1);
    }
}

#[test]
fn nothing_is_overwritten_and_keys_stay_where_they_are() {
    let (root, _) = answered();
    let (id, _) = key(root.path(), &["--name", "anna", "--role", "agent"]);
    let place = tempfile::tempdir().unwrap();
    let knowledge_base = open(root.path());
    let backup = place.path().join("backup");
    let manifest = back_up(&knowledge_base, &backup);
    let names: Vec<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    assert!(names.contains(&"audit/public-key") && names.contains(&"veritrail.toml"));
    assert!(!names.iter().any(|name| name.starts_with("access/") || *name == "audit/key"));
    assert_eq!(manifest.head.left_out.len(), 2, "{:?}", manifest.head.left_out);
    assert!(BackupWriter::create(&backup).is_err());
    let with_keys = place.path().join("with-keys.zip");
    let writer = BackupWriter::create(&with_keys).unwrap();
    let options = BackupOptions { api_keys: true };
    let manifest = knowledge_base.backup(writer, options).unwrap().0;
    assert!(manifest.files.iter().any(|file| file.path == "access/keys.json"));
    let new = place.path().join("new");
    restore(&with_keys, &new, None).unwrap();
    assert!(fs::read_to_string(new.join("access/keys.json")).unwrap().contains(&id));
    let before = files(&new);
    let error = restore(&backup, &new, None).unwrap_err().to_string();
    assert!(error.contains("not overwritten"), "{error}");
    assert_eq!(files(&new), before);
    // Without the key of the site nothing is answered, and all can be verified.
    let restored = open(&new);
    assert!(restored.verify_audit(None, &[]).unwrap().is_sound());
    let again = place.path().join("again");
    assert_eq!(back_up(&restored, &again).head.last_seal, manifest.head.last_seal);
    let other = place.path().join("other-key");
    veritrail::audit::SiteKey::new(&[7; 32]).save(&other).unwrap();
    let error = restore(&backup, &place.path().join("x"), Some(&other)).unwrap_err().to_string();
    assert!(error.contains("is not the key that signed"), "{error}");
    assert!(!place.path().join("x").exists());
}

#[test]
fn backups_made_while_documents_and_answers_come_in_are_each_of_one_moment() {
    let (root, _) = answered();
    let (place, source) = (tempfile::tempdir().unwrap(), pump_documents());
    let knowledge_base = open(root.path());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !done.load(Ordering::SeqCst) {
                n += 1;
                ask(&knowledge_base, &format!("When does error E-17 show, {n}?"));
            }
        });
        scope.spawn(|| {
            let mut n = 0;
            while !done.load(Ordering::SeqCst) {
                n += 1;
                let text = format!("# Part {n}\n\nThe shaft seal has the order number SP-{n}.\n");
                write(source.path(), &format!("docs/part-{n}.md"), text);
                ingest(&knowledge_base, source.path());
            }
        });
        for n in 0..6 {
            back_up(&knowledge_base, &place.path().join(format!("{n}.zip")));
        }
        done.store(true, Ordering::SeqCst);
    });
    let mut last = 0;
    for n in 0..6 {
        let (backup, new) =
            (place.path().join(format!("{n}.zip")), place.path().join(format!("new-{n}")));
        assert_eq!(BackupReader::open(&backup).unwrap().verify(), Vec::<String>::new());
        let manifest = restore(&backup, &new, None).unwrap().manifest;
        let restored = open(&new);
        let checked = restored.check_all().unwrap();
        assert_eq!(checked.findings, Vec::<String>::new(), "backup {n}");
        assert_eq!(checked.notes, Vec::<String>::new(), "graph and log end alike");
        assert_eq!(checked.generation, manifest.head.generation);
        assert_eq!(Some(checked.n_records as u64), manifest.head.last_sequence);
        assert!(checked.n_records >= last, "backup {n}");
        last = checked.n_records;
        assert!(restored.session().is_ok());
    }
}

#[test]
fn a_flipped_byte_anywhere_is_named_by_check() {
    let (root, _) = answered();
    let place = tempfile::tempdir().unwrap();
    let backup = place.path().join("backup");
    let manifest = back_up(&open(root.path()), &backup);
    for file in manifest.files.iter().filter(|file| file.size_bytes > 0) {
        let path = backup.join(&file.path);
        let whole = fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        fs::write(&path, flipped).unwrap();
        let findings = BackupReader::open(&backup).unwrap().verify();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].starts_with(&file.path), "{findings:?}");
        fs::write(&path, whole).unwrap();
    }
    let check = |arguments: &[&str]| {
        let output = program(root.path()).arg("check").args(arguments).output().unwrap();
        outcome(&output)
    };
    let named = backup.to_str().unwrap();
    let (code, said, wrong) = check(&[named]);
    assert!(code == 0 && said.ends_with("sound\n"), "{said} {wrong}");
    let list = backup.join("manifest.json");
    let whole = fs::read_to_string(&list).unwrap();
    fs::write(&list, whole.replacen("size_bytes\": 1", "size_bytes\": 2", 1)).unwrap();
    let (code, said, _) = check(&[named]);
    assert!(code == 3 && said.contains("manifest.json"), "{said}");
    fs::write(&list, whole).unwrap();
    // The same in a knowledge base.
    let (code, said, wrong) = check(&[]);
    assert!(code == 0 && said.ends_with("sound\n"), "{said} {wrong}");
    let flip = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let some = |folder: &str, ending: &str| -> String {
        let all = files(&root.path().join(folder));
        let largest = all
            .iter()
            .filter(|(name, _)| name.to_str().unwrap().ends_with(ending))
            .max_by_key(|(_, bytes)| bytes.len());
        format!("{folder}/{}", largest.unwrap().0.display())
    };
    for (folder, ending) in [("blobs", ""), ("vectors", ".seg"), ("generations", ".store")] {
        let name = some(folder, ending);
        flip(&root.path().join(&name));
        let (code, said, _) = check(&[]);
        assert!(code == 3 && said.contains(&name), "{name}: {said}");
        flip(&root.path().join(&name));
    }
    let (code, said, _) = check(&[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn the_commands_back_up_restore_and_refuse() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    let generation = ingest(&knowledge_base, source.path());
    ask(&knowledge_base, "When does error E-17 show?");
    drop(knowledge_base);
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("a.zip");
    let backup =
        |target: &Path| outcome(&program(root.path()).arg("backup").arg(target).output().unwrap());
    let (code, said, wrong) = backup(&archive);
    assert!(code == 0 && said.contains(&generation), "{said} {wrong}");
    assert!(said.contains("audit/key: whoever has"), "{said}");
    let (code, _, wrong) = backup(&archive);
    assert!(code == 1 && wrong.contains("not overwritten"), "{wrong}");
    let (code, _, wrong) = backup(&root.path().join("inside"));
    assert!(code == 1 && wrong.contains("belongs elsewhere"), "{wrong}");
    let new = place.path().join("new");
    let restore = || {
        let site_key = root.path().join("audit/key");
        let mut command = program(&new);
        command.arg("restore").arg(&archive).arg("--site-key").arg(site_key);
        outcome(&command.output().unwrap())
    };
    let (code, said, wrong) = restore();
    assert!(code == 0 && said.contains(&generation), "{said} {wrong}");
    let (code, _, wrong) = restore();
    assert!(code == 1 && wrong.contains("not overwritten"), "{wrong}");
    let asked = program(&new).args(["ask", "When does error E-17 show?"]).output().unwrap();
    let (code, said, wrong) = outcome(&asked);
    assert!(code == 0 && said.contains("E-17"), "{said} {wrong}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&archive).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "for its owner alone");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_gives_a_backup_to_admins_who_see_everything_while_it_answers() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let settings = root.path().join("veritrail.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{text}[serve]\nauthentication = 'required'\n")).unwrap();
    let made = |arguments: &[&str]| key(root.path(), arguments).1;
    let admin = made(&["--name", "ada", "--role", "admin", "--all-labels"]);
    let narrow = made(&["--name", "ned", "--role", "admin"]);
    let auditor = made(&["--name", "otto", "--role", "auditor", "--all-labels"]);
    let knowledge_base = open(root.path());
    let generation = ingest(&knowledge_base, source.path());
    let server = serve_on(root, knowledge_base).await;
    let url = format!("{}/api/backup", server.base);
    for refused in [&narrow, &auditor] {
        let response = client().get(&url).bearer_auth(refused).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 403);
    }
    let asked = |n: usize| {
        let body = json!({ "model": "veritrail", "messages": [
            { "role": "user", "content": format!("When does error E-17 show, {n}?") }
        ] });
        let url = format!("{}/v1/chat/completions", server.base);
        http().post(url).bearer_auth(&admin).json(&body).send()
    };
    let mut bodies = Vec::new();
    let mut bytes = Vec::new();
    for n in 0..4 {
        let backup = client().get(&url).bearer_auth(&admin).send();
        let (answer, backup) = tokio::join!(asked(n), backup);
        bodies.push(answer.unwrap().json::<Value>().await.unwrap());
        let backup = backup.unwrap();
        assert_eq!(backup.status().as_u16(), 200);
        bytes = backup.bytes().await.unwrap().to_vec();
    }
    assert!(bodies.iter().all(|body| body["answer_id"].is_string()), "{bodies:?}");
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("served.zip");
    fs::write(&archive, bytes).unwrap();
    let new = place.path().join("new");
    let restored = restore(&archive, &new, None).unwrap();
    assert_eq!(restored.manifest.head.generation.as_deref(), Some(generation.as_str()));
    let checked = open(&new).check_all().unwrap();
    assert_eq!(checked.findings, Vec::<String>::new());
    assert!(checked.n_records >= 3, "{checked:?}");
}
