//! Content negotiation (TAXII 2.1 section 1.6.8 and RFC 9110 section 12.5.1).

use axum::http::{HeaderMap, header};

const TYPE: &str = "application/taxii+json";
const VERSION: &str = "2.1";

/// Whether the client takes what this server sends. No `Accept` header means that it takes anything.
#[must_use]
pub(crate) fn accepts(headers: &HeaderMap) -> bool {
    let mut present = false;
    let mut best: Option<(u8, bool)> = None;
    for value in headers.get_all(header::ACCEPT) {
        present = true;
        let Ok(text) = value.to_str() else { continue };
        for range in text.split(',') {
            // The most specific range that fits decides, so that `q=0` can take one type out of `*/*`.
            if let Some(fit) = MediaRange::parse(range).and_then(|range| range.fit()) {
                best = best.max(Some(fit));
            }
        }
    }
    !present || best.is_some_and(|(_, wanted)| wanted)
}

struct MediaRange<'a> {
    media_type: &'a str,
    version: Option<&'a str>,
    zero_quality: bool,
}

impl<'a> MediaRange<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next().filter(|name| name.contains('/'))?;
        let mut range = Self {
            media_type,
            version: None,
            zero_quality: false,
        };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "version" => range.version = Some(value),
                "q" => range.zero_quality = value.parse::<f32>().is_ok_and(|q| q <= 0.0),
                _ => {}
            }
        }
        Some(range)
    }

    fn version_fits(&self) -> bool {
        self.version.is_none_or(|version| version == VERSION)
    }

    /// How specifically the range names our type, and whether it wants it.
    fn fit(&self) -> Option<(u8, bool)> {
        let rank = if self.media_type.eq_ignore_ascii_case(TYPE) {
            if !self.version_fits() {
                return None;
            }
            2 + u8::from(self.version.is_some())
        } else if self.media_type.eq_ignore_ascii_case("application/*") {
            1
        } else if self.media_type == "*/*" {
            0
        } else {
            return None;
        };
        Some((rank, !self.zero_quality))
    }
}

#[cfg(test)]
mod tests;
