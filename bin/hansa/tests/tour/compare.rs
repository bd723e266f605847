//! Whether a command has printed what the document shows.
//!
//! A line `…` stands for any number of lines, `…` within a line for anything. What differs from run to run is compared by its shape:
//! hashes, keys and addresses (but for addresses that the reader types), times, durations and sizes, numbers of blocks and epochs, amounts
//! of ether with a fraction (they contain fees), and in tables the columns of [`VARIABLE`]. Columns may be padded otherwise. All else is
//! compared to the letter.

/// Columns of tables whose cells differ from run to run.
const VARIABLE: [&str; 4] = ["PID", "UPTIME", "HEAD", "DISK"];
/// What a number after these counts differs from run to run.
const BEFORE: [&str; 4] = ["block", "blockNumber", "epoch", "blocks"];
/// A number goes on with the one before.
const BETWEEN: [&str; 3] = ["of", "to", "and"];
/// What a number before these measures differs from run to run.
const UNITS: [&str; 8] = ["ms", "s", "min", "h", "d", "KiB", "MiB", "GiB"];
/// Digits after the point of an amount of ether, and of a time in seconds since 1970.
const ETHER_DIGITS: usize = 18;
const UNIX_DIGITS: usize = 10;
/// Shorter ones are numbers, with a value.
const LEAST_HEX_DIGITS: usize = 4;
const ANYTHING: char = '…';

/// The first shown line that nothing printed fits, counted from 0; `Err(shown.len())` if more was printed than is shown.
pub(crate) fn compare(shown: &[String], printed: &[String], typed: &[String]) -> Result<(), usize> {
    let (shown, printed) = (rows(shown), rows(printed));
    // How many lines may be printed so far; what is shown may stand for various numbers of them.
    let mut ends = vec![0];
    for (at, row) in shown.iter().enumerate() {
        ends = if is_gap(row.line) {
            let first = ends.first().copied().unwrap_or_default();
            (first..=printed.len()).collect()
        } else {
            let fits = |&end: &usize| printed.get(end).is_some_and(|line| row.fits(line, typed));
            ends.into_iter().filter(fits).map(|end| end + 1).collect()
        };
        if ends.is_empty() {
            return Err(at);
        }
    }
    if ends.contains(&printed.len()) {
        Ok(())
    } else {
        Err(shown.len())
    }
}

fn is_gap(line: &str) -> bool {
    line.trim().chars().eq([ANYTHING])
}

/// A line and the table's head above it.
struct Row<'a> {
    line: &'a str,
    head: Option<Vec<&'a str>>,
}

fn rows(lines: &[String]) -> Vec<Row<'_>> {
    let mut head: Option<Vec<&str>> = None;
    let mut rows = Vec::new();
    for line in lines {
        let cells = cells(line);
        let named =
            |cell: &&str| cell.contains(char::is_uppercase) && !cell.contains(char::is_lowercase);
        if cells.len() > 1 && cells.iter().all(named) {
            head = Some(cells);
        } else if line.trim().is_empty() || is_gap(line) {
            head = None;
        }
        rows.push(Row {
            line,
            head: head.clone(),
        });
    }
    rows
}

/// Two spaces at least are between columns.
fn cells(line: &str) -> Vec<&str> {
    let cells = line.split("  ").map(str::trim);
    cells.filter(|cell| !cell.is_empty()).collect()
}

impl Row<'_> {
    fn fits(&self, printed: &Row<'_>, typed: &[String]) -> bool {
        let (Some(head), Some(_)) = (&self.head, &printed.head) else {
            return text_fits(self.line, printed.line, typed);
        };
        let (ours, theirs) = (cells(self.line), cells(printed.line));
        let is_table = ours.len() == head.len() && theirs.len() == head.len();
        if !is_table {
            return text_fits(self.line, printed.line, typed);
        }
        let begins_as_number = |cell: &str| cell.starts_with(|first: char| first.is_ascii_digit());
        head.iter()
            .zip(ours.into_iter().zip(theirs))
            .all(|(name, (ours, theirs))| {
                let varies = VARIABLE.contains(name) && begins_as_number(ours);
                (varies && begins_as_number(theirs)) || text_fits(ours, theirs, typed)
            })
    }
}

