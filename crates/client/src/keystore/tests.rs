use super::*;
use serde_json::json;
use std::time::{Duration, Instant};

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
        Err(KeystoreError::Password(PasswordError::Wrong(_)))
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
fn an_x25519_key_comes_back_and_signs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, account) = (folder.path().join("x.json"), folder.path().join("a.json"));
    let secret = B256::repeat_byte(7);
    let public = save_x25519(&path, &secret, "correct horse").unwrap();
    assert_eq!(public, x25519_public(&secret));
    assert_eq!(
        (x25519(&path).unwrap(), address(&path).unwrap()),
        (Some(public), None)
    );
    assert_eq!(open_x25519(&path, "correct horse").unwrap(), secret);
    assert!(matches!(
        open_x25519(&path, "wrong"),
        Err(KeystoreError::Password(PasswordError::Wrong(_)))
    ));
    let error = open(&path, "correct horse").unwrap_err().to_string();
    assert!(error.contains("signs nothing"), "{error}");
    save(&account, &secret, "correct horse").unwrap();
    assert_eq!(x25519(&account).unwrap(), None);
    assert!(open_x25519(&account, "correct horse").is_err());
    // One that names the public key of another secret.
    let text = fs::read_to_string(&path).unwrap();
    let other = x25519_public(&B256::repeat_byte(8)).to_string();
    fs::write(&path, text.replace(&public.to_string(), &other)).unwrap();
    assert!(matches!(
        open_x25519(&path, "correct horse"),
        Err(KeystoreError::Malformed { .. })
    ));
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

#[test]
fn what_is_saved_is_there_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let key = B256::repeat_byte(7);
    let empty = save(&folder.path().join("x.json"), &key, "");
    assert!(matches!(
        empty,
        Err(KeystoreError::Password(PasswordError::Empty(_)))
    ));
    let unnameable = folder.path().join("x".repeat(300));
    let failed = save(&unnameable, &key, "password");
    assert!(matches!(failed, Err(KeystoreError::Io { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn hostile_files_are_refused_before_their_password_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    save(&path, &B256::repeat_byte(7), "password").unwrap();
    let sound: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let pbkdf2 =
        |rounds: u64, prf: &str| json!({"c": rounds, "dklen": 32, "prf": prf, "salt": "00"});
    for (place, value) in [
        ("/crypto/kdfparams/dklen", json!(31)),
        ("/crypto/kdfparams/dklen", json!(16)),
        ("/crypto/kdfparams/dklen", json!(0)),
        ("/crypto/kdfparams/dklen", json!(255)),
        ("/crypto/kdfparams/n", json!(1_u64 << 31)),
        ("/crypto/kdfparams/n", json!(1_u64 << 32)),
        ("/crypto/kdfparams/n", json!(0)),
        ("/crypto/kdfparams/n", json!(1)),
        ("/crypto/kdfparams/n", json!(8_191)),
        ("/crypto/kdfparams/r", json!(0)),
        ("/crypto/kdfparams/r", json!(u32::MAX)),
        ("/crypto/kdfparams/p", json!(0)),
        ("/crypto/kdfparams/p", json!(u32::MAX)),
        ("/crypto/kdfparams", json!({})),
        (
            "/crypto/kdfparams",
            pbkdf2(u64::from(u32::MAX), "hmac-sha256"),
        ),
        ("/crypto/kdfparams", pbkdf2(0, "hmac-sha256")),
        ("/crypto/kdfparams", pbkdf2(1, "hmac-sha512")),
        ("/crypto/cipherparams/iv", json!("00112233445566")),
        ("/crypto/cipherparams/iv", json!("")),
        ("/crypto/ciphertext", json!("00")),
        ("/crypto/cipher", json!("aes-256-gcm")),
        ("/crypto/mac", json!("no hex")),
        ("/id", json!("no uuid")),
        (
            "/address",
            json!("0000000000000000000000000000000000000001"),
        ),
        ("/padding", json!("x".repeat(MAX_KEYSTORE_BYTES as usize))),
    ] {
        let mut document = sound.clone();
        match document.pointer_mut(place) {
            Some(field) => *field = value.clone(),
            None => document["padding"] = value.clone(),
        }
        fs::write(&path, document.to_string()).unwrap();
        let start = Instant::now();
        let result = open(&path, "password");
        assert!(
            matches!(result, Err(KeystoreError::Malformed { .. })),
            "{place}: {result:?}"
        );
        assert!(start.elapsed() < Duration::from_secs(20), "{place}");
    }
    let mut document = sound.clone();
    document["crypto"]["mac"] = json!("00");
    fs::write(&path, document.to_string()).unwrap();
    let result = open(&path, "password");
    assert!(
        matches!(result, Err(KeystoreError::Password(_))),
        "{result:?}"
    );
    let text = sound.to_string();
    let padding = " ".repeat(MAX_KEYSTORE_BYTES as usize - text.len());
    fs::write(&path, format!("{text}{padding}")).unwrap();
    assert!(open(&path, "password").is_ok(), "as large as may be");
}

#[test]
fn costs_at_their_limits_and_one_past_them() {
    let crypto = |kdfparams: Value| -> CryptoJson {
        let document = json!({
            "cipher": "aes-128-ctr",
            "cipherparams": {"iv": "00".repeat(16)},
            "ciphertext": "00".repeat(32),
            "kdf": "scrypt",
            "kdfparams": kdfparams,
            "mac": "00",
        });
        serde_json::from_value(document).unwrap()
    };
    let scrypt = |n: u64, r: u64, p: u64| {
        check(&crypto(
            json!({"dklen": 32, "n": n, "r": r, "p": p, "salt": "00"}),
        ))
    };
    assert_eq!(scrypt(1 << 18, 8, 1), Ok(()), "geth");
    assert_eq!(scrypt(1 << 20, 8, 1), Ok(()));
    assert!(scrypt(1 << 20, 8, 2).is_err());
    assert!(scrypt(1 << 20, 9, 1).is_err());
    assert!(scrypt(1 << 21, 8, 1).is_err());
    let pbkdf2 = |c: u32| {
        check(&crypto(
            json!({"dklen": 32, "c": c, "prf": "hmac-sha256", "salt": "00"}),
        ))
    };
    assert_eq!(pbkdf2(MAX_PBKDF2_ROUNDS), Ok(()));
    assert!(pbkdf2(MAX_PBKDF2_ROUNDS + 1).is_err());
}
