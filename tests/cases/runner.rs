//! One case: read it, lay out its files, compare what the program did.

use crate::siptally::Run;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use toml_edit::{DocumentMut, Item, TableLike, Value};

/// A case as its file describes it; the keys are explained in `tests/cases/README.md`.
#[derive(Debug, Default)]
pub struct Case {
    pub about: String,
    pub args: Vec<String>,
    pub stdin: String,
    skip_if_root: bool,
    exit: Vec<i64>,
    stdout: Option<String>,
    stdout_lines: Option<i64>,
    stdout_contains: Vec<String>,
    stdout_lacks: Vec<String>,
    stderr_contains: Vec<String>,
    stderr_lacks: Vec<String>,
    present: Vec<String>,
    absent: Vec<String>,
    files: Vec<File>,
    outputs: Vec<Output>,
}

/// What a file must say after the run.
#[derive(Debug, Default)]
struct Output {
    path: String,
    contains: Vec<String>,
    lacks: Vec<String>,
}

#[derive(Debug, Default)]
struct File {
    path: String,
    copy: Option<String>,
    bytes: Vec<u8>,
    codec: String,
    cut_end: usize,
    mode: Option<u32>,
}

/// Whether a case can run here.
#[derive(Debug, PartialEq, Eq)]
pub enum Ready {
    Run,
    Skip,
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    ///
    /// Text for the author of the case: no TOML, an unknown key, a value of the wrong kind, no
    /// expected exit code.
    pub fn parse(text: &str) -> Result<Self, String> {
        let document: DocumentMut = text.parse().map_err(|error| format!("{error}"))?;
        let mut case = Self::default();
        for (key, item) in document.iter() {
            match key {
                "about" => case.about = string(key, item)?,
                "args" => case.args = strings(key, item)?,
                "stdin" => case.stdin = string(key, item)?,
                "skip_if_root" => case.skip_if_root = boolean(key, item)?,
                "exit" => case.exit = integers(key, item)?,
                "stdout" => case.stdout = Some(string(key, item)?),
                "stdout_lines" => case.stdout_lines = Some(integer(key, item)?),
                "stdout_contains" => case.stdout_contains = strings(key, item)?,
                "stdout_lacks" => case.stdout_lacks = strings(key, item)?,
                "stderr_contains" => case.stderr_contains = strings(key, item)?,
                "stderr_lacks" => case.stderr_lacks = strings(key, item)?,
                "present" => case.present = strings(key, item)?,
                "absent" => case.absent = strings(key, item)?,
                "file" => {
                    let tables = item.as_array_of_tables().ok_or("`file` is written [[file]]")?;
                    case.files = tables.iter().map(|table| File::parse(table)).collect::<Result<_, _>>()?;
                }
                "output" => {
                    let tables = item.as_array_of_tables().ok_or("`output` is written [[output]]")?;
                    case.outputs =
                        tables.iter().map(|table| Output::parse(table)).collect::<Result<_, _>>()?;
                }
                _ => return Err(format!("unknown key `{key}`")),
            }
        }
        if case.about.is_empty() || case.args.is_empty() || case.exit.is_empty() {
            return Err("a case needs `about`, `args` and `exit`".to_owned());
        }
        Ok(case)
    }

    /// Lays out the files of the case in its folder; `cases` is where `copy` looks.
    ///
    /// # Panics
    ///
    /// If a file cannot be written.
    pub fn prepare(&self, folder: &Path, cases: &Path) -> Ready {
        for file in &self.files {
            file.lay_out(folder, cases);
        }
        let is_readable =
            |file: &File| file.mode != Some(0) || fs::File::open(folder.join(&file.path)).is_ok();
        if self.skip_if_root && self.files.iter().all(is_readable) { Ready::Skip } else { Ready::Run }
    }

    /// Everything in which the run differs from the case.
    pub fn check(&self, run: &Run, folder: &Path) -> Vec<String> {
        let mut problems = Vec::new();
        if run.code.is_none_or(|code| !self.exit.contains(&i64::from(code))) {
            problems.push(format!("exit code {:?}, expected {:?}", run.code, self.exit));
        }
        let stdout = String::from_utf8_lossy(&run.stdout);
        if let Some(expected) = &self.stdout
            && *expected != stdout
        {
            problems.push(format!("stdout is\n{stdout}\n  expected\n{expected}"));
        }
        let lines = stdout.lines().count();
        if self.stdout_lines.is_some_and(|expected| i64::try_from(lines) != Ok(expected)) {
            problems.push(format!("stdout has {lines} lines, expected {:?}:\n{stdout}", self.stdout_lines));
        }
        for (name, text, wanted, unwanted) in [
            ("stdout", &*stdout, &self.stdout_contains, &self.stdout_lacks),
            ("stderr", &*run.stderr, &self.stderr_contains, &self.stderr_lacks),
        ] {
            let missing = wanted.iter().filter(|part| !text.contains(*part));
            problems.extend(missing.map(|part| format!("{name} lacks `{part}`")));
            let present = unwanted.iter().filter(|part| text.contains(*part));
            problems.extend(present.map(|part| format!("{name} contains `{part}`")));
        }
        let exists = |path: &&String| folder.join(path).exists();
        problems.extend(self.present.iter().filter(|path| !exists(path)).map(|path| format!("no `{path}`")));
        problems.extend(self.absent.iter().filter(exists).map(|path| format!("`{path}` exists")));
        problems.extend(self.outputs.iter().flat_map(|output| output.check(folder)));
        problems
    }
}

