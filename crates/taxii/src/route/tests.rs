use super::*;
use proptest::prelude::*;

#[test]
fn resources_by_path() {
    let id = || "all".to_owned();
    for (path, route) in [
        ("/taxii2/", Some(Route::Discovery)),
        ("/taxii2", Some(Route::Discovery)),
        ("/taxii2/league/", Some(Route::ApiRoot)),
        ("/taxii2/league/status/1/", Some(Route::Status)),
        ("/taxii2/league/collections/", Some(Route::Collections)),
        (
            "/taxii2/league/collections/all/",
            Some(Route::Collection(id())),
        ),
        (
            "/taxii2/league/collections/%61ll",
            Some(Route::Collection(id())),
        ),
        (
            "/taxii2/league/collections/all/manifest/",
            Some(Route::Manifest(id())),
        ),
        (
            "/taxii2/league/collections/all/objects/",
            Some(Route::Objects(id())),
        ),
        (
            "/taxii2/league/collections/all/objects/x--1/",
            Some(Route::Object(id(), "x--1".into())),
        ),
        (
            "/taxii2/league/collections/all/objects/x--1/versions/",
            Some(Route::Versions(id(), "x--1".into())),
        ),
        ("", None),
        ("/", None),
        ("*", None),
        ("/taxii/", None),
        ("/taxii2//", None),
        ("//taxii2/", None),
        ("/taxii2/other/", None),
        ("/taxii2/league/collections//objects/", None),
        ("/taxii2/league/collections/%ff/", None),
        (
            "/taxii2/league/collections/all/objects/x--1/versions/2/",
            None,
        ),
    ] {
        assert_eq!(Route::parse(path), route, "{path}");
    }
}

proptest! {
    #[test]
    fn no_path_makes_it_panic(path in "(/(taxii2|league|collections|objects|%[0-9a-f]{0,2}|\\PC{0,5})){0,9}") {
        let _ = Route::parse(&path);
    }
}
