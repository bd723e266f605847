use super::*;
use crate::failure::Exit;

fn load(flags: &Global, env: &[(&str, &str)]) -> Outcome<Settings> {
    Settings::with(flags, &|name| {
        let found = env.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn flags_beat_the_environment_beats_the_file_beats_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(
        &path,
        "rpc = \"http://file\"\ntimeout = 7\ndir = \"league\"\n",
    )
    .unwrap();
    let mut flags = Global {
        settings: Some(path.clone()),
        ..Global::default()
    };
    let file = Origin::File(path);

    let settings = load(&flags, &[]).unwrap();
    assert_eq!(settings.rpc.value, "http://file");
    assert_eq!(settings.rpc.origin, file);
    assert_eq!(settings.dir.value, folder.path().join("league"));
    assert_eq!(settings.json.origin, Origin::Default);

    let env = [
        ("HANSA_RPC", "http://env"),
        ("HANSA_JSON", "1"),
        ("HANSA_AS", ""),
    ];
    let settings = load(&flags, &env).unwrap();
    assert_eq!(settings.rpc.value, "http://env");
    assert_eq!(settings.rpc.origin, Origin::Environment("HANSA_RPC"));
    assert!(settings.json.value);
    assert_eq!(settings.member.value, None);
    assert_eq!((settings.timeout.value, settings.timeout.origin), (7, file));

    flags.rpc = Some("http://flag".into());
    let settings = load(&flags, &env).unwrap();
    assert_eq!(settings.rpc.value, "http://flag");
    assert_eq!(settings.rpc.origin, Origin::Flag("rpc"));
}

#[test]
fn wrong_settings_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let named = Global {
        settings: Some(path.clone()),
        ..Global::default()
    };
    let none = Global::default();
    assert_eq!(load(&named, &[]).unwrap_err().exit, Exit::Usage);
    std::fs::write(&path, "rcp = \"http://typo\"").unwrap();
    let failure = load(&named, &[]).unwrap_err();
    assert!(failure.cause.contains("rcp"), "{}", failure.cause);
    for (name, value) in [
        ("HANSA_TIMEOUT", "soon"),
        ("HANSA_TIMEOUT", "0"),
        ("HANSA_TIMEOUT", "86401"),
        ("HANSA_JSON", "maybe"),
    ] {
        let failure = load(&none, &[(name, value)]).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage, "{name}={value}");
    }
    assert_eq!(
        load(&none, &[("HANSA_TIMEOUT", "86400")])
            .unwrap()
            .timeout
            .value,
        86_400
    );
}
