//! A folder with files in it.

use std::fs;

/// A folder that holds these files, by their paths in it.
pub fn folder_of(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the files");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file stands in a folder"))
            .expect("the folder can be made");
        fs::write(path, bytes).expect("the file can be written");
    }
    folder
}
