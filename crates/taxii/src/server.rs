//! Answering one request.

use crate::{
    auth::Gate,
    catalog::{Audience, Catalog, Scan, TypeSet},
    collections::{Collection, Collections},
    config::{Config, is_public_url},
    cursor,
    error::TaxiiError,
    host, negotiate,
    page::{self, Page, Plan, Shape},
    problem::{Problem, TAXII_MEDIA_TYPE},
    query::{Kind, Query, VersionMatch},
    route::{API_ROOT_PATH, Route},
    sending::Sending,
    stix::is_stix_id,
    time,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

const DATE_ADDED_FIRST: HeaderName = HeaderName::from_static("x-taxii-date-added-first");
const DATE_ADDED_LAST: HeaderName = HeaderName::from_static("x-taxii-date-added-last");

struct App {
    config: Config,
    catalog: Arc<dyn Catalog>,
    collections: Collections,
    gate: Gate,
    turns: Arc<Semaphore>,
}

/// The service behind [`crate::serve`], without a network. Limits on connections and on the time of
/// reading and writing are the listener's; all others hold here too.
///
/// # Errors
/// [`TaxiiError::Credential`] if a configured credential cannot be used, [`TaxiiError::PublicUrl`] if the
/// public URL cannot.
pub fn router(config: Config, catalog: Arc<dyn Catalog>) -> Result<Router, TaxiiError> {
    if let Some(url) = config.public_url.as_ref().filter(|url| !is_public_url(url)) {
        return Err(TaxiiError::PublicUrl(url.clone()));
    }
    let app = App {
        gate: Gate::new(&config)?,
        collections: Collections::of_league(&config.league_identity),
        turns: Arc::new(Semaphore::new(config.limits.concurrent_requests.max(1))),
        catalog,
        config,
    };
    // One handler with our own routes: every path, method and failure then ends in a TAXII answer.
    Ok(Router::new().fallback(handle).with_state(Arc::new(app)))
}

async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    // A body is never read; it is dropped with the end of the answer.
    let (head, _body) = request.into_parts();
    match app.answer(&head).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

impl App {
    async fn answer(&self, head: &Parts) -> Result<Response, Problem> {
        self.check_head(head)?;
        host::check(head, &self.config.allowed_hosts)?;
        // Before the turn: whoever waits for a password check takes no place of those who are answered.
        let audience = self.gate.admit(&head.headers).await?;
        let turn = self.turn().await?;
        let route = Route::parse(head.uri.path()).ok_or_else(|| {
            Problem::not_found(format!(
                "The resources of this server begin at {API_ROOT_PATH}"
            ))
        })?;
        self.check_method(head, &route)?;
        if !negotiate::accepts(&head.headers) {
            return Err(Problem::new(
                StatusCode::NOT_ACCEPTABLE,
                "not_acceptable",
                "The Accept header takes nothing that this server sends",
                format!("Send `Accept: {TAXII_MEDIA_TYPE}`"),
            ));
        }
        let query = head.uri.query().unwrap_or_default();
        self.resource(&route, query, audience, turn).await
    }

    /// Bounds on the request head. The HTTP library's own, larger ones come first.
    fn check_head(&self, head: &Parts) -> Result<(), Problem> {
        let limits = &self.config.limits;
        let uri_bytes = head
            .uri
            .path_and_query()
            .map_or(0, |uri| uri.as_str().len());
        if uri_bytes > limits.uri_bytes {
            return Err(uri_too_long(limits.uri_bytes));
        }
        let headers = &head.headers;
        let bytes: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        if headers.len() > limits.headers || bytes > limits.header_bytes {
            return Err(headers_too_large(limits.headers, limits.header_bytes));
        }
        Ok(())
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let waiting = Arc::clone(&self.turns).acquire_owned();
        match timeout(self.config.limits.queue_timeout, waiting).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(Problem::busy(
                "More than concurrent_requests requests are being answered; try again shortly",
            )),
        }
    }

    /// Reading is all there is: GET and HEAD. Writes are refused by name where TAXII has them.
    fn check_method(&self, head: &Parts, route: &Route) -> Result<(), Problem> {
        let write = match (&head.method, route) {
            (&Method::GET | &Method::HEAD, _) => return Ok(()),
            (&Method::POST, Route::Objects(collection)) => collection,
            (&Method::DELETE, Route::Object(collection, _)) => collection,
            _ => {
                return Err(Problem::new(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "method_not_allowed",
                    "The resource has no such method",
                    "Use GET",
                )
                .with(header::ALLOW, "GET, HEAD"));
            }
        };
        self.collection(write)?;
        // Before anything that is wrong with the body (section 5.5): a better one would not help.
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "read_only",
            "The collection cannot be written to (can_write is false)",
            "Objects are published and revoked by a transaction of a member on the league's hub: use \
             `hansa exchange publish`, or the exchange module of the hub",
        ))
    }

    fn collection(&self, name: &str) -> Result<&Collection, Problem> {
        self.collections.find(name).ok_or_else(|| {
            let path = format!("{API_ROOT_PATH}collections/");
            Problem::not_found(format!(
                "No collection has this id or alias; {path} lists them"
            ))
        })
    }

    async fn resource(
        &self,
        route: &Route,
        query: &str,
        audience: Audience,
        turn: OwnedSemaphorePermit,
    ) -> Result<Response, Problem> {
        let (name, object, shape) = match route {
            Route::Manifest(name) => (name, None, Shape::Manifest),
            Route::Objects(name) => (name, None, Shape::Objects),
            Route::Object(name, object) => (name, Some(object), Shape::Objects),
            Route::Versions(name, object) => (name, Some(object), Shape::Versions),
            plain => {
                self.query(query, Kind::Plain)?;
                return Ok(json_answer(&self.plain(plain)?));
            }
        };
        let collection = self.collection(name)?;
        if object.is_some_and(|id| !is_stix_id(id)) {
            return Err(Problem::not_found("The object's id is not a STIX id"));
        }
        let plan = self.plan(collection, object, shape, query, audience)?;
        let catalog = Arc::clone(&self.catalog);
        let page = spawn_blocking(move || page::build(&*catalog, &plan)).await;
        match page {
            Ok(Ok(Some(page))) => Ok(page_answer(page, self.config.limits.response_timeout, turn)),
            Ok(Ok(None)) => Err(Problem::not_found(
                "The collection has no object with this id that the reader may see",
            )),
            Ok(Err(error)) => {
                tracing::error!(%error, "a TAXII page could not be read");
                Err(Problem::internal())
            }
            Err(error) => {
                tracing::error!(%error, "building a TAXII page failed");
                Err(Problem::internal())
            }
        }
    }

    fn query(&self, text: &str, kind: Kind) -> Result<Query, Problem> {
        Query::parse(text, kind, &self.config.limits)
            .map_err(|error| Problem::bad_request("bad_query", error.to_string()))
    }

    fn plan(
        &self,
        collection: &Collection,
        object: Option<&String>,
        shape: Shape,
        query: &str,
        audience: Audience,
    ) -> Result<Plan, Problem> {
        let kind = match (object, shape) {
            (None, _) => Kind::Listing,
            (Some(_), Shape::Versions) => Kind::Versions,
            (Some(_), _) => Kind::Object,
        };
        let query = self.query(query, kind)?;
        let next = query
            .next
            .as_deref()
            .map(|next| cursor::decode(collection.id, next));
        let next_us = next
            .transpose()
            .map_err(|error| Problem::bad_request("bad_cursor", error.to_string()))?;
        let versions = if shape == Shape::Versions {
            VersionMatch::every()
        } else {
            query.versions
        };
        Ok(Plan {
            collection: collection.id,
            shape,
            scan: Scan {
                log: collection.log,
                audience,
                after_us: query.added_after_us.max(next_us),
                ids: object.map(|id| BTreeSet::from([id.clone()])).or(query.ids),
                types: [
                    collection.types.clone(),
                    query.types.map_or(TypeSet::Any, TypeSet::In),
                ],
                versions,
                content: shape == Shape::Objects,
                limit: query.limit,
                examine: self.config.limits.scanned_records,
            },
            nothing: !query.spec_version_fits,
            must_exist: object.is_some(),
            response_bytes: self.config.limits.response_bytes,
        })
    }

    /// The resources that do not come from the catalog.
    fn plain(&self, route: &Route) -> Result<Value, Problem> {
        let config = &self.config;
        Ok(match route {
            Route::Discovery => {
                // Relative to where the client found this (section 4.1.1): a proxy before the server
                // may speak TLS under another name.
                let base = config.public_url.as_deref().unwrap_or_default();
                let root = format!("{}{API_ROOT_PATH}", base.trim_end_matches('/'));
                let mut discovery = json!({
                    "title": config.title,
                    "description": config.description,
                    "default": root,
                    "api_roots": [root],
                });
                if let Some(contact) = &config.contact {
                    discovery["contact"] = json!(contact);
                }
                discovery
            }
            Route::ApiRoot => json!({
                "title": config.title,
                "description": config.description,
                "versions": [TAXII_MEDIA_TYPE],
                "max_content_length": config.limits.request_body_bytes,
            }),
            Route::Collections => {
                let all: Vec<Value> = self.collections.iter().map(Collection::resource).collect();
                json!({ "collections": all })
            }
            Route::Collection(name) => self.collection(name)?.resource(),
            _ => {
                return Err(Problem::not_found(
                    "There is no such status: objects are published by transaction, not here",
                ));
            }
        })
    }
}

