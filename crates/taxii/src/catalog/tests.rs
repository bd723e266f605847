use super::*;

#[test]
fn dates_follow_block_time_and_position() {
    let mut previous = None;
    let mut dates = Vec::new();
    // Two blocks a millisecond apart; the first brings more records than fit into the millisecond.
    for block_time_ms in [vec![7; 1_002], vec![8; 2]].concat() {
        let date = next_date_added_us(previous, block_time_ms);
        dates.push(date);
        previous = Some(date);
    }
    assert_eq!(dates[0], 7_000);
    assert_eq!(dates[1_001], 8_001);
    assert_eq!(dates[1_002..], [8_002, 8_003]);
    assert!(dates.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(next_date_added_us(previous, 9), 9_000);
}

#[test]
fn audiences_read_up_to_their_label() {
    for (label, public, member) in [
        (Tlp::Clear, true, true),
        (Tlp::Green, false, true),
        (Tlp::Amber, false, false),
        (Tlp::AmberStrict, false, false),
        (Tlp::Red, false, false),
    ] {
        assert_eq!(Audience::Public.may_read(label), public, "{label:?}");
        assert_eq!(Audience::Member.may_read(label), member, "{label:?}");
    }
}
