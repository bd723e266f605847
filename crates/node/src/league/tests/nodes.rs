//! Nodes that do not start, and say why.

use super::{PATIENT, folder, stand_in};
use crate::{Config, Console, NodeError, reindex, run};
use std::{fs, net::TcpListener, path::Path};

async fn config(parent: &Path, dir: &Path) -> Config {
    stand_in(parent, dir, PATIENT).stop().await.unwrap();
    Config::load(&dir.join("operator-1/node.toml")).unwrap()
}

#[tokio::test]
async fn a_busy_p2p_port_is_named() {
    let (parent, dir) = folder();
    let config = config(parent.path(), &dir).await;
    let address = config.p2p.listen;
    let _taken = TcpListener::bind(address).unwrap();
    let error = std::thread::spawn(|| run(config, false, &Console::default()))
        .join()
        .unwrap();
    let error = error.unwrap_err();
    assert!(
        matches!(&error, NodeError::Listen { what: "p2p", address: named, .. } if *named == address),
        "{error}"
    );
}

#[tokio::test]
async fn a_development_genesis_is_refused_on_another_chain() {
    let (parent, dir) = folder();
    let config = config(parent.path(), &dir).await;
    let text = fs::read_to_string(&config.genesis).unwrap();
    for other in [
        text.replace("chain_id = 4857", "chain_id = 48571"),
        text.replace("chain_id = 4857", "chain_id = 48571")
            .replace("development = true", "development = false"),
    ] {
        fs::write(&config.genesis, other).unwrap();
        let error = run(config.clone(), false, &Console::default()).unwrap_err();
        assert!(matches!(error, NodeError::Misplaced { .. }), "{error}");
        assert!(!config.data_dir.exists());
    }
}

#[tokio::test]
async fn an_index_is_not_rebuilt_from_nothing() {
    let (parent, dir) = folder();
    let config = config(parent.path(), &dir).await;
    let data = config.data_dir.clone();
    let error = reindex(config).unwrap_err();
    assert!(matches!(error, NodeError::NoBlocks { .. }), "{error}");
    assert!(!data.exists());
}

#[tokio::test]
async fn errors_of_files_are_one_line_of_cause() {
    let (parent, dir) = folder();
    let config = config(parent.path(), &dir).await;
    fs::write(&config.genesis, "chain_id = = 1").unwrap();
    let error = run(config, false, &Console::default())
        .unwrap_err()
        .to_string();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(lines[0].contains("TOML parse error at line 1"), "{error}");
    let path = dir.join("operator-1/node.toml");
    fs::write(&path, "name = 7\n").unwrap();
    let error = Config::load(&path).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
}
