//! Values as people write them: amounts, durations, times, labels, roles.

use alloy_primitives::{B256, U256, utils::parse_units};
use hansa_client::{objects::parse_object_id, publish::parse_label};
use hansa_taxii::time;

#[cfg(test)]
mod tests;

/// `1.5ether`, `20gwei`, `100wei`, or `0`.
pub(crate) fn amount(text: &str) -> Result<U256, String> {
    let wrong = || {
        format!(
            "`{text}` is no amount; write one with its unit, such as 1.5ether, 20gwei or 100wei"
        )
    };
    if text == "0" {
        return Ok(U256::ZERO);
    }
    let split = text.find(|character: char| character.is_ascii_alphabetic());
    let (number, unit) = text.split_at(split.ok_or_else(wrong)?);
    let number = number.trim();
    let known = ["ether", "gwei", "wei"].contains(&unit);
    if !known || number.is_empty() || number.starts_with(['-', '+']) {
        return Err(wrong());
    }
    if unit == "wei" {
        return number.parse().map_err(|_| wrong());
    }
    Ok(parse_units(number, unit)
        .map_err(|_| wrong())?
        .get_absolute())
}

/// `5%`, `0.25%` or `500bps`: parts of 10,000.
pub(crate) fn share(text: &str) -> Result<u16, String> {
    let wrong =
        || format!("`{text}` is no share; write one such as 5%, 0.25% or 500bps, up to 100%");
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let number = match (text.strip_suffix("bps"), text.strip_suffix('%')) {
        (Some(number), _) if digits(number) => number.to_owned(),
        (None, Some(number)) => {
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            // No share is finer than a hundredth of a percent.
            if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 2 {
                return Err(wrong());
            }
            format!("{whole}{fraction:0<2}")
        }
        _ => return Err(wrong()),
    };
    let bps: u16 = number.parse().map_err(|_| wrong())?;
    (bps <= 10_000).then_some(bps).ok_or_else(wrong)
}

/// Parts of 10,000 for people.
pub(crate) fn show_share(bps: u16) -> String {
    let (whole, fraction) = (bps / 100, bps % 100);
    if fraction == 0 {
        return format!("{whole}%");
    }
    let text = format!("{whole}.{fraction:02}");
    format!("{}%", text.trim_end_matches('0'))
}

/// `90s`, `10m`, `1h`, `7d`: seconds.
pub(crate) fn duration_s(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no duration; write one such as 90s, 10m, 1h or 7d");
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number
        .checked_mul(unit)
        .filter(|&seconds| seconds > 0)
        .ok_or_else(wrong)
}

/// An RFC 3339 time in UTC: milliseconds since 1970.
pub(crate) fn timestamp_ms(text: &str) -> Result<u64, String> {
    let instant = time::parse(text).map_err(|error| error.to_string())?;
    let micros = u64::try_from(instant.micros).map_err(|_| "lies before 1970".to_owned())?;
    Ok(micros / time::MICROS_PER_MILLI)
}

/// A label that content in the clear can have.
pub(crate) fn plain_tlp(text: &str) -> Result<u8, String> {
    match parse_label(text) {
        Some(tlp @ 0..=1) => Ok(tlp),
        _ => Err("content in the clear is labelled `clear` or `green`".into()),
    }
}

/// A STIX id, or the exchange's own id.
pub(crate) fn object_id(text: &str) -> Result<B256, String> {
    parse_object_id(text).ok_or_else(|| {
        "write a STIX id such as indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f, or 0x and 64 hex digits"
            .into()
    })
}

/// Milliseconds since 1970 for people.
pub(crate) fn show_ms(ms: u64) -> String {
    let text = time::format(ms.saturating_mul(time::MICROS_PER_MILLI));
    let seconds = text.split('.').next().unwrap_or(&text);
    format!("{seconds}Z")
}

/// Seconds since 1970 for people; `-` for 0.
pub(crate) fn show_s(seconds: u64) -> String {
    if seconds == 0 {
        return "-".into();
    }
    show_ms(seconds.saturating_mul(1_000))
}

/// A role mask in words.
pub(crate) fn show_roles(mask: u8) -> String {
    let names = [(1, "member"), (2, "sentinel"), (4, "observer")];
    let names = names.iter().filter(|(bit, _)| mask & bit != 0);
    names.map(|(_, name)| *name).collect::<Vec<_>>().join("+")
}