fn text_fits(shown: &str, printed: &str, typed: &[String]) -> bool {
    let (shown, printed) = (shape(shown, typed), shape(printed, typed));
    let mut parts = shown.split(ANYTHING);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// A line with its values taken out that differ from run to run.
fn shape(line: &str, typed: &[String]) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut varies = false;
    let mut shapes = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| words[before]);
        let between = BETWEEN.contains(word) && varies;
        let unit = words
            .get(at + 1)
            .map(|next| next.trim_end_matches([',', ';', ':', '.', ')']));
        varies = between
            || before.is_some_and(|before| {
                BEFORE.contains(&before) || (varies && BETWEEN.contains(&before))
            })
            || unit.is_some_and(|unit| UNITS.contains(&unit));
        shapes.push(word_shape(word, varies, typed));
    }
    shapes.join(" ")
}

fn word_shape(word: &str, varies: bool, typed: &[String]) -> String {
    let mut shape = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let inside = shape.ends_with(|last: char| last.is_ascii_alphanumeric());
        let (taken, becomes) = if inside {
            (first.len_utf8(), None)
        } else if let Some(hex) = hex(rest) {
            let value = rest[..hex].to_lowercase();
            let known = typed.iter().any(|typed| typed.to_lowercase() == value);
            (
                hex,
                if known {
                    Some(value)
                } else {
                    Some("<hex>".into())
                },
            )
        } else if let Some(time) = time(rest) {
            (time, Some("<time>".into()))
        } else if let Some(number) = number(rest) {
            let differs = varies || differs(&rest[..number]);
            (number, differs.then(|| "<number>".into()))
        } else {
            (first.len_utf8(), None)
        };
        shape.push_str(&becomes.unwrap_or_else(|| rest[..taken].to_owned()));
        rest = &rest[taken..];
    }
    shape
}

fn length(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|character| !of(character)).unwrap_or(text.len())
}

/// The length of the hex text that begins here, also of one that is shortened in its middle.
fn hex(text: &str) -> Option<usize> {
    let is_hex = |character: char| character.is_ascii_hexdigit();
    let digits = length(text.strip_prefix("0x")?, is_hex);
    let end = 2 + digits;
    if let Some(tail) = text[end..].strip_prefix(ANYTHING) {
        return Some(end + ANYTHING.len_utf8() + length(tail, is_hex));
    }
    (digits >= LEAST_HEX_DIGITS).then_some(end)
}

/// The length of the time of RFC 3339 that begins here.
fn time(text: &str) -> Option<usize> {
    let end = length(text, |character| {
        character.is_ascii_digit() || "-:.TZ".contains(character)
    });
    let pattern = "dddd-dd-ddTdd:dd:dd";
    let matches = |(pattern, found): (char, char)| match pattern {
        'd' => found.is_ascii_digit(),
        _ => found == pattern,
    };
    let found = &text[..end];
    let is_time = found.len() > pattern.len()
        && found.ends_with('Z')
        && pattern.chars().zip(found.chars()).all(matches);
    is_time.then_some(end)
}

/// The length of the decimal number that begins here and is no part of a name.
fn number(text: &str) -> Option<usize> {
    let is_digit = |character: char| character.is_ascii_digit();
    let whole = length(text, is_digit);
    if whole == 0 {
        return None;
    }
    let fraction = text[whole..]
        .strip_prefix('.')
        .map_or(0, |rest| length(rest, is_digit));
    let end = if fraction == 0 {
        whole
    } else {
        whole + 1 + fraction
    };
    let goes_on = text[end..].starts_with(|next: char| next.is_ascii_alphanumeric());
    (!goes_on).then_some(end)
}

