use super::*;
use std::time::Instant;

fn gate(anonymous_clear: bool) -> Gate {
    let credentials = vec![
        Credential {
            member: "alfa".into(),
            password_hash: hash_password("correct horse").unwrap(),
        },
        Credential {
            member: "bravo".into(),
            password_hash: hash_password("pässwörd:2").unwrap(),
        },
    ];
    Gate::new(&Config {
        credentials,
        anonymous_clear,
        ..Config::default()
    })
    .unwrap()
}

fn header_of(value: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::AUTHORIZATION,
        HeaderValue::from_bytes(value).unwrap(),
    );
    headers
}

fn login(name: &str, password: &str) -> HeaderMap {
    header_of(format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))).as_bytes())
}

#[tokio::test]
async fn members_are_admitted_by_their_own_password_only() {
    let gate = gate(true);
    for (name, password, right) in [
        ("alfa", "correct horse", true),
        ("bravo", "pässwörd:2", true),
        ("alfa", "pässwörd:2", false),
        ("alfa", "", false),
        ("ALFA", "correct horse", false),
        ("carol", "correct horse", false),
        ("", "", false),
    ] {
        // Twice: the second answer may come from memory and has to be the same.
        for _ in 0..2 {
            let got = gate.admit(&login(name, password)).await;
            assert_eq!(
                got.is_ok_and(|who| who == Audience::Member),
                right,
                "{name}"
            );
        }
    }
    assert_eq!(
        gate.remembered.read().len(),
        2,
        "only right passwords are remembered"
    );
}

#[tokio::test]
async fn no_credentials_mean_the_public_or_nobody() {
    assert_eq!(
        gate(true).admit(&HeaderMap::new()).await.unwrap(),
        Audience::Public
    );
    let problem = gate(false).admit(&HeaderMap::new()).await.unwrap_err();
    assert_eq!(problem.code, "unauthorized");
}

#[tokio::test]
async fn broken_headers_are_refused_even_where_anonymous_reading_is_on() {
    let gate = gate(true);
    for value in [
        &b""[..],
        b"Basic",
        b"Basic ",
        b"Basic !!!",
        b"Basic YWxmYQ==",
        b"Bearer YTpi",
        b"Basic \xff",
        b"Basic //79",
        b"YWxmYTpjb3JyZWN0IGhvcnNl",
    ] {
        assert!(gate.admit(&header_of(value)).await.is_err(), "{value:?}");
    }
    let mut twice = login("alfa", "correct horse");
    twice.append(
        header::AUTHORIZATION,
        HeaderValue::from_static("Basic YTpi"),
    );
    assert!(gate.admit(&twice).await.is_err());
    let lower = format!("basic {}", STANDARD.encode("alfa:correct horse"));
    assert!(gate.admit(&header_of(lower.as_bytes())).await.is_ok());
}

#[tokio::test]
async fn a_remembered_password_skips_the_slow_hash() {
    let gate = gate(false);
    let headers = login("alfa", "correct horse");
    let timed = async || {
        let start = Instant::now();
        gate.admit(&headers).await.unwrap();
        start.elapsed()
    };
    let first = timed().await;
    let second = timed().await;
    assert!(second * 10 < first, "first {first:?}, second {second:?}");
}

#[tokio::test]
async fn members_do_not_wait_for_those_who_guess_names() {
    let gate = Gate {
        patience: Duration::from_millis(50),
        ..gate(false)
    };
    let all = Config::default().limits.password_checks as u32;
    let guessing = gate.guesses.acquire_many(all).await.unwrap();
    let stranger = login("mallory", "correct horse");
    assert_eq!(gate.admit(&stranger).await.unwrap_err().code, "busy");
    assert!(gate.admit(&login("alfa", "correct horse")).await.is_ok());
    drop(guessing);
    assert_eq!(
        gate.admit(&stranger).await.unwrap_err().code,
        "unauthorized"
    );
}

#[test]
fn unusable_credentials_are_refused_at_start() {
    let hash = hash_password("x").unwrap();
    for (names, hash) in [
        (vec![""], &hash),
        (vec!["a:b"], &hash),
        (vec!["a", "a"], &hash),
        (vec!["a"], &"plain text".to_owned()),
    ] {
        let credentials = names
            .iter()
            .map(|name| Credential {
                member: (*name).into(),
                password_hash: hash.clone(),
            })
            .collect();
        let config = Config {
            credentials,
            ..Config::default()
        };
        assert!(
            matches!(Gate::new(&config), Err(TaxiiError::Credential { .. })),
            "{names:?}"
        );
    }
}
