//! Which resource a path names (TAXII 2.1 sections 4 and 5).
//!
//! Paths end in a slash; without it they mean the same. Everything below `/taxii2/` that is no resource
//! is answered 404 by the server.

use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The path of the discovery resource.
pub const DISCOVERY_PATH: &str = "/taxii2/";
/// The path of the one API root.
pub const API_ROOT_PATH: &str = "/taxii2/league/";

/// A resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// The server (section 4.1).
    Discovery,
    /// The league's API root (section 4.2).
    ApiRoot,
    /// The status of a write (section 4.3). There is never one.
    Status,
    /// The list of collections (section 5.1).
    Collections,
    /// One collection (section 5.2).
    Collection(String),
    /// A collection's manifest (section 5.3).
    Manifest(String),
    /// A collection's objects (sections 5.4 and 5.5).
    Objects(String),
    /// One object by id (sections 5.6 and 5.7).
    Object(String, String),
    /// The versions of one object (section 5.8).
    Versions(String, String),
}

impl Route {
    /// The resource of a path, percent-encoded as on the wire.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut segments = path.strip_prefix('/')?.split('/').map(decode);
        if segments.next()?? != "taxii2" {
            return None;
        }
        let mut rest = Vec::with_capacity(5);
        for segment in segments {
            // No resource lies deeper than collections/{id}/objects/{id}/versions below the API root.
            if rest.len() == 6 {
                return None;
            }
            rest.push(segment?);
        }
        let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
        Some(match rest.as_slice() {
            [] => Self::Discovery,
            ["league"] => Self::ApiRoot,
            ["league", "status", _] => Self::Status,
            ["league", "collections"] => Self::Collections,
            ["league", "collections", id] => Self::Collection((*id).into()),
            ["league", "collections", id, "manifest"] => Self::Manifest((*id).into()),
            ["league", "collections", id, "objects"] => Self::Objects((*id).into()),
            ["league", "collections", id, "objects", object] => {
                Self::Object((*id).into(), (*object).into())
            }
            ["league", "collections", id, "objects", object, "versions"] => {
                Self::Versions((*id).into(), (*object).into())
            }
            _ => return None,
        })
    }
}

fn decode(segment: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(segment)
        .decode_utf8()
        .ok()
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