fn differs(number: &str) -> bool {
    match number.split_once('.') {
        Some((_, fraction)) => {
            fraction.len() == ETHER_DIGITS && fraction.contains(|digit| digit != '0')
        }
        None => number.len() == UNIX_DIGITS,
    }
}

#[cfg(test)]
mod tests {
    use super::compare;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn check(shown: &str, printed: &str, expected: Result<(), usize>) {
        let typed = ["0x00000000000000000000000000000000000000AA".to_owned()];
        let found = compare(&lines(shown), &lines(printed), &typed);
        assert_eq!(found, expected, "\n{shown}\n-- printed:\n{printed}");
    }

    #[test]
    fn what_differs_from_run_to_run_may_differ() {
        for (shown, printed) in [
            (
                "in block 3, transaction 0xfd38…9a17",
                "in block 41, transaction 0x01ab…0000",
            ),
            (
                "epoch 3, block 60 of 60 to 79",
                "epoch 4, block 81 of 80 to 99",
            ),
            (
                "until 2026-11-27T03:44:43Z",
                "until 2027-01-02T00:00:00.125Z",
            ),
            (
                "arrived after 0.6 s: 0x8C8d35429F74",
                "arrived after 12 s: 0x11112222aaaa",
            ),
            ("9900.999879982652473220", "9900.999879982652473001"),
            ("\"until\":1795751083}", "\"until\":1795751099}"),
            (
                "League in …/.hansa, healthy",
                "League in /a/b/.hansa, healthy",
            ),
            ("status      1 (success)", "status 1 (success)"),
            ("{\"id\":\"a\",…", "{\"id\":\"a\",\"b\":1}"),
        ] {
            check(shown, printed, Ok(()));
        }
    }

    #[test]
    fn all_else_may_not() {
        for (shown, printed) in [
            ("2148 published", "2147 published"),
            ("operator-1", "operator-2"),
            ("1 of 4 endorse", "1 of 3 endorse"),
            ("5.000000000000000000 ether", "6.000000000000000000 ether"),
            ("http://127.0.0.1:8545", "http://127.0.0.1:8555"),
            ("until 2026-11-27T03:44:43Z", "until tomorrow"),
            (
                "0x00000000000000000000000000000000000000aa",
                "0x00000000000000000000000000000000000000bb",
            ),
            ("alertId 0x1", "alertId 0x2"),
            (
                "League in …/.hansa, healthy",
                "League in /a/b/.hansa, unhealthy",
            ),
            ("indicator--1a", "indicator--2a"),
            ("status 1", "status 1 (success)"),
        ] {
            check(shown, printed, Err(0));
        }
    }

    #[test]
    fn a_gap_stands_for_any_number_of_lines() {
        check("a\n…\nb\n…", "a\nb", Ok(()));
        check("a\n…\nb\n…", "a\nx\n\nb\ny\nz", Ok(()));
        check("…\nb", "a\nb\nb", Ok(()));
        check("a\n…\nb", "a\nx", Err(2));
        check("a", "a\nb", Err(1));
        check("a\n\nb", "a\nb", Err(1));
        check("", "a", Err(0));
        check("a", "", Err(0));
    }

    #[test]
    fn columns_of_a_table_differ_where_they_may() {
        let shown = "NAME  PID   HEAD  ZONES\none   2940  8     1";
        check(
            shown,
            "NAME   PID     HEAD  ZONES\none    129400  19    1",
            Ok(()),
        );
        check(
            shown,
            "NAME   PID     HEAD  ZONES\none    129400  19    2",
            Err(1),
        );
        check(
            shown,
            "NAME   PID     HEAD  ZONES\none    -       19    1",
            Err(1),
        );
        check(
            shown,
            "NAME   PID     HEAD  ZONE\none    129400  19    1",
            Err(0),
        );
    }
}
