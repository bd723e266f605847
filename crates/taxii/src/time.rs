//! Timestamps as TAXII and STIX write them.
//!
//! Promises: [`parse`] accepts RFC 3339 in UTC with an upper-case `T` and `Z` and nothing else (TAXII
//! 2.1 section 2, `timestamp`; STIX 2.1 section 2.16); [`format()`] writes exactly six fractional digits,
//! so that texts sort as their instants do. Units: microseconds since 1970-01-01T00:00:00Z, without
//! leap seconds. Digits finer than a microsecond are checked and cut off.

use thiserror::Error;

/// Microseconds in a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;
/// Microseconds in a millisecond.
pub const MICROS_PER_MILLI: u64 = 1_000;
/// The most fractional digits a timestamp may carry (nanoseconds).
pub const MAX_FRACTION_DIGITS: usize = 9;
/// The last microsecond of the year 9999, the latest instant the text form can show.
pub const MAX_MICROS: u64 = 253_402_300_799_999_999;

/// Why a text is not a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TimestampError {
    /// The text is not `YYYY-MM-DDThh:mm:ss[.fraction]Z`.
    #[error("not an RFC 3339 timestamp in UTC such as 2026-01-31T12:00:00.000Z")]
    Form,
    /// A field is out of its range, for example month 13.
    #[error("a field of the timestamp is out of range")]
    Range,
    /// More than [`MAX_FRACTION_DIGITS`] digits follow the point.
    #[error("more than {MAX_FRACTION_DIGITS} fractional digits")]
    TooPrecise,
}

/// An instant and how precisely its text gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    /// Microseconds since 1970; negative before.
    pub micros: i64,
    /// How many fractional digits the text had.
    pub fraction_digits: usize,
}

/// Reads a timestamp.
///
/// # Errors
/// [`TimestampError`] says which rule the text breaks.
pub fn parse(text: &str) -> Result<Timestamp, TimestampError> {
    let bytes = text.as_bytes();
    let shape = bytes.len() >= 20
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes[10] == b'T'
        && bytes[13] == b':'
        && bytes[16] == b':'
        && bytes[bytes.len() - 1] == b'Z';
    if !shape {
        return Err(TimestampError::Form);
    }
    let year = digits(&bytes[0..4])?;
    let month = digits(&bytes[5..7])?;
    let day = digits(&bytes[8..10])?;
    let hour = digits(&bytes[11..13])?;
    let minute = digits(&bytes[14..16])?;
    let second = digits(&bytes[17..19])?;
    let (fraction, fraction_digits) = fraction(&bytes[19..bytes.len() - 1])?;
    // A leap second is written as :60 at the end of a UTC day and counts as the next second.
    let leap = hour == 23 && minute == 59 && second == 60;
    let in_range = (1..=12).contains(&month)
        && day >= 1
        && day <= days_in_month(year, month)
        && hour <= 23
        && minute <= 59
        && (second <= 59 || leap);
    if !in_range {
        return Err(TimestampError::Range);
    }
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Ok(Timestamp {
        micros: seconds * MICROS_PER_SECOND + fraction,
        fraction_digits,
    })
}

/// Writes an instant with six fractional digits. Instants past the year 9999 show as its last
/// microsecond.
#[must_use]
pub fn format(micros: u64) -> String {
    let mut text = Vec::with_capacity(27);
    write(micros, &mut text);
    text.into_iter().map(char::from).collect()
}

/// Appends the text of [`format()`] to a buffer.
pub fn write(micros: u64, out: &mut Vec<u8>) {
    let micros = micros.min(MAX_MICROS);
    let seconds = micros / 1_000_000;
    let (year, month, day) = civil_from_days((seconds / 86_400) as i64);
    let of_day = seconds % 86_400;
    put(out, year, 4);
    out.push(b'-');
    put(out, month, 2);
    out.push(b'-');
    put(out, day, 2);
    out.push(b'T');
    put(out, of_day / 3_600, 2);
    out.push(b':');
    put(out, of_day / 60 % 60, 2);
    out.push(b':');
    put(out, of_day % 60, 2);
    out.push(b'.');
    put(out, micros % 1_000_000, 6);
    out.push(b'Z');
}

fn put(out: &mut Vec<u8>, value: u64, width: u32) {
    for place in (0..width).rev() {
        out.push(b'0' + (value / 10_u64.pow(place) % 10) as u8);
    }
}

fn digits(bytes: &[u8]) -> Result<i64, TimestampError> {
    bytes.iter().try_fold(0_i64, |value, byte| match byte {
        b'0'..=b'9' => Ok(value * 10 + i64::from(byte - b'0')),
        _ => Err(TimestampError::Form),
    })
}

/// The microseconds of `.digits`, or of nothing at all.
fn fraction(bytes: &[u8]) -> Result<(i64, usize), TimestampError> {
    let Some((point, digits_only)) = bytes.split_first() else {
        return Ok((0, 0));
    };
    if *point != b'.' || digits_only.is_empty() || !digits_only.iter().all(u8::is_ascii_digit) {
        return Err(TimestampError::Form);
    }
    if digits_only.len() > MAX_FRACTION_DIGITS {
        return Err(TimestampError::TooPrecise);
    }
    let kept = &digits_only[..digits_only.len().min(6)];
    let scale = 10_i64.pow(6 - kept.len() as u32);
    Ok((digits(kept)? * scale, digits_only.len()))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in 400-year eras whose years
/// begin in March so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`] for days from 1970 on.
fn civil_from_days(days: i64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as u64, month as u64, day as u64)
}

#[cfg(test)]
mod tests;
