//! Errors as TAXII clients see them (TAXII 2.1 section 3.6.1).

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::time::SystemTime;

/// The media type of every answer.
pub const TAXII_MEDIA_TYPE: &str = "application/taxii+json;version=2.1";

/// An error answer: one line that says what is wrong, one that says what to do.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// A stable word that programs can match on.
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: String,
    header: Option<(HeaderName, &'static str)>,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        description: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            title,
            description: description.into(),
            header: None,
        }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    pub(crate) fn bad_request(code: &'static str, description: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            code,
            "The request cannot be understood",
            description,
        )
    }

    pub(crate) fn not_found(description: impl Into<String>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is no such resource",
            description,
        )
    }

    pub(crate) fn unauthorized(description: impl Into<String>) -> Self {
        let title = "Credentials are needed";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", title, description).with(
            header::WWW_AUTHENTICATE,
            "Basic realm=\"hansa\", charset=\"UTF-8\"",
        )
    }

    pub(crate) fn busy(description: impl Into<String>) -> Self {
        let title = "The server is busy";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", title, description)
            .with(header::RETRY_AFTER, "1")
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The server failed",
            "The operator's log says why; ask another operator meanwhile",
        )
    }

    /// The error message object.
    pub(crate) fn body(&self) -> Vec<u8> {
        json!({
            "title": self.title,
            "description": self.description,
            "error_code": self.code,
            "http_status": self.status.as_str(),
        })
        .to_string()
        .into_bytes()
    }

    /// The whole answer as bytes of HTTP/1.1, for a connection that ends with it and on which the HTTP
    /// library cannot answer itself.
    pub(crate) fn to_wire(&self) -> Vec<u8> {
        let body = self.body();
        let reason = self.status.canonical_reason().unwrap_or("Error");
        let mut wire = format!(
            "HTTP/1.1 {} {reason}\r\ncontent-type: {TAXII_MEDIA_TYPE}\r\ncontent-length: {}\r\n\
             date: {}\r\nconnection: close\r\n\r\n",
            self.status.as_u16(),
            body.len(),
            httpdate::fmt_http_date(SystemTime::now()),
        )
        .into_bytes();
        wire.extend_from_slice(&body);
        wire
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(TAXII_MEDIA_TYPE),
        );
        if let Some((name, value)) = self.header {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
