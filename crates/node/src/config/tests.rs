use super::*;

fn load(taxii: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.toml");
    let text = format!(
        "name = \"n\"\ngenesis = \"genesis.toml\"\ndata_dir = \"data\"\n\n[taxii]\n{taxii}\n"
    );
    std::fs::write(&path, text).unwrap();
    Config::load(&path)
}

#[test]
fn the_public_url_of_taxii_is_a_scheme_and_a_host() {
    assert_eq!(load("").unwrap().taxii.public_url, None);
    let config = load("public_url = \"https://taxii.example.org\"").unwrap();
    let written = toml::to_string(&config).unwrap();
    assert_eq!(toml::from_str::<Config>(&written).unwrap(), config);
    assert_eq!(
        config.taxii.public_url.as_deref(),
        Some("https://taxii.example.org")
    );
    let error = load("public_url = \"taxii.example.org/x\"").unwrap_err();
    let ConfigError::Field { field, reason } = error else {
        panic!("{error}");
    };
    assert_eq!(field, "taxii.public_url");
    assert!(reason.contains("`taxii.example.org/x`"), "{reason}");
}
