//! From the paths of a command line to the files behind them.

use super::InputError;
use super::error::{PlainCause, ShownPath};
use super::watch::inode;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File, FileType};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A manifest is no longer.
const MANIFEST_MAX: u64 = 64 << 20;

/// One input to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What to open; `-` for standard input.
    pub path: PathBuf,
    /// The path below the argument it came from, as evidence names it: relative to a directory
    /// argument, the bare name of a file argument, `-` for standard input.
    ///
    /// So a bill does not depend on where the logs are mounted. Control characters and broken
    /// UTF-8 are escaped.
    pub shown: String,
    /// Named on the command line rather than found in a directory.
    pub is_named: bool,
}

impl Found {
    /// Whether this is standard input and no file at all.
    pub fn is_stdin(&self) -> bool {
        is_stdin(&self.path)
    }

    /// Whether a file of that name stands beside it.
    pub fn has_sibling(&self, name: &str) -> bool {
        self.path.with_file_name(name).exists()
    }

    /// The numbers of the device and the inode behind the path now; `None` where that is no regular file.
    pub fn inode(&self) -> Option<[u64; 2]> {
        let metadata =
            fs::metadata(&self.path).ok().filter(|metadata| metadata.is_file() && !self.is_stdin())?;
        Some(inode(&metadata))
    }

    /// Whether it can be opened once more: a pipe is read but once.
    pub fn is_file(&self) -> bool {
        !self.is_stdin() && self.path.is_file()
    }
}

/// The inputs behind the arguments, and what was passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Each file once, in the order of the arguments and sorted by name within each directory.
    pub found: Vec<Found>,
    /// One sentence for each thing that was passed over, its path first.
    pub notes: Vec<String>,
}

/// Finds the files behind files, directories and `-`.
///
/// Directories are entered all the way down, symbolic links followed, and each directory
/// entered once, so that a loop of links ends. A file that is reached twice is read once: as
/// the argument that names it if there is one, else by its own path rather than through a
/// link, else by the longest path. Inside directories hidden entries, links that point nowhere,
/// things that are no file (sockets, pipes, devices) and earlier bills are passed over with a
/// note; named on the command line they are taken at their word.
///
/// # Errors
///
/// [`InputError::Missing`], [`InputError::EmptyDirectory`], or [`InputError::Unreadable`] for a
/// directory that cannot be listed, since a bill would miss its files.
///
/// ```no_run
/// let discovery = siptally::read::discover(&["logs".into(), "-".into()])?;
/// for input in &discovery.found {
///     println!("{}", input.shown);
/// }
/// # Ok::<(), siptally::read::InputError>(())
/// ```
pub fn discover(paths: &[PathBuf]) -> Result<Discovery, InputError> {
    let mut candidates = Vec::new();
    let mut notes = Vec::new();
    for path in paths {
        if is_stdin(path) {
            candidates.push(Candidate {
                found: Found { path: path.clone(), shown: "-".to_owned(), is_named: true },
                canonical: path.clone(),
                is_linked: false,
            });
            continue;
        }
        let canonical = canonical(path)?;
        if path.is_dir() {
            let mut walk = Walk {
                root: path,
                entered: HashSet::new(),
                files: Vec::new(),
                bills: HashSet::new(),
                notes: &mut notes,
            };
            walk.enter(path, canonical, false)?;
            if walk.files.is_empty() {
                return Err(InputError::EmptyDirectory { path: path.clone() });
            }
            candidates.append(&mut walk.files);
        } else {
            // `..` and `/` have no name, but they are directories.
            let name = path.file_name().or(canonical.file_name()).unwrap_or(OsStr::new(""));
            let shown = shown(Path::new(name));
            candidates.push(Candidate {
                found: Found { path: path.clone(), shown, is_named: true },
                canonical,
                is_linked: false,
            });
        }
    }
    Ok(Discovery { found: without_repeats(candidates), notes })
}

/// A way to a file. Several may lead to the same one.
struct Candidate {
    found: Found,
    canonical: PathBuf,
    is_linked: bool,
}

impl Candidate {
    /// Better ways are smaller. It does not depend on the order of the arguments.
    fn rank(&self) -> impl Ord {
        let shown = self.found.shown.clone();
        (!self.found.is_named, self.is_linked, Reverse(shown.len()), shown, self.found.path.clone())
    }
}

/// The best way to each file, where the first way to it stood.
fn without_repeats(candidates: Vec<Candidate>) -> Vec<Found> {
    let mut places = BTreeMap::new();
    let mut best: Vec<Candidate> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let place = *places.entry(candidate.canonical.clone()).or_insert(best.len());
        match best.get_mut(place) {
            None => best.push(candidate),
            Some(known) if candidate.rank() < known.rank() => *known = candidate,
            Some(_) => {}
        }
    }
    best.into_iter().map(|candidate| candidate.found).collect()
}

/// The walk through one directory argument.
struct Walk<'w> {
    root: &'w Path,
    /// Canonical paths of the directories entered.
    entered: HashSet<PathBuf>,
    files: Vec<Candidate>,
    /// Files of bills in the directories entered.
    bills: HashSet<PathBuf>,
    notes: &'w mut Vec<String>,
}

