use super::*;

#[test]
fn rates_are_read_and_other_lines_are_not() {
    let line = "loopback, server alone       1000 pages in 1.50 CPU-s: 667 pages per CPU-second";
    assert_eq!(rate(line), Some(("loopback, server alone".into(), 667.0)));
    assert_eq!(
        rate("25000 objects of 1900 bytes on average, pages of 1000"),
        None
    );
    assert_eq!(rate(""), None);
}
