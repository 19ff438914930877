//! Runs the program the way a user's shell would.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What one run of the program left behind.
pub struct Run {
    /// The exit code; `None` where a signal ended the program.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

/// Runs the program in a folder.
///
/// The environment is what the tests promise: no colours, no locale, and a time zone that no
/// test data uses, so that a result which hangs on the machine's own zone shows up.
pub fn run<S: AsRef<OsStr>>(folder: &Path, args: &[S], stdin: &[u8], env: &[(&str, &str)]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_siptally"))
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C")
        .env("TZ", "Pacific/Chatham")
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut pipe = child.stdin.take().expect("standard input is a pipe");
    let stdin = stdin.to_vec();
    // A thread of its own: the program may write more than a pipe holds before it reads.
    let writer = std::thread::spawn(move || {
        // A program that stops reading early is no failure of the test.
        let _ = pipe.write_all(&stdin);
    });
    let output = child.wait_with_output().expect("the program can be waited for");
    writer.join().expect("the writer does not panic");
    Run {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