impl Walk<'_> {
    /// Takes the files of a directory and of all below it.
    fn enter(&mut self, directory: &Path, canonical: PathBuf, is_linked: bool) -> Result<(), InputError> {
        if !self.entered.insert(canonical) {
            return Ok(());
        }
        let bill = files_of_bill(directory);
        if !bill.is_empty() {
            self.pass_over(
                directory,
                "holds a bill of siptally, whose files are not read; name one to read it",
            );
            self.bills.extend(bill);
        }
        let unreadable = |cause| InputError::unreadable(directory, cause);
        let mut entries = Vec::new();
        for entry in fs::read_dir(directory).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            entries.push((entry.path(), entry.file_type().map_err(unreadable)?));
        }
        // Links last: what is reached both ways is then entered by its own path.
        entries.sort_by(|(a, a_type), (b, b_type)| {
            (a_type.is_symlink(), a.file_name()).cmp(&(b_type.is_symlink(), b.file_name()))
        });
        for (path, file_type) in entries {
            self.take(path, file_type, is_linked)?;
        }
        Ok(())
    }

    /// Takes one entry of a directory.
    fn take(&mut self, path: PathBuf, file_type: FileType, is_linked: bool) -> Result<(), InputError> {
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
            self.pass_over(&path, "hidden, not read; name it to read it");
            return Ok(());
        }
        let is_linked = is_linked || file_type.is_symlink();
        // Follows a link; anything else is what the directory said it was.
        let target = match fs::metadata(&path).and_then(|metadata| Ok((metadata, fs::canonicalize(&path)?))) {
            Ok(target) => target,
            Err(cause) if file_type.is_symlink() => {
                self.pass_over(&path, &format!("link points nowhere: {}", PlainCause(&cause)));
                return Ok(());
            }
            Err(cause) => return Err(InputError::unreadable(&path, cause)),
        };
        let (metadata, canonical) = target;
        if metadata.is_dir() {
            let bill = files_of_bill(&path);
            if !bill.is_empty() {
                self.pass_over(
                    &path,
                    "holds a bill of siptally, whose files are not read; name one to read it",
                );
                self.bills.extend(bill);
            }
            return self.enter(&path, canonical, is_linked);
        }
        if self.bills.contains(&path) {
            return Ok(());
        }
        if !metadata.is_file() {
            self.pass_over(&path, "no file (a socket, pipe or device), not read");
            return Ok(());
        }
        let shown = shown(path.strip_prefix(self.root).unwrap_or(&path));
        self.files.push(Candidate { found: Found { path, shown, is_named: false }, canonical, is_linked });
        Ok(())
    }

    fn pass_over(&mut self, path: &Path, why: &str) {
        self.notes.push(format!("{}: {why}", ShownPath(path)));
    }
}

