use super::*;

#[test]
fn medians() {
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[3.0]), Some(3.0));
    assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(&[4.0, 1.0, 2.0, 9.0]), Some(3.0));
}

#[test]
fn percentiles_are_values_that_occurred() {
    let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
    assert_eq!(percentile(&values, 50.0), Some(50.0));
    assert_eq!(percentile(&values, 99.0), Some(99.0));
    assert_eq!(percentile(&values, 100.0), Some(100.0));
    assert_eq!(percentile(&values, 0.0), Some(1.0));
    assert_eq!(percentile(&[7.0], 99.0), Some(7.0));
    assert_eq!(percentile(&[], 50.0), None);
}

#[test]
fn a_slow_start_and_a_slow_end_do_not_count() {
    // 100 per second between 20 and 80, and a tenth of that outside.
    let samples = [(0.0, 0), (20.0, 20), (20.3, 50), (20.6, 80), (40.6, 100)];
    let rate = middle_rate(&samples, 100).unwrap();
    assert!((rate - 100.0).abs() < 1e-6, "{rate}");
}

#[test]
fn a_run_without_a_middle_has_no_rate() {
    assert_eq!(middle_rate(&[], 100), None);
    assert_eq!(middle_rate(&[(0.0, 0), (1.0, 100)], 100), None);
    assert_eq!(middle_rate(&[(0.0, 0), (1.0, 30)], 100), None);
}
