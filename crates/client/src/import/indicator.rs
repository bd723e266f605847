//! Indicators from listed addresses, and the identity of the member that publishes them.

use super::Listed;
use crate::publish::StixObject;
use alloy_primitives::{Address, FixedBytes};
use hansa_taxii::time;
use serde::Serialize;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The namespace of imported objects' ids: the UUID of version 5 of this URL.
pub fn namespace() -> Uuid {
    Uuid::new_v5(
        &Uuid::NAMESPACE_URL,
        b"https://github.com/hansa-league/hansa/import",
    )
}

/// Ids of the TLP 2.0 markings CLEAR and GREEN (OASIS common objects).
const MARKINGS: [&str; 2] = [
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Publisher {
        name: String,
    },
    Address {
        address: Address,
        labels: BTreeSet<String>,
    },
}

/// An object whose times are not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    uuid: Uuid,
    publisher: Uuid,
    subject: Subject,
    tlp: u8,
}

/// STIX 2.1 section 4.7, the properties that an address list gives.
#[derive(Serialize)]
struct Indicator<'a> {
    #[serde(rename = "type")]
    stix_type: &'static str,
    spec_version: &'static str,
    id: String,
    created_by_ref: String,
    created: &'a str,
    modified: &'a str,
    name: String,
    indicator_types: [&'static str; 1],
    pattern: String,
    pattern_type: &'static str,
    pattern_version: &'static str,
    valid_from: &'a str,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    labels: &'a BTreeSet<String>,
    object_marking_refs: [&'static str; 1],
}

/// STIX 2.1 section 4.5.
#[derive(Serialize)]
struct Identity<'a> {
    #[serde(rename = "type")]
    stix_type: &'static str,
    spec_version: &'static str,
    id: String,
    created: &'a str,
    modified: &'a str,
    name: &'a str,
    identity_class: &'static str,
    object_marking_refs: [&'static str; 1],
}

/// The publisher's identity and an indicator for each address. `tlp` is 0 (CLEAR) or 1 (GREEN); what is
/// narrower cannot be published in the clear and counts as GREEN here.
pub fn indicator_drafts(
    publisher: Address,
    publisher_name: &str,
    addresses: &[Listed],
    tlp: u8,
) -> Vec<Draft> {
    let uuid = |name: String| Uuid::new_v5(&namespace(), name.as_bytes());
    let identity = uuid(format!("identity:{publisher:#x}"));
    let tlp = tlp.min(1);
    let mut drafts = vec![Draft {
        uuid: identity,
        publisher: identity,
        subject: Subject::Publisher {
            name: publisher_name.to_owned(),
        },
        tlp,
    }];
    drafts.extend(addresses.iter().map(|listed| Draft {
        uuid: uuid(format!("indicator:{publisher:#x}:{:#x}", listed.address)),
        publisher: identity,
        subject: Subject::Address {
            address: listed.address,
            labels: listed.labels.clone(),
        },
        tlp,
    }));
    drafts
}

impl Draft {
    /// Whether it is about an address, not about the publisher.
    pub fn is_indicator(&self) -> bool {
        matches!(self.subject, Subject::Address { .. })
    }

    /// The object with these times, milliseconds since 1970.
    ///
    /// # Errors
    /// It has no JSON form.
    pub fn render(
        &self,
        position: usize,
        created_ms: u64,
        modified_ms: u64,
    ) -> Result<StixObject, serde_json::Error> {
        let (created, modified) = (timestamp(created_ms), timestamp(modified_ms));
        let marking = MARKINGS[usize::from(self.tlp)];
        let (object_type, content) = match &self.subject {
            Subject::Publisher { name } => {
                let identity = Identity {
                    stix_type: "identity",
                    spec_version: "2.1",
                    id: format!("identity--{}", self.uuid),
                    created: &created,
                    modified: &modified,
                    name,
                    identity_class: "organization",
                    object_marking_refs: [marking],
                };
                ("identity", serde_json::to_vec(&identity)?)
            }
            Subject::Address { address, labels } => {
                let indicator = Indicator {
                    stix_type: "indicator",
                    spec_version: "2.1",
                    id: format!("indicator--{}", self.uuid),
                    created_by_ref: format!("identity--{}", self.publisher),
                    created: &created,
                    modified: &modified,
                    name: format!("Ethereum address {address}"),
                    indicator_types: ["malicious-activity"],
                    pattern: format!("[cryptocurrency-wallet:value = '{address:#x}']"),
                    pattern_type: "stix",
                    pattern_version: "2.1",
                    valid_from: &created,
                    labels,
                    object_marking_refs: [marking],
                };
                ("indicator", serde_json::to_vec(&indicator)?)
            }
        };
        Ok(StixObject {
            object_type: object_type.to_owned(),
            uuid: FixedBytes(self.uuid.into_bytes()),
            version: modified_ms,
            has_own_version: true,
            tlp: self.tlp,
            content: content.into(),
            position,
        })
    }
}

/// Milliseconds as STIX writes them: three fractional digits.
fn timestamp(ms: u64) -> String {
    // `time::format` writes microseconds: the last three digits before the Z are zeros.
    let text = time::format(ms.saturating_mul(time::MICROS_PER_MILLI));
    text.strip_suffix("000Z")
        .map_or_else(|| text.clone(), |text| format!("{text}Z"))
}
