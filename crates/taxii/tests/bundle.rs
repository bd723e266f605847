//! The STIX checks against real objects.

mod common;

use hansa_taxii::stix::{Declared, inspect};

#[test]
fn every_attack_object_passes_and_matches_its_declaration() {
    let Some(records) = common::attack_objects() else {
        return;
    };
    assert_eq!(records.len(), 2_148);
    for record in records {
        let facts = inspect(&record.content).unwrap();
        let declared = Declared {
            id: &record.id,
            stix_type: record.id.split_once("--").unwrap().0,
            version_ms: facts.version_ms.unwrap(),
            tlp: record.tlp,
        };
        facts.matches(&declared).unwrap();
    }
}
