use super::*;

fn flags() -> Flags {
    Flags { data_dir: Some("d".into()), ..Flags::default() }
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("plimsoll.yaml");
    std::fs::write(&path, "listen: 127.0.0.1:1\nslot: 5s\nallow_private_receivers: true\n")
        .expect("written");
    let with_file = Flags { config: Some(path), listen: Some("[::1]:2".into()), ..flags() };
    let config = Config::resolve(with_file).expect("valid");
    assert_eq!(config.listen.to_string(), "[::1]:2");
    assert_eq!(config.slot_width, SlotWidth::from_ms(5_000));
    assert!(config.allow_private_receivers);
    let config = Config::resolve(flags()).expect("valid");
    assert_eq!(config.external_url, None);
    assert_eq!((config.listen.to_string().as_str(), config.slot_width), (LISTEN, None));
    assert_eq!(config.durability, Durability::Fsync);
    assert_eq!((config.retention, config.memory_bytes), (Retention::default(), None));
    let small = Flags {
        retention: RetentionFlags {
            retention: Some("2d".into()),
            retention_size: Some("5GiB".into()),
            ..RetentionFlags::default()
        },
        external_url: Some("https://plimsoll.example/p/".into()),
        memory: Some("64MiB".into()),
        query_cells_max: Some(5),
        query_timeout: Some("2s".into()),
        queries_max: Some(3),
        ..flags()
    };
    let config = Config::resolve(small).expect("valid");
    assert_eq!((config.retention.slot_ms, config.memory_bytes), (172_800_000, Some(64 << 20)));
    assert_eq!(config.external_url.as_deref(), Some("https://plimsoll.example/p"));
    assert_eq!(config.retention.size_bytes, Some(5 << 30));
    let queries = QueryLimits { cells_max: 5, timeout: Duration::from_secs(2), at_once_max: 3 };
    assert_eq!(config.queries, queries);
}

#[test]
fn errors_name_the_setting() {
    let error = |flags: Flags| Config::resolve(flags).expect_err("refused").to_string();
    assert!(error(Flags::default()).contains("`data_dir`"));
    assert!(
        error(Flags { listen: Some("here".into()), ..flags() }).contains("`listen` is \"here\"")
    );
    assert!(error(Flags { slot: Some("7s".into()), ..flags() }).contains("`slot`"));
    assert!(error(Flags { durability: Some("no".into()), ..flags() }).contains("`durability`"));
    let kept = |retention| error(Flags { retention, ..flags() });
    let minutes = RetentionFlags { retention_1m: Some("60".into()), ..RetentionFlags::default() };
    assert!(kept(minutes).contains("`retention_1m`"));
    let size = RetentionFlags { retention_size: Some("5GB".into()), ..RetentionFlags::default() };
    assert!(kept(size).contains("`retention_size`"));
    assert!(
        error(Flags { memory: Some("1MiB".into()), ..flags() }).contains("`memory` is \"1MiB\"")
    );
    assert!(
        error(Flags { query_timeout: Some("30".into()), ..flags() }).contains("`query_timeout`")
    );
    assert!(error(Flags { queries_max: Some(0), ..flags() }).contains("`queries_max` is \"0\""));
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("plimsoll.yaml");
    std::fs::write(&path, "listen: 127.0.0.1:1\nlisten_on: x\n").expect("written");
    let wrong = error(Flags { config: Some(path), ..flags() });
    assert!(wrong.contains("listen_on") && wrong.contains("plimsoll.yaml"), "{wrong}");
}
