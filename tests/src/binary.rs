//! The binary under test, built once per test process; `PLIMSOLL_TEST_BINARY` names an existing one.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// No command in these tests works for more than a few seconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The path of the binary, of the same profile as the tests.
///
/// # Panics
/// The build fails; its messages are on the standard error.
#[must_use]
pub fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(build)
}

/// Runs the binary to its end.
///
/// # Panics
/// The binary cannot be started, or does not end.
#[must_use]
pub fn run(args: &[&str]) -> Output {
    run_with_env(args, &[])
}

/// As [`run`], with environment variables.
///
/// # Panics
/// As [`run`].
#[must_use]
pub fn run_with_env(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut child = Command::new(path())
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let start = Instant::now();
    while child.try_wait().expect("a child of this process").is_none() {
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("plimsoll {} does not end", args.join(" "));
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().expect("a child of this process")
}

/// The variable with the path of a binary to test instead of building one. A release build needs the feature
/// `clock-file`.
const BINARY: &str = "PLIMSOLL_TEST_BINARY";

fn build() -> PathBuf {
    if let Some(path) = std::env::var_os(BINARY) {
        return path.into();
    }
    // Tests and binaries of the workspace together: cargo then selects the same features of the
    // dependencies as `cargo test --workspace` did, and nothing but the binary is left to compile.
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["build", "--workspace", "--bins", "--tests", "--message-format=json"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        command.args(["--release", "--features", "plimsoll/clock-file"]);
    }
    // Cargo sets variables about the package of a test. Build scripts of dependencies, such as ring, take
    // them as a change, and half of the workspace would be rebuilt in every run.
    let describes_package =
        |name: &String| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars().filter(|(name, _)| describes_package(name)) {
        command.env_remove(name);
    }
    let output = command.output().expect("cargo starts");
    assert!(output.status.success(), "the build of the binary failed");
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let built = messages.lines().filter_map(executable).next_back();
    built.expect("the workspace has a binary named plimsoll")
}

/// The path in cargo's message about the plain binary, not about its unit tests.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let target = message.get("target")?;
    let is_plimsoll = target.get("name")? == "plimsoll" && target.pointer("/kind/0")? == "bin";
    let is_test = message.pointer("/profile/test")?.as_bool()?;
    let path = message.get("executable")?.as_str()?;
    (is_plimsoll && !is_test).then(|| PathBuf::from(path))
}