/// The files that `bill --out` wrote into the directory, by the manifest there. Read as logs, they would make the next
/// bill of the same logs another one.
fn files_of_bill(directory: &Path) -> Vec<PathBuf> {
    let manifest = directory.join("manifest.json");
    let read = File::open(&manifest).and_then(|file| {
        let mut text = Vec::new();
        file.take(MANIFEST_MAX).read_to_end(&mut text).map(|_| text)
    });
    let json: Option<serde_json::Value> = read.ok().and_then(|text| serde_json::from_slice(&text).ok());
    let Some(json) = json.filter(|json| json["tool"]["name"] == "siptally") else { return Vec::new() };
    let outputs = json["outputs"].as_array().into_iter().flatten();
    let files = outputs.filter_map(|output| Some(directory.join(output["file"].as_str()?)));
    files.chain([manifest]).collect()
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The one path of whatever a path of the command line leads to.
fn canonical(path: &Path) -> Result<PathBuf, InputError> {
    match fs::metadata(path) {
        // A pipe that the shell made (`<(zcat old.gz)`) can be opened and has no path of its own.
        Ok(_) => Ok(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            Err(InputError::Missing { path: path.to_owned() })
        }
        Err(cause) => Err(InputError::unreadable(path, cause)),
    }
}

fn shown(path: &Path) -> String {
    // A file called `-` is not standard input.
    if is_stdin(path) { "./-".to_owned() } else { ShownPath(path).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use tempfile::TempDir;

    /// A directory with these (empty) files in it.
    fn directory(files: &[&str]) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        directory
    }

    fn all_shown(discovery: &Discovery) -> Vec<&str> {
        discovery.found.iter().map(|found| found.shown.as_str()).collect()
    }

    #[test]
    fn a_directory_is_read_all_the_way_down_in_order() {
        let logs = directory(&["b.log", "a.log", "sub/deep/c.log"]);
        let discovery = discover(&[logs.path().into()]).unwrap();
        assert_eq!(all_shown(&discovery), ["a.log", "b.log", "sub/deep/c.log"]);
        assert_eq!(discovery.found[2].path, logs.path().join("sub/deep/c.log"));
        assert!(!discovery.found[2].is_named);
        assert!(discovery.notes.is_empty());
    }

    #[test]
    fn a_file_argument_is_shown_by_its_name() {
        let logs = directory(&["sub/a.log"]);
        let discovery = discover(&[logs.path().join("sub/a.log")]).unwrap();
        assert_eq!(all_shown(&discovery), ["a.log"]);
        assert!(discovery.found[0].is_named);
    }

    #[test]
    fn a_dash_is_standard_input_once() {
        let discovery = discover(&["-".into(), "-".into()]).unwrap();
        assert_eq!(all_shown(&discovery), ["-"]);
        assert!(discovery.found[0].is_stdin());
    }

    #[test]
    fn a_file_called_dash_is_a_file() {
        let logs = directory(&["-"]);
        let discovery = discover(&[logs.path().into()]).unwrap();
        assert_eq!(all_shown(&discovery), ["./-"]);
        assert!(!discovery.found[0].is_stdin());
    }

    #[test]
    fn a_missing_path_is_an_error_that_names_it() {
        let error = discover(&["no/such.log".into()]).unwrap_err();
        assert_eq!(error.to_string(), "no/such.log: no such file or directory");
    }

    #[test]
    fn a_directory_without_any_file_is_an_error() {
        let logs = tempfile::tempdir().unwrap();
        fs::create_dir(logs.path().join("empty")).unwrap();
        let error = discover(&[logs.path().into()]).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: directory holds no files", logs.path().display()));
    }

    #[test]
    fn a_loop_of_links_ends() {
        let logs = directory(&["sub/a.log"]);
        symlink("..", logs.path().join("sub/up")).unwrap();
        symlink("sub", logs.path().join("again")).unwrap();
        let discovery = discover(&[logs.path().into()]).unwrap();
        assert_eq!(all_shown(&discovery), ["sub/a.log"]);
    }

    #[test]
    fn a_link_out_of_the_directory_is_followed() {
        let elsewhere = directory(&["a.log"]);
        let logs = directory(&["b.log"]);
        symlink(elsewhere.path(), logs.path().join("old")).unwrap();
        let discovery = discover(&[logs.path().into()]).unwrap();
        assert_eq!(all_shown(&discovery), ["b.log", "old/a.log"]);
    }

    #[test]
    fn a_file_and_a_link_to_it_are_read_once_by_the_files_own_name() {
        let logs = directory(&["full.2026"]);
        symlink("full.2026", logs.path().join("a-longer-current")).unwrap();
        let discovery = discover(&[logs.path().into()]).unwrap();
        assert_eq!(all_shown(&discovery), ["full.2026"]);
    }

    #[test]
    fn a_file_reached_twice_is_shown_the_same_in_any_order() {
        let logs = directory(&["sub/a.log", "sub/b.log"]);
        let mut arguments = [logs.path().to_owned(), logs.path().join("sub"), logs.path().join("sub/b.log")];
        for _ in 0..2 {
            let discovery = discover(&arguments).unwrap();
            let mut names = all_shown(&discovery);
            names.sort_unstable();
            assert_eq!(names, ["b.log", "sub/a.log"]);
            arguments.reverse();
        }
    }

    #[test]
    fn what_is_no_file_is_passed_over_with_a_note() {
        let logs = directory(&["a.log", ".a.log.swp", ".cache/b.log"]);
        let _listener = UnixListener::bind(logs.path().join("ctl")).unwrap();
        symlink("nowhere", logs.path().join("gone")).unwrap();
        let discovery = discover(&[logs.path().into()]).unwrap();
        assert_eq!(all_shown(&discovery), ["a.log"]);
        let at = logs.path().display();
        assert_eq!(
            discovery.notes,
            [
                format!("{at}/.a.log.swp: hidden, not read; name it to read it"),
                format!("{at}/.cache: hidden, not read; name it to read it"),
                format!("{at}/ctl: no file (a socket, pipe or device), not read"),
                format!("{at}/gone: link points nowhere: no such file or directory"),
            ]
        );
    }

    #[test]
    fn a_named_pipe_without_a_path_of_its_own_is_taken() {
        use std::os::fd::AsRawFd;
        let (reader, _writer) = std::io::pipe().unwrap();
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let discovery = discover(&[path.clone().into()]).unwrap();
        assert_eq!(discovery.found[0].path, PathBuf::from(path));
    }

    #[test]
    fn a_named_hidden_file_is_read() {
        let logs = directory(&[".a.log"]);
        assert_eq!(all_shown(&discover(&[logs.path().join(".a.log")]).unwrap()), [".a.log"]);
    }

    #[test]
    fn a_broken_name_is_shown_escaped() {
        use std::os::unix::ffi::OsStrExt;
        let logs = tempfile::tempdir().unwrap();
        fs::write(logs.path().join(OsStr::from_bytes(b"r\xe9g\n.log")), "").unwrap();
        assert_eq!(all_shown(&discover(&[logs.path().into()]).unwrap()), ["r\\xe9g\\n.log"]);
    }
}
