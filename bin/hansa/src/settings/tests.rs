use super::*;
use crate::failure::Exit;

fn load(flags: &Global, env: &[(&str, &str)]) -> Outcome<Settings> {
    Settings::with(flags, &|name| {
        let found = env.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).into())
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

/// Who acts, and with which password, as the settings have it.
fn acting(settings: &Settings) -> (Option<&str>, Option<&Path>, Option<&Password>) {
    (
        settings.member.value.as_deref(),
        settings.keystore.value.as_deref(),
        settings.password.value.as_ref(),
    )
}

#[test]
fn the_stronger_layer_says_who_acts_and_with_which_password() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(
        &path,
        "keystore = \"/file.json\"\npassword_file = \"/file\"\n",
    )
    .unwrap();
    let mut flags = Global {
        settings: Some(path),
        ..Global::default()
    };
    let words = Password::Words("secret".into());
    let of_file = Password::File("/file".into());
    let keystore = Some(Path::new("/file.json"));
    let settings = load(&flags, &[]).unwrap();
    assert_eq!(acting(&settings), (None, keystore, Some(&of_file)));
    let env = [("HANSA_AS", "member-2"), ("HANSA_PASSWORD", "secret")];
    let settings = load(&flags, &env).unwrap();
    assert_eq!(acting(&settings), (Some("member-2"), None, Some(&words)));
    flags.keystore = Some("/flag.json".into());
    flags.password_file = Some("/flag".into());
    let settings = load(&flags, &env).unwrap();
    let of_flag = Password::File("/flag".into());
    let keystore = Some(Path::new("/flag.json"));
    assert_eq!(acting(&settings), (None, keystore, Some(&of_flag)));
    // An empty password is none, and so is an empty name.
    let settings = load(&flags, &[("HANSA_PASSWORD", ""), ("HANSA_AS", "")]).unwrap();
    assert_eq!(acting(&settings), (None, keystore, Some(&of_flag)));
}

#[test]
fn two_settings_of_one_layer_for_one_purpose_are_refused() {
    let none = Global::default();
    let both = Global {
        member: Some("member-1".into()),
        keystore: Some("/k.json".into()),
        ..Global::default()
    };
    let refused = [
        load(&both, &[]),
        load(&none, &[("HANSA_AS", "x"), ("HANSA_KEYSTORE", "/k.json")]),
        load(
            &none,
            &[("HANSA_PASSWORD", "x"), ("HANSA_PASSWORD_FILE", "/p")],
        ),
    ];
    for settings in refused {
        assert_eq!(settings.unwrap_err().exit, Exit::Usage);
    }
}

#[test]
fn a_variable_that_is_not_text_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    for variable in ["HANSA_AS", "HANSA_PASSWORD", "HANSA_SETTINGS"] {
        let env = |name: &str| (name == variable).then(|| OsString::from_vec(vec![0xff]));
        let failure = Settings::with(&Global::default(), &env).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.cause.contains(variable), "{}", failure.cause);
    }
}