impl Output {
    fn parse(table: &dyn TableLike) -> Result<Self, String> {
        let mut output = Self::default();
        for (key, item) in table.iter() {
            match key {
                "path" => output.path = string(key, item)?,
                "contains" => output.contains = strings(key, item)?,
                "lacks" => output.lacks = strings(key, item)?,
                _ => return Err(format!("unknown key `{key}` in an output")),
            }
        }
        if output.path.is_empty() { Err("an output needs `path`".to_owned()) } else { Ok(output) }
    }

    fn check(&self, folder: &Path) -> Vec<String> {
        let Self { path, contains, lacks } = self;
        let Ok(bytes) = fs::read(folder.join(path)) else { return vec![format!("no `{path}`")] };
        let text = String::from_utf8_lossy(&bytes);
        let missing = contains.iter().filter(|part| !text.contains(*part));
        let mut problems: Vec<String> = missing.map(|part| format!("{path} lacks `{part}`")).collect();
        let present = lacks.iter().filter(|part| text.contains(*part));
        problems.extend(present.map(|part| format!("{path} contains `{part}`")));
        problems
    }
}

impl File {
    fn parse(table: &dyn TableLike) -> Result<Self, String> {
        let mut file = Self::default();
        // The parts follow each other in this order, whatever the order of the keys.
        let mut parts: [Vec<u8>; 4] = Default::default();
        for (key, item) in table.iter() {
            match key {
                "path" => file.path = string(key, item)?,
                "copy" => file.copy = Some(string(key, item)?),
                "text" => parts[0] = string(key, item)?.into_bytes(),
                "hex" => parts[1] = hex(&string(key, item)?)?,
                "repeat" => {
                    let repeat = item.as_table_like().ok_or("`repeat` is { text, times }")?;
                    let part = |key| repeat.get(key).ok_or(format!("`repeat` needs `{key}`"));
                    let times =
                        usize::try_from(integer("times", part("times")?)?).map_err(|e| e.to_string())?;
                    parts[2] = string("text", part("text")?)?.into_bytes().repeat(times);
                }
                "tail" => parts[3] = string(key, item)?.into_bytes(),
                "codec" => file.codec = string(key, item)?,
                "cut_end" => {
                    file.cut_end = usize::try_from(integer(key, item)?).map_err(|e| e.to_string())?
                }
                "mode" => file.mode = Some(u32::try_from(integer(key, item)?).map_err(|e| e.to_string())?),
                _ => return Err(format!("unknown key `{key}` in a file")),
            }
        }
        file.bytes = parts.concat();
        if file.path.is_empty() { Err("a file needs `path`".to_owned()) } else { Ok(file) }
    }

    fn lay_out(&self, folder: &Path, cases: &Path) {
        let path = folder.join(&self.path);
        if self.path.ends_with('/') {
            fs::create_dir_all(&path).expect("the case's folder can be made");
            return;
        }
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("the case's folder can be made");
        let copied = self.copy.as_ref().map(|copy| {
            fs::read(cases.join(copy)).unwrap_or_else(|error| panic!("cannot copy `{copy}`: {error}"))
        });
        let mut bytes = [copied.unwrap_or_default().as_slice(), &self.bytes].concat();
        bytes = stored(&self.codec, bytes);
        bytes.truncate(bytes.len().saturating_sub(self.cut_end));
        fs::write(&path, bytes).expect("the case's file can be written");
        if let Some(mode) = self.mode {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
        }
    }
}

/// The bytes, compressed as that codec does; as they are for an empty name.
fn stored(codec: &str, bytes: Vec<u8>) -> Vec<u8> {
    let out = Vec::new();
    match codec {
        "" => return bytes,
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
            encoder.write_all(&bytes).and_then(|()| encoder.finish())
        }
        "zstd" => zstd::encode_all(&bytes[..], 0),
        "bzip2" => {
            let mut encoder = bzip2::write::BzEncoder::new(out, bzip2::Compression::default());
            encoder.write_all(&bytes).and_then(|()| encoder.finish())
        }
        "xz" => {
            let mut encoder = liblzma::write::XzEncoder::new(out, 6);
            encoder.write_all(&bytes).and_then(|()| encoder.finish())
        }
        _ => panic!("no codec is called `{codec}`"),
    }
    .expect("memory can be written")
}

