use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use plimsoll_storage::{Options, SlotWidth, Store};

use super::*;
use crate::app::rules::{Rules, load_rules};

const FILE: &str = r#"receivers:
  - name: oncall
    webhook: { url: "https://hub.example", secret: { file: hub.key } }
rules:
  - name: first
    owner: integrations
    runbook: partner-5xx
    signal: { ratio: { of: [5xx], stream: requests } }
    by: [partner]
    critical: "> 5%"
    notify: [oncall]
"#;

const SECOND: &str = r#"  - name: second
    owner: integrations
    runbook: partner-5xx
    signal: { ratio: { of: [4xx], stream: requests } }
    critical: "> 5%"
    notify: [oncall]
"#;

/// A rules file that is followed, without a clock: each look is a call.
struct World {
    dir: tempfile::TempDir,
    rules: Rules,
    reload: Reload,
    check: RulesCheck,
    follower: Follower,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fs::write(dir.path().join("rules.yaml"), FILE).expect("written");
        fs::write(dir.path().join("hub.key"), "s3cret").expect("written");
        let loaded = load_rules(Some(&dir.path().join("rules.yaml")), SlotWidth::DEFAULT)
            .expect("good rules");
        let store = Store::open(&Options::new(dir.path().join("data"))).expect("a store");
        let check = RulesCheck { store: Arc::new(store), allow_private_receivers: false };
        let follower = Follower::new(loaded.file.expect("a file"));
        let (rules, reload) = Rules::new(loaded.rules);
        Self { dir, rules, reload, check, follower }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, text: impl AsRef<[u8]>) {
        fs::write(self.path("rules.yaml"), text).expect("written");
    }

    fn look(&mut self) {
        self.follower.look(&self.reload, &self.check);
    }

    fn names(&self) -> Vec<String> {
        self.rules.get().rules.iter().map(|rule| rule.name.clone()).collect()
    }

    fn error(&self) -> String {
        self.rules.error().unwrap_or_default()
    }
}

/// Makes the rules file unusable in some way.
type Harm = fn(&Path);

const HARMS: [(&str, Harm); 11] = [
    ("is empty", |path| fs::write(path, "").expect("written")),
    ("is empty", |path| fs::write(path, "\n \n").expect("written")),
    ("has no receivers", |path| fs::write(path, "# later\n").expect("written")),
    ("has no receivers", |path| fs::write(path, "receivers: []\nrules: []\n").expect("written")),
    ("the beginning of the rules", |path| {
        fs::write(path, &FILE[..FILE.find("rules:").unwrap()]).unwrap();
    }),
    ("could not be read: No such file", |path| fs::remove_file(path).expect("removed")),
    ("not a regular file", |path| {
        fs::remove_file(path).and_then(|()| fs::create_dir(path)).expect("a directory");
    }),
    ("not a regular file", |path| {
        fs::remove_file(path).expect("removed");
        assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
    }),
    ("is not UTF-8 text: line 1", |path| fs::write(path, b"receivers: \xff\n").expect("written")),
    ("is longer than", |path| fs::write(path, " ".repeat((4 << 20) + 1)).expect("written")),
    ("hub.key cannot be used", |path| {
        fs::remove_file(path.with_file_name("hub.key")).expect("removed");
        fs::write(path, FILE.replace("> 5%", "> 6%")).expect("written");
    }),
];

#[test]
fn an_unusable_file_changes_nothing_and_is_reported_until_it_is_back() {
    for (expected, harm) in HARMS {
        let mut world = World::new();
        let before = world.rules.get();
        let path = world.path("rules.yaml");
        harm(&path);
        world.look();
        assert_eq!(world.error(), "", "{expected}: one look proves nothing");
        world.look();
        assert!(world.error().contains("rules.yaml") || expected.starts_with("hub"));
        assert!(world.error().contains(expected), "{expected}: {}", world.error());
        if path.is_dir() {
            fs::remove_dir(&path).expect("removed");
        } else {
            // A FIFO would be written to, not replaced.
            let _ = fs::remove_file(&path);
        }
        world.write(FILE);
        world.look();
        world.look();
        assert_eq!(world.error(), "", "{expected}");
        assert!(
            Arc::ptr_eq(&world.rules.get(), &before),
            "{expected}: the same rules all the time"
        );
    }
}

