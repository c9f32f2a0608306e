use super::*;

fn no_env(_: &str) -> Option<String> {
    None
}

#[test]
fn a_secret_never_shows_itself() {
    let secret = Secret::new("hunter2");
    assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    assert_eq!(secret.expose(), "hunter2");
}

#[test]
fn the_environment_is_asked_by_name() {
    let source = SecretSource::Env("PD_KEY".into());
    let env = |name: &str| (name == "PD_KEY").then(|| "abc".to_owned());
    let secret = source.resolve(&env, Path::new(".")).unwrap();
    assert_eq!((secret.expose(), secret.origin()), ("abc", &SecretOrigin::Env("PD_KEY".into())));
    assert_eq!(secret.origin().read(&env).as_ref(), Some(&secret));
    assert_eq!(secret.origin().read(&no_env), None);
    let refused = source.resolve(&no_env, Path::new("."));
    assert_eq!(refused, Err(RuleProblem::SecretEnv("PD_KEY".into())));
}

#[test]
fn a_file_is_read_beside_the_rules_without_its_line_end() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("hub.key"), "s3cret\n").unwrap();
    let source = SecretSource::File("hub.key".into());
    let secret = source.resolve(&no_env, dir.path()).unwrap();
    assert_eq!(secret.expose(), "s3cret");
    assert_eq!(secret.origin().read(&no_env).as_ref(), Some(&secret));
    std::fs::write(dir.path().join("hub.key"), "\n").unwrap();
    assert_eq!(source.resolve(&no_env, dir.path()), Err(RuleProblem::SecretEmpty));
    let gone = SecretSource::File("gone.key".into()).resolve(&no_env, dir.path());
    assert!(
        matches!(gone, Err(RuleProblem::SecretFile { path, .. }) if path.ends_with("gone.key"))
    );
}

#[test]
fn a_secret_is_one_line_and_no_variable_of_a_shell() {
    let read =
        |text: &str| SecretSource::Literal(Secret::new(text)).resolve(&no_env, Path::new(""));
    for (text, name) in [("${PD_KEY}", "PD_KEY"), ("$PD_KEY", "PD_KEY"), (" ${_x1} ", "_x1")] {
        assert_eq!(read(text), Err(RuleProblem::Variable(text.into(), name.into())));
    }
    for text in ["", " ", "\t", "\n"] {
        assert_eq!(read(text), Err(RuleProblem::SecretEmpty), "{text:?}");
    }
    assert_eq!(read("two\nlines"), Err(RuleProblem::SecretControl));
    assert_eq!(read(" spaced"), Err(RuleProblem::SecretSpaces));
    for good in ["pa$$word", "$1", "a b", "${", "s3cret\n"] {
        assert!(read(good).is_ok(), "{good:?}");
    }
    for name in ["${PD_KEY}", "$PD_KEY", "", "PD KEY", "1KEY"] {
        let refused = SecretSource::Env(name.into()).resolve(&no_env, Path::new(""));
        assert_eq!(refused, Err(RuleProblem::VariableName(name.into())));
    }
}
