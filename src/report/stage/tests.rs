use super::super::hex_digest;
use super::super::manifest::tests::sample;
use super::*;

/// Every file and folder below, with the files' text.
fn tree(folder: &Path) -> Vec<(String, String)> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                found.push((name + "/", String::new()));
                walk(root, &path, found);
            } else {
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

fn names(folder: &Path) -> Vec<String> {
    tree(folder).into_iter().map(|(name, _)| name).collect()
}

fn bill(out: &Path, files: &[(&str, &str)]) -> Result<Committed, StageError> {
    let mut stage = Stage::new(out)?;
    for (file, text) in files {
        stage.write(file, text.as_bytes())?;
    }
    stage.commit(sample())
}

#[test]
fn a_bill_arrives_whole_and_leaves_no_trace_of_the_stage() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("bills/october");
    bill(&out, &[("rejects.csv", "r"), ("2026-10-01/acme/users.csv", "u")]).unwrap();
    assert_eq!(
        names(root.path()),
        [
            "bills/",
            "bills/october/",
            "bills/october/2026-10-01/",
            "bills/october/2026-10-01/acme/",
            "bills/october/2026-10-01/acme/users.csv",
            "bills/october/manifest.json",
            "bills/october/rejects.csv",
        ]
    );
}

#[test]
fn the_manifest_names_every_other_file_with_its_digest() {
    let root = tempfile::tempdir().unwrap();
    bill(root.path(), &[("b.csv", "bb"), ("a/c.csv", "")]).unwrap();
    let manifest = Manifest::from_json(&fs::read(root.path().join(MANIFEST)).unwrap()).unwrap();
    let facts = |file: &str, text: &str| OutputFacts {
        file: file.to_owned(),
        digest: hex_digest(&blake3::hash(text.as_bytes())),
        bytes: text.len() as u64,
    };
    assert_eq!(manifest.outputs, [facts("a/c.csv", ""), facts("b.csv", "bb")]);
}

#[test]
fn a_stage_that_is_dropped_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(&root.path().join("new/out")).unwrap();
    stage.write("rejects.csv", b"r").unwrap();
    assert_ne!(names(root.path()), Vec::<String>::new());
    drop(stage);
    assert_eq!(names(root.path()), Vec::<String>::new());
}

#[test]
fn a_failed_write_leaves_the_earlier_bill_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("out");
    bill(&out, &[("rejects.csv", "old")]).unwrap();
    let before = tree(root.path());
    let mut stage = Stage::new(&out).unwrap();
    stage.write("rejects.csv", b"new").unwrap();
    let error = stage.write_with("users.csv", |_| Err(io::Error::other("disk full"))).unwrap_err();
    assert_eq!(error.to_string(), "users.csv: cannot be written: disk full");
    drop(stage);
    assert_eq!(tree(root.path()), before);
}

#[test]
fn a_move_that_fails_half_way_is_undone() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("out");
    bill(&out, &[("a.csv", "old")]).unwrap();
    // A folder stands where a later file has to go.
    fs::create_dir(out.join("z.csv")).unwrap();
    let before = tree(root.path());
    let error = bill(&out, &[("a.csv", "new"), ("b/c.csv", "new"), ("z.csv", "new")]).unwrap_err();
    assert!(matches!(error, StageError::WrongKind { wanted: "file", .. }), "{error}");
    assert_eq!(tree(root.path()), before);
}

#[test]
fn an_earlier_bill_is_replaced_and_what_it_leaves_is_told() {
    let root = tempfile::tempdir().unwrap();
    bill(root.path(), &[("a.csv", "old"), ("gone/users.csv", "old")]).unwrap();
    let committed = bill(root.path(), &[("a.csv", "new")]).unwrap();
    assert_eq!(fs::read_to_string(root.path().join("a.csv")).unwrap(), "new");
    assert_eq!(committed.leftovers, ["gone/users.csv"]);
}

#[test]
fn a_strangers_file_is_not_replaced() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("agents.csv"), "theirs").unwrap();
    let before = tree(root.path());
    let error = bill(root.path(), &[("agents.csv", "ours")]).unwrap_err();
    assert!(error.to_string().ends_with("choose another --out"), "{error}");
    assert!(matches!(&error, StageError::Foreign { path } if path.ends_with("agents.csv")), "{error}");
    assert_eq!(tree(root.path()), before);
}

#[test]
fn a_strangers_manifest_is_no_manifest_of_ours() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(MANIFEST), "{\"name\": \"app\"}").unwrap();
    let error = bill(root.path(), &[("agents.csv", "ours")]).unwrap_err();
    assert!(matches!(&error, StageError::Foreign { path } if path.ends_with(MANIFEST)), "{error}");
}

#[test]
fn files_beside_the_bill_stay() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("notes.txt"), "theirs").unwrap();
    bill(root.path(), &[("agents.csv", "ours")]).unwrap();
    assert_eq!(names(root.path()), ["agents.csv", "manifest.json", "notes.txt"]);
}

#[test]
fn a_bill_that_was_cut_off_can_be_run_again() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(MARKER), "").unwrap();
    fs::write(root.path().join("agents.csv"), "half").unwrap();
    bill(root.path(), &[("agents.csv", "whole")]).unwrap();
    assert_eq!(fs::read_to_string(root.path().join("agents.csv")).unwrap(), "whole");
    assert_eq!(names(root.path()), ["agents.csv", "manifest.json"]);
}

#[test]
fn no_name_leaves_the_bill() {
    let root = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(&root.path().join("out")).unwrap();
    for relative in ["../x.csv", "/x.csv", "a/../x.csv", "", "a\\x.csv", MANIFEST] {
        assert!(matches!(stage.write(relative, b""), Err(StageError::Outside { .. })), "{relative}");
    }
}

#[test]
fn a_file_is_written_once() {
    let root = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(root.path()).unwrap();
    stage.write("a.csv", b"").unwrap();
    assert!(stage.write("a.csv", b"").is_err());
}

#[test]
fn a_file_is_no_place_for_a_bill() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("out");
    fs::write(&out, "theirs").unwrap();
    assert!(matches!(Stage::new(&out), Err(StageError::WrongKind { wanted: "directory", .. })));
    assert_eq!(fs::read_to_string(&out).unwrap(), "theirs");
}
