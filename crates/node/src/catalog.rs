//! The index as the TAXII server reads it.

use hansa_index::{Declared, Index, ObjectContents, ObjectLog, ObjectScan, ObjectView, Validator};
use hansa_taxii::{
    Audience, Catalog, CatalogError, Log, Record, Scan, Tlp, Visitor,
    stix::{self, Declared as StixDeclared},
};
use std::{ops::Deref, sync::Arc};

const fn tlp(label: u8) -> Tlp {
    match label {
        0 => Tlp::Clear,
        1 => Tlp::Green,
        2 => Tlp::Amber,
        3 => Tlp::AmberStrict,
        _ => Tlp::Red,
    }
}

/// Checks plain content against what its publisher declared; gives the version's text.
pub(crate) fn validator() -> Validator {
    Arc::new(|content: &[u8], declared: &Declared<'_>| {
        let facts = stix::inspect(content).map_err(|error| error.to_string())?;
        let declared = StixDeclared {
            id: declared.id,
            stix_type: declared.object_type,
            version_ms: declared.version_ms,
            tlp: tlp(declared.tlp),
        };
        facts
            .matches(&declared)
            .map_err(|error| error.to_string())?;
        Ok(facts.version_text(&declared))
    })
}

/// The exchange objects of an index.
pub(crate) struct IndexCatalog(pub(crate) Index);

fn record<'a>(view: &'a ObjectView, content: &'a [u8]) -> Record<'a> {
    Record {
        added_us: view.added_us,
        id: &view.record.id,
        version: &view.record.version,
        tlp: tlp(view.record.tlp),
        revoked: view.revoked,
        first: view.first,
        last: view.last,
        content,
    }
}

impl Catalog for IndexCatalog {
    /// Finds the records first and reads contents afterwards, one at a time and only if they are wanted: the
    /// feed waits for the first part, and no longer.
    fn scan(&self, scan: &Scan, visit: &mut Visitor<'_>) -> Result<Option<u64>, CatalogError> {
        let request = ObjectScan {
            log: match scan.log {
                Log::Objects => ObjectLog::Objects,
                Log::Alerts => ObjectLog::Alerts,
            },
            max_tlp: match scan.audience {
                Audience::Public => 0,
                Audience::Member => 1,
            },
            after_us: scan.after_us,
            ids: scan
                .ids
                .as_ref()
                .map(|ids| ids.iter().map(String::as_str).collect()),
            limit: scan.limit,
            examine: scan.examine,
        };
        let page = self
            .0
            .scan_objects(&request, |view| scan.admits(&record(view, &[])));
        let mut contents = self.0.object_contents();
        for view in &page.found {
            let visited = match scan.content {
                true => visit(&record(view, &content(&mut contents, view)?)),
                false => visit(&record(view, &[])),
            };
            if visited.is_break() {
                return Ok(None);
            }
        }
        Ok(page.next_us)
    }
}

fn content(
    contents: &mut ObjectContents<'_>,
    view: &ObjectView,
) -> Result<impl Deref<Target = [u8]>, CatalogError> {
    let position = view.record.position;
    contents
        .get(position)
        .map_err(|error| CatalogError(error.to_string()))?
        .ok_or_else(|| CatalogError(format!("position {position} of the objects is missing")))
}

#[cfg(test)]
mod tests;
