use super::*;

fn make(path: &Path) {
    fs::create_dir_all(path).expect("created");
    fs::write(path.join("CURRENT"), "MANIFEST-000005\n").expect("written");
}

#[test]
fn backups_count_at_any_depth_and_new_ones_are_not_deep() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path();
    assert_eq!(tidy_backups(&path.join("missing")).expect("none"), 0);
    make(&path.join("monday"));
    make(&path.join("a/b/c/d/e/f/g/h/i/j"));
    // What is below a backup belongs to it.
    make(&path.join("monday/old"));
    fs::create_dir_all(path.join("a/b/c/d/e/f/g.unfinished-backup")).expect("created");
    assert_eq!(tidy_backups(path).expect("readable"), 2);
    assert!(!path.join("a/b/c/d/e/f/g.unfinished-backup").exists());
    check_place(path, &path.join("a/b/c/d/e")).expect("not too deep");
    let error = check_place(path, &path.join("a/b/c/d/e/f")).expect_err("too deep").to_string();
    assert!(error.contains("at most 5 folders"), "{error}");
    for number in 2..BACKUPS_MAX {
        make(&path.join(format!("a/b/{number}")));
    }
    let full = check_place(path, &path.join("one-more"));
    assert!(matches!(full, Err(Error::TooManyBackups { limit: BACKUPS_MAX, .. })), "{full:?}");
}

#[test]
fn folders_below_the_directory_of_backups_are_bounded() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for number in 0..=BACKUP_FOLDERS_MAX {
        fs::create_dir(directory.path().join(number.to_string())).expect("created");
    }
    let found = tidy_backups(directory.path());
    assert!(matches!(found, Err(Error::TooManyFolders { .. })), "{found:?}");
}
