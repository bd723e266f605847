//! What the tests share: a catalog to fill, a server in the process, and its answers.

#![allow(dead_code, unreachable_pub)]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use hansa_taxii::{Config, Log, MemoryCatalog, NewRecord, Tlp, router, stix, time};
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc};
use tower::ServiceExt;
use uuid::Uuid;

/// The block time of the first test block: 2026-11-20T00:00:00Z.
pub const BLOCK_MS: u64 = 1_795_132_800_000;

/// An answer, with its body read as JSON.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    pub json: Value,
}

impl Answer {
    pub fn ids(&self) -> Vec<&str> {
        let objects = self.json["objects"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        objects
            .iter()
            .map(|object| object["id"].as_str().unwrap())
            .collect()
    }

    pub fn next(&self) -> Option<&str> {
        assert_eq!(
            self.json["more"] == json!(true),
            self.json["next"].is_string()
        );
        self.json["next"].as_str()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Checks that this is a TAXII error message that names itself, and gives its code.
    pub fn error_code(&self) -> &str {
        assert!(self.status.is_client_error() || self.status.is_server_error());
        assert_eq!(
            self.header("content-type"),
            Some(hansa_taxii::TAXII_MEDIA_TYPE)
        );
        assert_eq!(self.json["http_status"], self.status.as_str());
        assert!(!self.json["title"].as_str().unwrap().is_empty());
        assert!(!self.json["description"].as_str().unwrap().is_empty());
        self.json["error_code"].as_str().unwrap()
    }
}

/// A configuration that lets anybody read TLP:CLEAR.
pub fn open_config() -> Config {
    Config {
        anonymous_clear: true,
        ..Config::default()
    }
}

pub fn open_router(catalog: &Arc<MemoryCatalog>) -> Router {
    router(open_config(), Arc::clone(catalog) as _).unwrap()
}

pub async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    assert_eq!(head.headers["content-type"], hansa_taxii::TAXII_MEDIA_TYPE);
    let json = serde_json::from_slice(&bytes).unwrap();
    Answer {
        status: head.status,
        headers: head.headers,
        bytes,
        json,
    }
}

pub fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8080")
}

pub async fn get(router: &Router, path: &str) -> Answer {
    send(
        router,
        request(Method::GET, path).body(Body::empty()).unwrap(),
    )
    .await
}

pub fn in_collection(collection: &str, rest: &str) -> String {
    format!("/taxii2/league/collections/{collection}/{rest}")
}

/// The id of the test object number `n` of a type.
pub fn id(stix_type: &str, n: u128) -> String {
    format!("{stix_type}--{}", Uuid::from_u128(n))
}

/// A version of a test object; versions are seconds after 2026-01-01.
pub fn record(stix_type: &str, n: u128, version: u64, tlp: Tlp) -> NewRecord {
    let version = time::format((1_767_225_600 + version) * 1_000_000);
    let content = json!({
        "type": stix_type,
        "spec_version": "2.1",
        "id": id(stix_type, n),
        "created": "2026-01-01T00:00:00.000Z",
        "modified": version,
        "name": format!("object {n}"),
    });
    NewRecord {
        id: id(stix_type, n),
        version,
        tlp,
        content: content.to_string().into(),
    }
}

/// A catalog with these records, one block each, a second apart.
pub fn catalog(records: Vec<NewRecord>) -> Arc<MemoryCatalog> {
    let catalog = Arc::new(MemoryCatalog::new());
    for (block, record) in records.into_iter().enumerate() {
        catalog.append(Log::Objects, BLOCK_MS + 1_000 * block as u64, vec![record]);
    }
    catalog
}

/// The folder of shared test data, or `None` with a message where it is absent.
pub fn shared_data() -> Option<PathBuf> {
    let folder = std::env::var_os("HANSA_SHARED_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "skipped: no shared test data at {}; set HANSA_SHARED_DATA",
        folder.display()
    );
    None
}

/// The objects of the ATT&CK bundle, each as the exact text in it.
pub fn attack_objects() -> Option<Vec<NewRecord>> {
    #[derive(serde::Deserialize)]
    struct Bundle {
        objects: Vec<Box<serde_json::value::RawValue>>,
    }
    let text = std::fs::read_to_string(shared_data()?.join("mobile-attack-17.1.json")).unwrap();
    let bundle: Bundle = serde_json::from_str(&text).unwrap();
    let records = bundle.objects.into_iter().map(|object| {
        let content = object.get().to_owned();
        let facts = stix::inspect(content.as_bytes()).unwrap();
        NewRecord {
            version: facts.version.clone().unwrap(),
            id: facts.id,
            tlp: Tlp::Clear,
            content: content.into(),
        }
    });
    Some(records.collect())
}

/// Of each object or manifest entry on a page: its number, and the second of its version.
pub fn numbers_and_seconds(answer: &Answer) -> Vec<(u128, String)> {
    let objects = answer.json["objects"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    objects
        .iter()
        .map(|object| {
            let id = object["id"].as_str().unwrap();
            let version = object
                .get("modified")
                .or_else(|| object.get("version"))
                .unwrap();
            let number = uuid::Uuid::try_parse(&id[id.len() - 36..])
                .unwrap()
                .as_u128();
            (number, version.as_str().unwrap()[17..19].to_owned())
        })
        .collect()
}
