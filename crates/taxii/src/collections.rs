//! The collections of a league's API root.
//!
//! One collection holds everything, one holds what alerts rest on, and every STIX 2.1 type (STIX 2.1
//! sections 4 to 7) is in exactly one of the families between them; types that STIX 2.1 does not define
//! are in `custom`. Ids are version 4 UUIDs by form, as TAXII 2.1 section 2 asks of identifiers, and derived
//! from the league's identity: every operator of a league shows the same, two leagues never do.

use crate::catalog::{Log, STIX_MEDIA_TYPE, TypeSet};
use serde_json::{Value, json};
use uuid::{Builder, Uuid};

/// Domain separation of collection ids.
const ID_CONTEXT: &str = "hansa-taxii 2026-11 collection id";

/// A family of STIX types.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The collection's alias.
    pub alias: &'static str,
    /// What people see.
    pub title: &'static str,
    /// What is in it.
    pub description: &'static str,
    /// The STIX types of the family that are domain, relationship or meta objects.
    pub types: &'static [&'static str],
    /// The types of the family that are cyber-observables (STIX 2.1 section 6), which have no versions.
    pub observables: &'static [&'static str],
}

impl Family {
    /// All types of the family.
    pub fn all_types(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.types.iter().chain(self.observables).copied()
    }
}

/// Every STIX 2.1 type, by family.
pub const FAMILIES: [Family; 6] = [
    Family {
        alias: "indicators",
        title: "Indicators and observables",
        description: "Indicators, observed data and cyber-observable objects",
        types: &["indicator", "observed-data"],
        observables: &[
            "artifact",
            "autonomous-system",
            "directory",
            "domain-name",
            "email-addr",
            "email-message",
            "file",
            "ipv4-addr",
            "ipv6-addr",
            "mac-addr",
            "mutex",
            "network-traffic",
            "process",
            "software",
            "url",
            "user-account",
            "windows-registry-key",
            "x509-certificate",
        ],
    },
    Family {
        alias: "actors",
        title: "Threat actors and intrusion sets",
        description: "Threat actors, intrusion sets, campaigns and incidents",
        types: &["threat-actor", "intrusion-set", "campaign", "incident"],
        observables: &[],
    },
    Family {
        alias: "malware",
        title: "Malware, tools and infrastructure",
        description: "Malware, its analyses, tools and infrastructure",
        types: &["malware", "malware-analysis", "tool", "infrastructure"],
        observables: &[],
    },
    Family {
        alias: "techniques",
        title: "Attack patterns and courses of action",
        description: "Attack patterns, vulnerabilities and courses of action",
        types: &["attack-pattern", "vulnerability", "course-of-action"],
        observables: &[],
    },
    Family {
        alias: "relationships",
        title: "Relationships and sightings",
        description: "How objects relate, and who saw them",
        types: &["relationship", "sighting"],
        observables: &[],
    },
    Family {
        alias: "context",
        title: "Identities, markings and reports",
        description: "Identities, locations, markings, reports, notes, opinions, groupings and definitions",
        types: &[
            "identity",
            "location",
            "marking-definition",
            "extension-definition",
            "language-content",
            "report",
            "grouping",
            "note",
            "opinion",
        ],
        observables: &[],
    },
];

/// One collection.
#[derive(Debug, Clone)]
pub struct Collection {
    /// Its id.
    pub id: Uuid,
    /// Its alias, usable in place of the id.
    pub alias: &'static str,
    /// The log it reads.
    pub log: Log,
    /// The types it holds.
    pub types: TypeSet,
    title: &'static str,
    description: &'static str,
}

impl Collection {
    /// The collection resource (TAXII 2.1 section 5.2.1).
    #[must_use]
    pub fn resource(&self) -> Value {
        json!({
            "id": self.id.to_string(),
            "title": self.title,
            "description": self.description,
            "alias": self.alias,
            "can_read": true,
            "can_write": false,
            "media_types": [STIX_MEDIA_TYPE],
        })
    }
}

/// All collections of a league, in the order in which they are listed.
#[derive(Debug, Clone)]
pub struct Collections(Vec<Collection>);

impl Collections {
    /// The collections of the league with this identity (its hub's genesis hash).
    #[must_use]
    pub fn of_league(identity: &[u8; 32]) -> Self {
        let make = |alias, log, types, title, description| Collection {
            id: collection_id(identity, alias),
            alias,
            log,
            types,
            title,
            description,
        };
        let mut all = vec![make(
            "all",
            Log::Objects,
            TypeSet::Any,
            "All objects",
            "Every object of the league that the reader may see",
        )];
        all.extend(FAMILIES.iter().map(|family| {
            let types = TypeSet::In(family.all_types().map(str::to_owned).collect());
            make(
                family.alias,
                Log::Objects,
                types,
                family.title,
                family.description,
            )
        }));
        let standard = FAMILIES.iter().flat_map(Family::all_types);
        all.push(make(
            "custom",
            Log::Objects,
            TypeSet::NotIn(standard.map(str::to_owned).collect()),
            "Custom objects",
            "Objects of types that STIX 2.1 does not define",
        ));
        all.push(make(
            "alerts",
            Log::Alerts,
            TypeSet::Any,
            "Alerts",
            "The objects that the league's alerts rest on; date_added is the alert's",
        ));
        Self(all)
    }

    /// The collection with this id or alias.
    #[must_use]
    pub fn find(&self, id_or_alias: &str) -> Option<&Collection> {
        // Only the plain hyphenated form is the resource's name; braces and URNs are not.
        let id = (id_or_alias.len() == 36)
            .then(|| Uuid::try_parse(id_or_alias).ok())
            .flatten();
        self.0
            .iter()
            .find(|entry| entry.alias == id_or_alias || Some(entry.id) == id)
    }

    /// All collections.
    pub fn iter(&self) -> impl Iterator<Item = &Collection> {
        self.0.iter()
    }
}

fn collection_id(identity: &[u8; 32], alias: &str) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key(ID_CONTEXT);
    hasher.update(identity).update(alias.as_bytes());
    let mut bytes = [0_u8; 16];
    hasher.finalize_xof().fill(&mut bytes);
    Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests;
