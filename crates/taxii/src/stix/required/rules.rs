//! The rules as a table: one row for each type, in the order of the standard's sections.

/// What a property holds (section 2).
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Bool,
    /// A whole number from the first to the second.
    Integer(i64, i64),
    /// A number from the first to the second.
    Number(f64, f64),
    Time,
    Id,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of texts that is not empty.
    Texts,
    /// A list of ids that is not empty.
    Ids,
    /// A list of anything that is not empty.
    List,
    /// A JSON object that is not empty.
    Dictionary,
}

/// A property and what it holds.
pub(super) type Property = (&'static str, Kind);

/// What one type requires.
pub(super) struct Rule {
    pub(super) stix_type: &'static str,
    /// Each of them.
    pub(super) required: &'static [Property],
    /// At least one of these groups, and all of that group; no groups ask for nothing.
    pub(super) groups: &'static [&'static [Property]],
    /// Where the first is there and not `false`, the second is there too.
    pub(super) implied: &'static [(&'static str, Property)],
    /// The second time is not before the first.
    pub(super) ordered: &'static [(&'static str, &'static str)],
    /// The second time is after the first.
    pub(super) strictly_ordered: &'static [(&'static str, &'static str)],
}

/// A row that requires nothing.
const NOTHING: Rule = Rule {
    stix_type: "",
    required: &[],
    groups: &[],
    implied: &[],
    ordered: &[],
    strictly_ordered: &[],
};

const ANY_INTEGER: Kind = Kind::Integer(i64::MIN, i64::MAX);
const COUNT: Kind = Kind::Integer(0, i64::MAX);
const NAME: Property = ("name", Kind::Text);
const VALUE: Property = ("value", Kind::Text);
const OBJECT_REFS: Property = ("object_refs", Kind::Ids);
const EXTENSIONS: Property = ("extensions", Kind::Dictionary);
const LATITUDE: Property = ("latitude", Kind::Number(-90.0, 90.0));
const LONGITUDE: Property = ("longitude", Kind::Number(-180.0, 180.0));
const SEEN: &[(&str, &str)] = &[("first_seen", "last_seen")];

/// A type that requires a name.
const fn named(stix_type: &'static str) -> Rule {
    Rule {
        stix_type,
        required: &[NAME],
        ..NOTHING
    }
}

/// A type that requires a name and says when it was seen first and last.
const fn named_and_seen(stix_type: &'static str) -> Rule {
    Rule {
        ordered: SEEN,
        ..named(stix_type)
    }
}

/// An observable that is one value.
const fn valued(stix_type: &'static str) -> Rule {
    Rule {
        stix_type,
        required: &[VALUE],
        ..NOTHING
    }
}

