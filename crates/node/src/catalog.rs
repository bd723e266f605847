//! The index as the TAXII server reads it.

use hansa_index::{Declared, Index, ObjectLog, ObjectScan, ObjectView, Validator};
use hansa_taxii::{
    Audience, Catalog, CatalogError, Log, Record, Scan, Tlp, Visitor,
    stix::{self, Declared as StixDeclared},
};
use std::{ops::ControlFlow, sync::Arc};

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

impl Catalog for IndexCatalog {
    fn scan(&self, scan: &Scan, visit: &mut Visitor<'_>) -> Result<(), CatalogError> {
        let mut failure = None;
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
        };
        self.0.scan_objects(&request, |view: ObjectView<'_>| {
            let mut record = Record {
                added_us: view.added_us(),
                id: &view.record().id,
                version: &view.record().version,
                tlp: tlp(view.record().tlp),
                revoked: view.revoked(),
                first: view.first(),
                last: view.last(),
                content: &[],
            };
            // Content is fetched only for what is wanted.
            if !scan
                .types
                .iter()
                .all(|types| types.contains(record.stix_type()))
            {
                return ControlFlow::Continue(());
            }
            match view.content() {
                Ok(content) => {
                    record.content = &content;
                    visit(&record)
                }
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        failure.map_or(Ok(()), |error| Err(CatalogError(error.to_string())))
    }
}
