use super::*;

#[test]
fn a_key_comes_back_under_its_password_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/alice.json");
    let key = B256::repeat_byte(7);
    let written = save(&path, &key, "correct horse").unwrap();
    assert_eq!(address(&path).unwrap(), Some(written));
    let signer = open(&path, "correct horse").unwrap();
    assert_eq!((signer.address(), signer.to_bytes()), (written, key));
    assert!(matches!(
        open(&path, "wrong"),
        Err(KeystoreError::Password(_))
    ));
    let again = save(&path, &key, "other");
    assert!(matches!(again, Err(KeystoreError::Exists(_))));
    assert_eq!(
        std::fs::read_dir(folder.path().join("deep"))
            .unwrap()
            .count(),
        1
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn what_is_no_keystore_is_told_from_a_wrong_password() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    assert!(matches!(open(&path, ""), Err(KeystoreError::Io { .. })));
    for text in ["", "{}", r#"{"version": 3}"#, "\u{0}"] {
        std::fs::write(&path, text).unwrap();
        assert!(
            matches!(open(&path, ""), Err(KeystoreError::Malformed { .. })),
            "{text:?}"
        );
    }
}