fn json_answer(value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(TAXII_MEDIA_TYPE),
    );
    response
}

fn page_answer(page: Page, timeout: Duration, turn: OwnedSemaphorePermit) -> Response {
    let mut response = Response::new(Body::new(Sending::new(page.body.into(), timeout, turn)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(TAXII_MEDIA_TYPE),
    );
    if let Some((first, last)) = page.dates_us {
        insert_date(headers, DATE_ADDED_FIRST, first);
        insert_date(headers, DATE_ADDED_LAST, last);
    }
    response
}

fn insert_date(headers: &mut HeaderMap, name: HeaderName, micros: u64) {
    // The text is digits and punctuation, which every header value may hold.
    if let Ok(value) = HeaderValue::from_str(&time::format(micros)) {
        headers.insert(name, value);
    }
}

pub(crate) fn uri_too_long(limit: usize) -> Problem {
    Problem::new(
        StatusCode::URI_TOO_LONG,
        "uri_too_long",
        "The path and query are too long",
        format!("At most uri_bytes = {limit} bytes are taken; split long match lists"),
    )
}

pub(crate) fn headers_too_large(lines: usize, bytes: usize) -> Problem {
    Problem::new(
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "headers_too_large",
        "The request headers are too many or too large",
        format!("At most headers = {lines} lines and header_bytes = {bytes} bytes are taken"),
    )
}
