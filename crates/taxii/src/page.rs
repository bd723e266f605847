//! Building one page of a collection.
//!
//! Objects' bytes go from the catalog into the answer as they are: nothing is parsed, and each byte is
//! copied once.

use crate::{
    catalog::{Catalog, CatalogError, Record, STIX_MEDIA_TYPE, Scan},
    cursor,
    query::VersionMatch,
    time,
};
use std::ops::ControlFlow;
use uuid::Uuid;

/// What a page shows of each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The objects themselves (TAXII 2.1 section 3.7, envelope).
    Objects,
    /// Manifest records (section 5.3.1).
    Manifest,
    /// Version timestamps (section 5.8.1).
    Versions,
}

/// A page to build.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) collection: Uuid,
    pub(crate) shape: Shape,
    pub(crate) scan: Scan,
    pub(crate) versions: VersionMatch,
    /// `match[spec_version]` rules everything out.
    pub(crate) nothing: bool,
    /// The page is of one object, which has to exist.
    pub(crate) must_exist: bool,
    pub(crate) limit: usize,
    pub(crate) response_bytes: usize,
    pub(crate) scanned_records: usize,
}

/// A page, ready to send.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) body: Vec<u8>,
    /// `date_added` of the first and the last record on the page.
    pub(crate) dates_us: Option<(u64, u64)>,
}

/// Room for the brackets, `more` and `next`.
const FRAME_BYTES: usize = 128;
/// What a page reserves for each object at first: ATT&CK objects have 1.9 KB on average.
const USUAL_OBJECT_BYTES: usize = 2 * 1024;

/// Builds a page; `None` if the one object it is about does not exist for the reader.
///
/// # Errors
/// As [`Catalog::scan`].
pub(crate) fn build(catalog: &dyn Catalog, plan: &Plan) -> Result<Option<Page>, CatalogError> {
    let mut draft = Draft::new(plan);
    if !plan.nothing {
        catalog.scan(&plan.scan, &mut |record| draft.visit(record))?;
    }
    if draft.dates_us.is_none() && plan.must_exist && !exists(catalog, plan)? {
        return Ok(None);
    }
    Ok(Some(draft.finish()))
}

/// Whether the reader may see any version of what the plan is about, on whichever page.
fn exists(catalog: &dyn Catalog, plan: &Plan) -> Result<bool, CatalogError> {
    let scan = Scan {
        after_us: None,
        ..plan.scan.clone()
    };
    let mut found = false;
    catalog.scan(&scan, &mut |record| {
        found = scan.admits(record);
        if found {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(found)
}

struct Draft<'p> {
    plan: &'p Plan,
    body: Vec<u8>,
    count: usize,
    examined: usize,
    dates_us: Option<(u64, u64)>,
    /// Everything up to here is on this page or does not belong on any.
    settled_us: Option<u64>,
    more: bool,
}

impl<'p> Draft<'p> {
    fn new(plan: &'p Plan) -> Self {
        let each = if plan.shape == Shape::Objects {
            USUAL_OBJECT_BYTES
        } else {
            160
        };
        let bytes = plan.limit.saturating_mul(each).min(plan.response_bytes) + FRAME_BYTES;
        Self {
            plan,
            body: Vec::with_capacity(bytes),
            count: 0,
            examined: 0,
            dates_us: None,
            settled_us: plan.scan.after_us,
            more: false,
        }
    }

    fn visit(&mut self, record: &Record<'_>) -> ControlFlow<()> {
        if self.examined == self.plan.scanned_records.max(1) {
            self.more = true;
            return ControlFlow::Break(());
        }
        self.examined += 1;
        if self.plan.scan.admits(record) && self.plan.versions.admits(record) {
            if self.count == self.plan.limit || !self.fits(record) {
                self.more = true;
                return ControlFlow::Break(());
            }
            self.put(record);
        }
        self.settled_us = self.settled_us.max(Some(record.added_us));
        ControlFlow::Continue(())
    }

    /// Whether the record may still go on this page. The first always may, or no walk would pass it.
    fn fits(&self, record: &Record<'_>) -> bool {
        let bytes = match self.plan.shape {
            Shape::Objects => record.content.len(),
            Shape::Manifest | Shape::Versions => 160 + record.id.len() + record.version.len(),
        };
        self.count == 0 || self.body.len() + bytes + FRAME_BYTES <= self.plan.response_bytes
    }

    fn put(&mut self, record: &Record<'_>) {
        let opening: &[u8] = match (self.count, self.plan.shape) {
            (0, Shape::Objects | Shape::Manifest) => b"{\"objects\":[",
            (0, Shape::Versions) => b"{\"versions\":[",
            _ => b",",
        };
        self.body.extend_from_slice(opening);
        match self.plan.shape {
            Shape::Objects => self.body.extend_from_slice(record.content),
            Shape::Manifest => put_manifest(&mut self.body, record),
            Shape::Versions => put_text(&mut self.body, record.version),
        }
        let first = self.dates_us.map_or(record.added_us, |(first, _)| first);
        self.dates_us = Some((first, record.added_us));
        self.count += 1;
    }

    fn finish(mut self) -> Page {
        if self.count > 0 {
            self.body.push(b']');
        } else {
            self.body.push(b'{');
        }
        if self.more {
            // A list may not be empty (section 2), so a page without objects has only its paging.
            if self.count > 0 {
                self.body.push(b',');
            }
            let next = cursor::encode(self.plan.collection, self.settled_us.unwrap_or(0));
            self.body.extend_from_slice(b"\"more\":true,\"next\":\"");
            self.body.extend_from_slice(next.as_bytes());
            self.body.push(b'"');
        } else if self.count > 0 {
            self.body.extend_from_slice(b",\"more\":false");
        }
        self.body.push(b'}');
        Page {
            body: self.body,
            dates_us: self.dates_us,
        }
    }
}

fn put_manifest(body: &mut Vec<u8>, record: &Record<'_>) {
    body.extend_from_slice(b"{\"id\":");
    put_text(body, record.id);
    body.extend_from_slice(b",\"date_added\":\"");
    time::write(record.added_us, body);
    body.extend_from_slice(b"\",\"version\":");
    put_text(body, record.version);
    body.extend_from_slice(b",\"media_type\":\"");
    body.extend_from_slice(STIX_MEDIA_TYPE.as_bytes());
    body.extend_from_slice(b"\"}");
}

/// Appends a JSON string.
fn put_text(body: &mut Vec<u8>, text: &str) {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        body.push(b'"');
        body.extend_from_slice(text.as_bytes());
        body.push(b'"');
    } else {
        body.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    }
}
