//! The committed OpenRPC document, the table of methods and the server agree.

use crate::common::TestServer;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn committed() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openrpc.json");
    if std::env::var_os("UPDATE_OPENRPC").is_some() {
        let text = serde_json::to_string_pretty(&hansa_rpc::openrpc_document()).unwrap();
        std::fs::write(path, text + "\n").unwrap();
    }
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn names(document: &Value) -> BTreeSet<String> {
    let methods = document["methods"].as_array().unwrap().iter();
    methods
        .map(|method| method["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_committed_document_is_the_server() {
    let server = TestServer::new().await;
    let served = server.ok("rpc.discover", json!([])).await;
    let hint = "run the test with UPDATE_OPENRPC=1 and commit crates/rpc/openrpc.json";
    assert_eq!(served, committed(), "{hint}");
    server.stop().await;
}

#[tokio::test]
async fn every_method_in_the_document_is_answered() {
    let server = TestServer::new().await;
    for name in names(&committed()) {
        let error = server.call(&name, json!([])).await.err();
        let message = error
            .as_ref()
            .map(|error| error["message"].to_string())
            .unwrap_or_default();
        let missing = message.contains("does not exist");
        assert!(!missing, "{name}: {message}");
    }
    server.stop().await;
}

#[tokio::test]
async fn every_method_that_was_promised_is_in_the_document() {
    let names = names(&committed());
    for promised in include_str!("methods.txt").split_whitespace() {
        assert!(names.contains(promised), "{promised}");
    }
}

#[test]
fn every_type_in_the_document_is_defined() {
    let document = committed();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    let mut references = text.split("#/components/schemas/").skip(1).peekable();
    assert!(references.peek().is_some());
    for reference in references {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}
