//! The page is embedded: building it anew must compile this crate anew.

fn main() {
    println!("cargo:rerun-if-changed=assets");
}