#[test]
fn a_cut_file_never_loses_an_alert() {
    let mut world = World::new();
    let whole = format!("{FILE}{SECOND}");
    world.write(&whole);
    world.look();
    world.look();
    assert_eq!(world.names(), ["first", "second"]);
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        world.write(&whole[..end]);
        world.look();
        world.look();
        assert_eq!(world.names(), ["first", "second"], "{end}: {:?}", &whole[..end]);
        world.write(&whole);
        world.look();
        world.look();
        assert_eq!(world.error(), "");
    }
}

#[test]
fn a_change_counts_when_two_looks_agree() {
    let mut world = World::new();
    for end in [40, 150, FILE.len()] {
        world.write(&format!("{FILE}{SECOND}")[..end]);
        world.look();
        assert_eq!((world.names(), world.error()), (vec!["first".to_owned()], String::new()));
    }
    world.write(format!("{FILE}{SECOND}"));
    world.look();
    assert_eq!(world.names(), ["first"]);
    world.look();
    assert_eq!(world.names(), ["first", "second"]);
    // Replaced as a whole: by another file of the same name, and by a link to another directory.
    fs::write(world.path("new"), FILE.replace("first", "third")).expect("written");
    fs::rename(world.path("new"), world.path("rules.yaml")).expect("renamed");
    world.look();
    world.look();
    assert_eq!(world.names(), ["third"]);
    for (version, name) in [("v1", "fourth"), ("v2", "fifth")] {
        fs::create_dir(world.path(version)).expect("a directory");
        fs::write(world.path(version).join("rules.yaml"), FILE.replace("first", name)).unwrap();
        symlink(version, world.path("new")).expect("a link");
        fs::rename(world.path("new"), world.path("..data")).expect("renamed");
        if version == "v1" {
            symlink("..data/rules.yaml", world.path("new")).expect("a link");
            fs::rename(world.path("new"), world.path("rules.yaml")).expect("renamed");
        }
        world.look();
        world.look();
        assert_eq!(world.names(), [name]);
    }
}

#[test]
fn secrets_are_read_again_when_asked_for_until_they_are_there() {
    let mut world = World::new();
    world.look();
    fs::write(world.path("hub.key"), "another").expect("written");
    world.look();
    let before = world.rules.get();
    world.follower.is_stale = true;
    fs::remove_file(world.path("hub.key")).expect("removed");
    world.look();
    assert!(world.error().contains("hub.key cannot be used"), "{}", world.error());
    assert!(Arc::ptr_eq(&world.rules.get(), &before));
    fs::write(world.path("hub.key"), "another").expect("written");
    world.look();
    assert_eq!(world.error(), "");
    assert_ne!(world.rules.get().receivers, before.receivers);
}

#[test]
fn a_start_without_receivers_or_rules_is_followed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("rules.yaml");
    fs::write(&path, "").expect("written");
    let loaded = load_rules(Some(&path), SlotWidth::DEFAULT).expect("the default pack");
    assert!(loaded.notify_nobody());
    let shown = loaded.to_string();
    assert!(shown.ends_with("rules.yaml, receivers: 0, partners: 0"), "{shown}");
    assert_eq!(missing("", "", 1), None);
    let (pack, own) = (RuleSet::parse_for_replay(""), RuleSet::parse_for_replay(FILE));
    let (pack, own) = (pack.expect("the pack"), own.expect("good rules"));
    assert_eq!(lost(&own, &pack), None);
    assert_eq!(lost(&pack, &pack), None);
    assert!(lost(&pack, &own).is_some_and(|it| it.contains("has no receivers")));
}

#[test]
fn the_beginning_of_the_rules_in_force_is_taken_when_it_stays_so() {
    for (text, in_force) in [("a\n", "a\nb\n"), ("a", "a\nb\n"), ("a\n\n", "a\n\nb\nc\n")] {
        let found = missing(text, in_force, LOOKS_OF_BEGINNING - 1);
        assert!(found.is_some_and(|it| it.contains("beginning")), "{text:?} {found:?}");
        assert_eq!(missing(text, in_force, LOOKS_OF_BEGINNING), None, "{text:?}");
    }
    // Within a line it stays rejected, and blank lines at the end are no loss.
    let found = missing("a\nb", "a\nbc\n", LOOKS_OF_BEGINNING);
    assert!(found.is_some_and(|it| it.contains("within a line")), "{found:?}");
    assert_eq!(missing("a\n", "a\n\n", 1), None);
    assert_eq!(missing("c\n", "a\nb\n", 1), None);
}
