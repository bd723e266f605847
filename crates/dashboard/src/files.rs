//! The page's files, from the binary.

use hansa_rpc::{HttpBody, HttpResponse, takes_gzip};
use hyper::{
    HeaderMap, Method, StatusCode,
    header::{self, HeaderName, HeaderValue},
};
use rust_embed::{EmbeddedFile, RustEmbed};

/// `make dashboard` fills it.
#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

const FOLDER: &str = "dist/";
const INDEX: &str = "index.html";
/// Files here have a digest of their content in their names.
const HASHED: &str = "assets/";

/// The page loads nothing from elsewhere, runs no inline script, and is shown in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Hansa</title>\n\
    <h1>This hansa was built without its dashboard</h1>\n\
    <p>The node runs: JSON-RPC is at <code>/rpc</code>, TAXII at <code>/taxii2/</code>.</p>\n\
    <p>To have the dashboard, build it with Node 20 and build hansa again: <code>make dashboard build</code>, then restart the node.</p>\n</html>\n";

pub(crate) fn is_built() -> bool {
    get(INDEX).is_some()
}

fn get(name: &str) -> Option<EmbeddedFile> {
    Assets::get(&format!("{FOLDER}{name}"))
}

/// Answers a request for a file.
pub(crate) fn answer(method: &Method, path: &str, headers: &HeaderMap) -> HttpResponse {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut response = text(
            StatusCode::METHOD_NOT_ALLOWED,
            "text/plain; charset=utf-8",
            "Files are only read here: GET. JSON-RPC is at /rpc and /zones/NAME.\n",
        );
        let allowed = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(header::ALLOW, allowed);
        return response;
    }
    let name = match path {
        "/" => INDEX,
        other => other.trim_start_matches('/'),
    };
    let mut response = match get(name) {
        Some(file) => serve(name, &file, headers),
        None if name == INDEX => text(StatusCode::OK, "text/html; charset=utf-8", NOT_BUILT),
        None => text(
            StatusCode::NOT_FOUND,
            "text/plain; charset=utf-8",
            "There is no such file: the dashboard begins at /.\n",
        ),
    };
    if *method == Method::HEAD {
        *response.body_mut() = HttpBody::empty();
    }
    response
}

fn serve(name: &str, file: &EmbeddedFile, headers: &HeaderMap) -> HttpResponse {
    let packed = get(&format!("{name}.gz")).filter(|_| takes_gzip(headers));
    let shown = packed.as_ref().unwrap_or(file);
    let tag = tag(shown);
    let mut response = if headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        let mut response = text(StatusCode::NOT_MODIFIED, kind(name), "");
        response.headers_mut().remove(header::CONTENT_TYPE);
        response
    } else {
        let mut response = text(StatusCode::OK, kind(name), "");
        *response.body_mut() = HttpBody::from(shown.data.to_vec());
        response
    };
    let fields = response.headers_mut();
    if packed.is_some() {
        let gzip = HeaderValue::from_static("gzip");
        fields.insert(header::CONTENT_ENCODING, gzip);
    }
    let kept = if name.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    fields.insert(header::ETAG, tag);
    response
}

/// Eight bytes of the content's SHA-256.
fn tag(file: &EmbeddedFile) -> HeaderValue {
    let digest = file.metadata.sha256_hash();
    let hex: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    // Quotes and hexadecimal digits are always a header's value.
    HeaderValue::from_str(&format!("\"{hex}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

fn text(status: StatusCode, kind: &'static str, body: &'static str) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(body));
    *response.status_mut() = status;
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        fields.insert(name, HeaderValue::from_static(value));
    }
    response
}
