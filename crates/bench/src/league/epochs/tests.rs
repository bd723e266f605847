use super::*;

fn header(number: u64, timestamp_ms: u64, is_empty: bool) -> Header {
    Header {
        number,
        timestamp_ms,
        is_empty,
    }
}

#[test]
fn the_first_block_of_an_epoch_is_a_change() {
    let times = [100, 200, 350, 450, 560, 900];
    let headers: Vec<_> = (8..)
        .zip(times)
        .map(|(number, time)| header(number, time, false))
        .collect();
    let expected = Intervals {
        inside: vec![100.0, 100.0, 110.0, 340.0],
        across: vec![150.0],
    };
    assert_eq!(intervals(&headers, 10), expected);
}

#[test]
fn idle_ends_do_not_count() {
    let headers = [
        header(1, 0, true),
        header(2, 5_000, false),
        header(3, 5_100, true),
        header(4, 5_200, false),
        header(5, 10_200, true),
    ];
    assert_eq!(loaded(&headers), &headers[1..4]);
    assert_eq!(loaded(&headers[..1]), &[]);
}

#[test]
fn too_few_changes_are_no_measurement() {
    let intervals = Intervals {
        inside: vec![100.0],
        across: vec![100.0; MIN_CHANGES - 1],
    };
    assert!(summarize(&mut Report::start(), &intervals).is_err());
}
