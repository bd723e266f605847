//! Durations as Go writes them: `100ms`, `1.5s`, `1m30s`.

use std::time::Duration;

/// Reads one. Below zero there is no time at all.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let (mut rest, is_negative) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text.strip_prefix('+').unwrap_or(text), false),
    };
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let is_number = |symbol: char| symbol.is_ascii_digit() || symbol == '.';
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|symbol| !is_number(symbol))?);
        let (unit, next) = after.split_at(after.find(is_number).unwrap_or(after.len()));
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return None,
        };
        let part = number.parse::<f64>().ok()? * seconds;
        total = total.checked_add(Duration::try_from_secs_f64(part).ok()?)?;
        rest = next;
    }
    Some(if is_negative { Duration::ZERO } else { total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let millis = |count| Some(Duration::from_millis(count));
        let table = [
            ("0", millis(0)),
            ("5s", millis(5_000)),
            ("+100ms", millis(100)),
            ("1m30s", millis(90_000)),
            ("1.5s", millis(1_500)),
            (".5s", millis(500)),
            ("2h", millis(7_200_000)),
            ("1000us", millis(1)),
            ("1000µs", millis(1)),
            ("-5s", millis(0)),
            ("", None),
            ("-", None),
            ("5", None),
            ("s", None),
            (".s", None),
            ("5x", None),
            ("1.2.3s", None),
            ("5 s", None),
            ("1e3s", None),
            ("1s5", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