fn wrong(key: &str, kind: &str) -> String {
    format!("`{key}` is no {kind}")
}

fn string(key: &str, item: &Item) -> Result<String, String> {
    item.as_str().map(str::to_owned).ok_or_else(|| wrong(key, "string"))
}

fn boolean(key: &str, item: &Item) -> Result<bool, String> {
    item.as_bool().ok_or_else(|| wrong(key, "boolean"))
}

fn integer(key: &str, item: &Item) -> Result<i64, String> {
    item.as_integer().ok_or_else(|| wrong(key, "integer"))
}

fn strings(key: &str, item: &Item) -> Result<Vec<String>, String> {
    let all = item.as_array().ok_or_else(|| wrong(key, "list of strings"))?;
    all.iter()
        .map(|value| value.as_str().map(str::to_owned).ok_or_else(|| wrong(key, "list of strings")))
        .collect()
}

fn integers(key: &str, item: &Item) -> Result<Vec<i64>, String> {
    match item.as_array() {
        Some(all) => all
            .iter()
            .map(|value: &Value| value.as_integer().ok_or_else(|| wrong(key, "list of integers")))
            .collect(),
        None => integer(key, item).map(|one| vec![one]),
    }
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| {
            let pair: String = pair.iter().collect();
            if pair.len() != 2 {
                return Err("`hex` has an odd number of digits".to_owned());
            }
            u8::from_str_radix(&pair, 16).map_err(|_| format!("`{pair}` is no byte in hexadecimal"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(code: i32, stdout: &str) -> Run {
        Run { code: Some(code), stdout: stdout.as_bytes().to_vec(), stderr: "oh\n".to_owned() }
    }

    fn problems(keys: &str, run: &Run) -> usize {
        let case = Case::parse(&format!("about = 'x'\nargs = ['users']\n{keys}")).unwrap();
        case.check(run, Path::new("/")).len()
    }

    #[test]
    fn a_run_that_differs_fails_its_case() {
        assert_eq!(problems("exit = 0", &ran(0, "")), 0);
        assert_eq!(problems("exit = 0", &ran(4, "")), 1);
        assert_eq!(problems("exit = [0, 4]", &ran(4, "")), 0);
        assert_eq!(problems("exit = 0\nstdout = 'a'", &ran(0, "b")), 1);
        assert_eq!(problems("exit = 0\nstdout_lines = 2", &ran(0, "b\n")), 1);
        assert_eq!(problems("exit = 0\nstdout_contains = ['a', 'b']", &ran(0, "b")), 1);
        assert_eq!(problems("exit = 0\nstderr_contains = ['no']", &ran(0, "b")), 1);
        assert_eq!(problems("exit = 0\nstderr_lacks = ['oh']", &ran(0, "b")), 1);
        assert_eq!(problems("exit = 0\npresent = ['no such file here']", &ran(0, "")), 1);
        assert_eq!(problems("exit = 0\nabsent = ['.']", &ran(0, "")), 1);
        assert_eq!(problems("exit = 0\n[[output]]\npath = 'no such file here'", &ran(0, "")), 1);
    }

    #[test]
    fn a_file_that_a_run_leaves_is_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("f"), "a b").unwrap();
        let check = |keys: &str| {
            let text = format!("about = 'x'\nargs = ['a']\nexit = 0\n[[output]]\npath = 'f'\n{keys}");
            Case::parse(&text).unwrap().check(&ran(0, ""), folder.path()).len()
        };
        assert_eq!(check("contains = ['a']\nlacks = ['c']"), 0);
        assert_eq!(check("contains = ['a', 'c']\nlacks = ['b']"), 2);
    }

    #[test]
    fn a_run_that_a_signal_ended_fails_its_case() {
        let run = Run { code: None, ..ran(0, "") };
        assert_eq!(problems("exit = 0", &run), 1);
    }

    #[test]
    fn a_case_with_a_key_that_nobody_knows_is_an_error() {
        let error = Case::parse("about = 'x'\nargs = ['a']\nexit = 0\nstdout_contain = []").unwrap_err();
        assert_eq!(error, "unknown key `stdout_contain`");
        assert!(Case::parse("about = 'x'\nargs = ['a']").is_err());
    }

    #[test]
    fn a_file_is_put_together_from_its_parts() {
        let text = "about = 'x'\nargs = ['a']\nexit = 0\n[[file]]\npath = 'f'\ntail = 'e'\nhex = '62 00'\n\
                    repeat = { text = 'cd', times = 2 }\ntext = 'a'\ncut_end = 1";
        let folder = tempfile::tempdir().unwrap();
        Case::parse(text).unwrap().prepare(folder.path(), folder.path());
        assert_eq!(fs::read(folder.path().join("f")).unwrap(), b"ab\0cdcd");
    }
}