/// The types of STIX 2.1: domain objects (section 4), relationship objects (5), cyber-observables (6), and what is about
/// other objects (7).
pub(super) const RULES: &[Rule] = &[
    named("attack-pattern"),
    named_and_seen("campaign"),
    named("course-of-action"),
    Rule {
        stix_type: "grouping",
        required: &[("context", Kind::Text), OBJECT_REFS],
        ..NOTHING
    },
    named("identity"),
    named("incident"),
    Rule {
        stix_type: "indicator",
        required: &[
            ("pattern", Kind::Text),
            ("pattern_type", Kind::Text),
            ("valid_from", Kind::Time),
        ],
        strictly_ordered: &[("valid_from", "valid_until")],
        ..NOTHING
    },
    named_and_seen("infrastructure"),
    named_and_seen("intrusion-set"),
    Rule {
        stix_type: "location",
        groups: &[
            &[("region", Kind::Text)],
            &[("country", Kind::Text)],
            &[LATITUDE, LONGITUDE],
        ],
        implied: &[
            ("latitude", LONGITUDE),
            ("longitude", LATITUDE),
            ("precision", LATITUDE),
        ],
        ..NOTHING
    },
    Rule {
        stix_type: "malware",
        required: &[("is_family", Kind::Bool)],
        implied: &[("is_family", NAME)],
        ordered: SEEN,
        ..NOTHING
    },
    Rule {
        stix_type: "malware-analysis",
        required: &[("product", Kind::Text)],
        groups: &[
            &[("result", Kind::Text)],
            &[("analysis_sco_refs", Kind::Ids)],
        ],
        ..NOTHING
    },
    Rule {
        stix_type: "note",
        required: &[("content", Kind::Text), OBJECT_REFS],
        ..NOTHING
    },
    Rule {
        stix_type: "observed-data",
        required: &[
            ("first_observed", Kind::Time),
            ("last_observed", Kind::Time),
            ("number_observed", Kind::Integer(1, 999_999_999)),
        ],
        groups: &[&[("objects", Kind::Dictionary)], &[OBJECT_REFS]],
        ordered: &[("first_observed", "last_observed")],
        ..NOTHING
    },
    Rule {
        stix_type: "opinion",
        required: &[
            (
                "opinion",
                Kind::Word(&[
                    "strongly-disagree",
                    "disagree",
                    "neutral",
                    "agree",
                    "strongly-agree",
                ]),
            ),
            OBJECT_REFS,
        ],
        ..NOTHING
    },
    Rule {
        stix_type: "report",
        required: &[NAME, ("published", Kind::Time), OBJECT_REFS],
        ..NOTHING
    },
    named_and_seen("threat-actor"),
    named("tool"),
    named("vulnerability"),
    Rule {
        stix_type: "relationship",
        required: &[
            ("relationship_type", Kind::Text),
            ("source_ref", Kind::Id),
            ("target_ref", Kind::Id),
        ],
        strictly_ordered: &[("start_time", "stop_time")],
        ..NOTHING
    },
    Rule {
        stix_type: "sighting",
        required: &[("sighting_of_ref", Kind::Id)],
        ordered: SEEN,
        ..NOTHING
    },
    Rule {
        stix_type: "artifact",
        groups: &[
            &[("payload_bin", Kind::Text)],
            &[("url", Kind::Text), ("hashes", Kind::Dictionary)],
        ],
        ..NOTHING
    },
    Rule {
        stix_type: "autonomous-system",
        required: &[("number", ANY_INTEGER)],
        ..NOTHING
    },
    Rule {
        stix_type: "directory",
        required: &[("path", Kind::Text)],
        ..NOTHING
    },
    valued("domain-name"),
    valued("email-addr"),
    Rule {
        stix_type: "email-message",
        required: &[("is_multipart", Kind::Bool)],
        ..NOTHING
    },
    Rule {
        stix_type: "file",
        groups: &[&[("hashes", Kind::Dictionary)], &[NAME]],
        ..NOTHING
    },
    valued("ipv4-addr"),
    valued("ipv6-addr"),
    valued("mac-addr"),
    named("mutex"),
    Rule {
        stix_type: "network-traffic",
        required: &[("protocols", Kind::Texts)],
        groups: &[&[("src_ref", Kind::Id)], &[("dst_ref", Kind::Id)]],
        ordered: &[("start", "end")],
        ..NOTHING
    },
    Rule {
        stix_type: "process",
        groups: &[
            &[("is_hidden", Kind::Bool)],
            &[("pid", ANY_INTEGER)],
            &[("created_time", Kind::Time)],
            &[("cwd", Kind::Text)],
            &[("command_line", Kind::Text)],
            &[("environment_variables", Kind::Dictionary)],
            &[("opened_connection_refs", Kind::Ids)],
            &[("creator_user_ref", Kind::Id)],
            &[("image_ref", Kind::Id)],
            &[("parent_ref", Kind::Id)],
            &[("child_refs", Kind::Ids)],
            &[EXTENSIONS],
        ],
        ..NOTHING
    },
    named("software"),
    valued("url"),
    Rule {
        stix_type: "user-account",
        groups: &[
            &[("user_id", Kind::Text)],
            &[("credential", Kind::Text)],
            &[("account_login", Kind::Text)],
            &[("account_type", Kind::Text)],
            &[("display_name", Kind::Text)],
            &[("is_service_account", Kind::Bool)],
            &[("is_privileged", Kind::Bool)],
            &[("can_escalate_privs", Kind::Bool)],
            &[("is_disabled", Kind::Bool)],
            &[("account_created", Kind::Time)],
            &[("account_expires", Kind::Time)],
            &[("credential_last_changed", Kind::Time)],
            &[("account_first_login", Kind::Time)],
            &[("account_last_login", Kind::Time)],
            &[EXTENSIONS],
        ],
        ..NOTHING
    },
    Rule {
        stix_type: "windows-registry-key",
        groups: &[
            &[("key", Kind::Text)],
            &[("values", Kind::List)],
            &[("modified_time", Kind::Time)],
            &[("creator_user_ref", Kind::Id)],
            &[("number_of_subkeys", COUNT)],
            &[EXTENSIONS],
        ],
        ..NOTHING
    },
    Rule {
        stix_type: "x509-certificate",
        groups: &[
            &[("is_self_signed", Kind::Bool)],
            &[("hashes", Kind::Dictionary)],
            &[("version", Kind::Text)],
            &[("serial_number", Kind::Text)],
            &[("signature_algorithm", Kind::Text)],
            &[("issuer", Kind::Text)],
            &[("validity_not_before", Kind::Time)],
            &[("validity_not_after", Kind::Time)],
            &[("subject", Kind::Text)],
            &[("subject_public_key_algorithm", Kind::Text)],
            &[("subject_public_key_modulus", Kind::Text)],
            &[("subject_public_key_exponent", ANY_INTEGER)],
            &[("x509_v3_extensions", Kind::Dictionary)],
            &[EXTENSIONS],
        ],
        ..NOTHING
    },
    Rule {
        stix_type: "language-content",
        required: &[("object_ref", Kind::Id), ("contents", Kind::Dictionary)],
        ..NOTHING
    },
    Rule {
        stix_type: "marking-definition",
        groups: &[
            &[
                ("definition_type", Kind::Text),
                ("definition", Kind::Dictionary),
            ],
            &[EXTENSIONS],
        ],
        ..NOTHING
    },
    Rule {
        stix_type: "extension-definition",
        required: &[
            ("created_by_ref", Kind::Id),
            NAME,
            ("schema", Kind::Text),
            ("version", Kind::Text),
            ("extension_types", Kind::Texts),
        ],
        ..NOTHING
    },
];
