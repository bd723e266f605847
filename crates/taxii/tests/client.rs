//! The whole way with a real client: taxii2-client for Python against the server on loopback.

mod common;

use common::{attack_objects, open_config};
use hansa_taxii::{Config, Credential, Log, MemoryCatalog, hash_password, serve_on};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};
use tokio::{net::TcpListener, sync::oneshot};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client")
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {errors}");
    output
}

/// The Python of a virtual environment with the client in it, made on first use. `None`, with a
/// message, if there is no Python at all.
fn python() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let requirements = std::fs::read_to_string(folder().join("requirements.txt")).unwrap();
    // Named after its contents, so that a changed requirement makes a new one.
    let name: String = requirements
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    let venv = target.join(name);
    let python = venv.join("bin/python");
    if venv.join("complete").exists() {
        return Some(python);
    }
    match Command::new("python3").arg("--version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: python3 is not installed");
            return None;
        }
        found => assert!(found.unwrap().status.success()),
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&venv));
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(folder().join("requirements.txt")));
    std::fs::write(venv.join("complete"), "").unwrap();
    Some(python)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taxii2_client_reads_the_attack_bundle_back() {
    let Some(records) = attack_objects() else {
        return;
    };
    let Some(python) = tokio::task::spawn_blocking(python).await.unwrap() else {
        return;
    };
    let catalog = Arc::new(MemoryCatalog::new());
    // As transactions would bring them: some hundred objects to a block.
    for (height, block) in records.chunks(300).enumerate() {
        let block_time_ms = common::BLOCK_MS + 100 * height as u64;
        catalog.append(Log::Objects, block_time_ms, block.to_vec());
    }
    let password_hash = hash_password("s3cret:pässword").unwrap();
    let credentials = vec![Credential {
        member: "alfa".into(),
        password_hash,
    }];
    let config = Config {
        credentials,
        anonymous_clear: false,
        ..open_config()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    let server = serve_on(listener, config, catalog, shutdown).unwrap();
    let url = format!("http://{}/taxii2/", server.local_addr());
    let output = tokio::task::spawn_blocking(move || {
        run(Command::new(python)
            .arg(folder().join("walk.py"))
            .arg(url)
            .arg("s3cret:pässword"))
    })
    .await
    .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();

    let published: BTreeMap<String, Value> = records
        .iter()
        .map(|record| {
            (
                record.id.clone(),
                serde_json::from_slice(&record.content).unwrap(),
            )
        })
        .collect();
    for walk in ["walked", "polled"] {
        let objects = report[walk].as_array().unwrap();
        assert_eq!(objects.len(), records.len(), "{walk}");
        for object in objects {
            assert_eq!(*object, published[object["id"].as_str().unwrap()], "{walk}");
        }
    }
    let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
    let manifest: Vec<&str> = report["manifest"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    assert_eq!(manifest, ids);
    assert_eq!(report["malware"], 117);
    assert_eq!(report["families"], 2_148);
    assert_eq!(
        report["versions"],
        Value::from(vec![records[0].version.clone()])
    );
    assert_eq!(report["errors"], serde_json::json!([401, 403, 404]));
    stop.send(()).unwrap();
    server.stopped().await;
}
