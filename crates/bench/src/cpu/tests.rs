use super::*;

#[test]
fn a_programs_name_may_hold_brackets_and_spaces() {
    let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 8 0 123";
    assert_eq!(stat_seconds(stat), Some(3.0));
    assert_eq!(stat_seconds("42 (a) S 1"), None);
    assert_eq!(stat_seconds(""), None);
}

#[test]
fn lines_of_status_are_found_by_their_whole_name() {
    let status = "Name:\tx\nVmHWMX:\t1 kB\nVmHWM:\t  2048 kB\n";
    assert_eq!(status_kib(status, "VmHWM"), Some(2_048));
    assert_eq!(status_kib(status, "VmRSS"), None);
}

#[test]
fn this_process_uses_time_and_memory() {
    let before = own_seconds();
    let mut sum = 0u64;
    while own_seconds() - before < 0.02 {
        sum = std::hint::black_box(sum + 1);
    }
    let usage = usage(std::process::id()).unwrap();
    assert!(
        usage.peak_rss_mib >= usage.rss_mib && usage.rss_mib > 0.0,
        "{usage:?}"
    );
    assert!(usage.cpu_s <= own_seconds() + 0.1, "{usage:?}");
}

#[test]
fn a_process_that_is_not_there_is_an_error() {
    let error = usage(u32::MAX).unwrap_err().to_string();
    assert!(error.contains("/proc/4294967295"), "{error}");
}
