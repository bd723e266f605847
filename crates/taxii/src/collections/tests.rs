use super::*;
use std::collections::BTreeSet;

/// STIX 2.1 sections 4 (19 domain objects), 5 (2 relationship objects), 6 (18 cyber-observables) and 7
/// (3 meta objects).
const STIX_TYPES: &str = "attack-pattern campaign course-of-action grouping identity incident indicator \
    infrastructure intrusion-set location malware malware-analysis note observed-data opinion report \
    threat-actor tool vulnerability relationship sighting artifact autonomous-system directory \
    domain-name email-addr email-message file ipv4-addr ipv6-addr mac-addr mutex network-traffic process \
    software url user-account windows-registry-key x509-certificate extension-definition \
    language-content marking-definition";

#[test]
fn every_stix_type_is_in_exactly_one_family() {
    let named: Vec<&str> = FAMILIES.iter().flat_map(Family::all_types).collect();
    let distinct: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(named.len(), distinct.len());
    assert_eq!(distinct, STIX_TYPES.split_whitespace().collect());
}

#[test]
fn every_type_is_in_all_and_in_one_more_collection_of_objects() {
    let collections = Collections::of_league(&[7; 32]);
    for stix_type in STIX_TYPES
        .split_whitespace()
        .chain(["x-mitre-tactic", "exploit"])
    {
        let holding: Vec<&str> = collections
            .iter()
            .filter(|c| c.log == Log::Objects && c.types.contains(stix_type))
            .map(|c| c.alias)
            .collect();
        assert_eq!(holding.len(), 2, "{stix_type}: {holding:?}");
        assert_eq!(holding[0], "all");
    }
}

#[test]
fn ids_are_stable_version_4_and_differ_between_leagues() {
    let ours = Collections::of_league(&[7; 32]);
    let theirs = Collections::of_league(&[8; 32]);
    let mut seen = BTreeSet::new();
    for collection in ours.iter().chain(theirs.iter()) {
        assert_eq!(collection.id.get_version_num(), 4);
        assert!(seen.insert(collection.id));
    }
    // Changing an id would make every client of a running league fetch everything again.
    assert_eq!(
        ours.find("all").unwrap().id.to_string(),
        "3a804024-81e4-4d4e-9770-4b5cb2e4f789"
    );
    assert_eq!(
        ours.find("alerts").unwrap().id.to_string(),
        "b92330e5-a267-40bb-9bf1-3630b9347b3e"
    );
}

#[test]
fn collections_are_found_by_id_and_alias_only() {
    let collections = Collections::of_league(&[7; 32]);
    let all = collections.find("all").unwrap();
    assert_eq!(collections.find(&all.id.to_string()).unwrap().alias, "all");
    for name in [
        "",
        "ALL",
        "none",
        &all.id.simple().to_string(),
        &all.id.urn().to_string(),
    ] {
        assert!(collections.find(name).is_none(), "{name}");
    }
}
