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
    /// `match[spec_version]` rules everything out.
    pub(crate) nothing: bool,
    /// The page is of one object, which has to exist.
    pub(crate) must_exist: bool,
    pub(crate) response_bytes: usize,
}

/// A page, ready to send.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) body: Vec<u8>,
    /// `date_added` of the first and the last record on the page. A page without records of which more
    /// follow has the time up to which there are none, twice; one at the end of a log has no dates.
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
    let next_us = match plan.nothing {
        true => None,
        false => catalog.scan(&plan.scan, &mut |record| draft.visit(record))?,
    };
    if draft.count == 0 && plan.must_exist && !exists(catalog, plan)? {
        return Ok(None);
    }
    Ok(Some(draft.finish(next_us)))
}

/// Whether the reader may see any version of what the plan is about, on whichever page.
fn exists(catalog: &dyn Catalog, plan: &Plan) -> Result<bool, CatalogError> {
    let mut scan = Scan {
        after_us: None,
        versions: VersionMatch::every(),
        content: false,
        limit: 1,
        ..plan.scan.clone()
    };
    loop {
        let mut found = false;
        let next_us = catalog.scan(&scan, &mut |record| {
            found |= scan.admits(record);
            ControlFlow::Break(())
        })?;
        match next_us {
            Some(next_us) if !found => scan.after_us = Some(next_us),
            _ => return Ok(found),
        }
    }
}

struct Draft<'p> {
    plan: &'p Plan,
    body: Vec<u8>,
    count: usize,
    dates_us: Option<(u64, u64)>,
    /// A record came that belongs on the next page.
    full: bool,
}

impl<'p> Draft<'p> {
    fn new(plan: &'p Plan) -> Self {
        let each = if plan.shape == Shape::Objects {
            USUAL_OBJECT_BYTES
        } else {
            160
        };
        let bytes = plan
            .scan
            .limit
            .saturating_mul(each)
            .min(plan.response_bytes)
            + FRAME_BYTES;
        Self {
            plan,
            body: Vec::with_capacity(bytes),
            count: 0,
            dates_us: None,
            full: false,
        }
    }

    fn visit(&mut self, record: &Record<'_>) -> ControlFlow<()> {
        // What a reader may see is not left to the catalog alone.
        if !self.plan.scan.admits(record) {
            return ControlFlow::Continue(());
        }
        if self.count == self.plan.scan.limit.max(1) || !self.fits(record) {
            self.full = true;
            return ControlFlow::Break(());
        }
        self.put(record);
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

    /// `next_us` is where the catalog says that the next page begins, if it ended this one.
    fn finish(mut self, next_us: Option<u64>) -> Page {
        let next_us = match self.dates_us {
            Some((_, last)) if self.full => Some(last),
            _ => next_us,
        };
        if self.count > 0 {
            self.body.push(b']');
        } else {
            self.body.push(b'{');
        }
        if let Some(next_us) = next_us {
            // A list may not be empty (section 2), so a page without objects has only its paging.
            if self.count > 0 {
                self.body.push(b',');
            }
            let next = cursor::encode(self.plan.collection, next_us);
            self.body.extend_from_slice(b"\"more\":true,\"next\":\"");
            self.body.extend_from_slice(next.as_bytes());
            self.body.push(b'"');
        } else if self.count > 0 {
            self.body.extend_from_slice(b",\"more\":false");
        }
        self.body.push(b'}');
        Page {
            body: self.body,
            dates_us: self.dates_us.or(next_us.map(|next_us| (next_us, next_us))),
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
