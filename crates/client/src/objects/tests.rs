use super::*;

#[test]
fn objects_are_named_by_either_id() {
    let id = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
    let expected = keccak256(id);
    assert_eq!(parse_object_id(id), Some(expected));
    assert_eq!(parse_object_id(&expected.to_string()), Some(expected));
    for wrong in [
        "",
        "0x12",
        "indicator",
        "indicator--8e2e",
        "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
    ] {
        assert_eq!(parse_object_id(wrong), None, "{wrong}");
    }
}
