//! The README's commands are real: each is run, and its output compared with what stands there.

use std::path::Path;
use std::process::Command;

/// The command lines of the `console` blocks with the output shown under each.
fn commands(readme: &str) -> Vec<(String, String)> {
    let mut commands = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        for run in block.split("$ siptally ").skip(1) {
            let (command, output) = run.split_once('\n').unwrap_or((run, ""));
            commands.push((command.to_owned(), output.trim_end().to_owned()));
        }
    }
    commands
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let commands = commands(&readme);
    assert!(!commands.is_empty(), "the README shows a command");
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root.join("sample-logs"), folder.path().join("sample-logs")).unwrap();
    for (command, shown) in commands {
        let run = Command::new(env!("CARGO_BIN_EXE_siptally"))
            .args(command.split_whitespace())
            .current_dir(folder.path())
            .output()
            .unwrap();
        let printed = String::from_utf8(run.stdout).unwrap();
        assert_eq!(printed.trim_end(), shown, "siptally {command}");
        assert!(run.status.success(), "siptally {command}");
    }
}

#[test]
fn a_command_and_its_output_are_told_apart() {
    let readme = "x\n```console\n$ siptally a b\none\n$ siptally c\ntwo\n```\n```toml\n$ siptally no\n```\n";
    let expected = [("a b", "one"), ("c", "two")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(commands(readme), expected);
}
