use super::*;
use crate::{
    Rpc, Sender, SenderConfig,
    publish::{Report, publish},
    testing::TestNode,
};
use alloy_primitives::Address;
use alloy_signer_local::PrivateKeySigner;
use hansa_taxii::stix;
use std::path::PathBuf;

const ALICE: &str = "0x00000000000000000000000000000000000000aa";
const BOB: &str = "0x00000000000000000000000000000000000000bb";

fn labels(list: &List, index: usize) -> Vec<&str> {
    list.addresses[index]
        .labels
        .iter()
        .map(String::as_str)
        .collect()
}

#[test]
fn text_lists() {
    let checked = "0x01e2919679362dFBC9ee1644Ba9C6da6D6245BB1";
    let mistyped = checked.replace("01e2", "01E2");
    let file = format!(
        "\u{feff}# sanctioned\r\n{ALICE}\r\n\n  {BOB} # Bob\n{checked}\n{mistyped}\n0x12\n{}\n{ALICE}\n0x{}\n",
        ALICE.to_uppercase(),
        "0".repeat(40)
    );
    let list = read_text(file.as_bytes()).unwrap();
    assert_eq!((list.addresses.len(), list.rows, list.merged), (3, 5, 2));
    let lines: Vec<_> = list.refused.iter().map(|row| row.line).collect();
    assert_eq!(lines, [6, 7, 10]);
    assert!(list.refused[0].reason.contains("EIP-55"));
    assert_eq!(read_text(b"").unwrap(), List::default());
    assert!(read_text(&[0xff]).is_err());
}

#[test]
fn csv_columns_are_detected_or_named() {
    let none = Columns::default();
    let named = |address: &str, tag: &str| Columns {
        address: Some(address.into()),
        tag: Some(tag.into()),
    };
    let file =
        format!("creator,contract_address,contract_tag,kind\n{BOB},{ALICE},\"One, two\",x\n");
    for (columns, address, tags) in [
        (none.clone(), ALICE, vec!["One, two"]),
        (named("creator", "kind"), BOB, vec!["x"]),
        (named("1", "4"), BOB, vec!["x"]),
    ] {
        let list = read_csv(file.as_bytes(), &columns).unwrap();
        assert_eq!(
            list.addresses[0].address,
            address.parse::<Address>().unwrap()
        );
        assert_eq!(labels(&list, 0), tags);
    }
    for columns in [
        named("owner", "kind"),
        named("0", "kind"),
        named("5", "kind"),
        named("creator", "no"),
    ] {
        assert!(matches!(
            read_csv(file.as_bytes(), &columns),
            Err(ListError::Column { .. })
        ));
    }
    let headless = read_csv(format!("x,{ALICE}\ny,{BOB}\n").as_bytes(), &none).unwrap();
    assert_eq!(
        (headless.addresses.len(), labels(&headless, 0).len()),
        (2, 0)
    );
    let without = read_csv(b"a,b\n1,2\n", &none);
    assert!(matches!(without, Err(ListError::NoAddresses { .. })));
    assert_eq!(read_csv(b"", &none).unwrap(), List::default());
}

#[test]
fn csv_rows_are_merged_and_refused_with_their_lines() {
    let file = format!(
        "address,label\n{ALICE},b\n{BOB},\n{ALICE},a\n{ALICE},b\nnobody,c\n,d\n\"{BOB}\",\"two\nlines\"\n"
    );
    let list = read_csv(file.as_bytes(), &Columns::default()).unwrap();
    assert_eq!((list.addresses.len(), list.rows, list.merged), (2, 5, 3));
    assert_eq!(labels(&list, 0), ["a", "b"]);
    assert_eq!(labels(&list, 1), ["twolines"]);
    let refused: Vec<_> = list
        .refused
        .iter()
        .map(|row| (row.line, row.value.as_str()))
        .collect();
    assert_eq!(refused, [(6, "nobody"), (7, "")]);
}

#[test]
fn drafts_are_valid_stix_with_ids_of_their_own() {
    let list = read_text(format!("{ALICE}\n{BOB}\n").as_bytes()).unwrap();
    let (one, two) = (Address::repeat_byte(1), Address::repeat_byte(2));
    let drafts = indicator_drafts(one, "Uni", &list.addresses, 1);
    assert_eq!(drafts.len(), 3);
    let mut ids = std::collections::BTreeSet::new();
    for draft in drafts
        .iter()
        .chain(&indicator_drafts(two, "Uni", &list.addresses, 1))
    {
        let object = draft.render(0, 1_000, 2_001).unwrap();
        let facts = stix::inspect(&object.content).unwrap();
        assert_eq!(
            (facts.id.clone(), facts.version_ms),
            (object.id(), Some(2_001))
        );
        assert_eq!(facts.tlp, Some(hansa_taxii::Tlp::Green));
        ids.insert(facts.id);
    }
    assert_eq!(ids.len(), 6, "an object belongs to one publisher");
    // Committed: a change of these would import everything a second time.
    assert_eq!(namespace().to_string(), NAMESPACE);
    let first = drafts[1].render(0, 0, 0).unwrap().id();
    assert_eq!(first, FIRST_ID);
}

const NAMESPACE: &str = "d8a01b1c-d805-5576-890d-5578ffb7fcb2";
const FIRST_ID: &str = "indicator--91f7e015-21e3-5e88-96e4-b7d663c1324e";

struct Run {
    node: TestNode,
    sender: Sender,
}

impl Run {
    async fn start() -> Self {
        let signer = PrivateKeySigner::random();
        let node = TestNode::start(&[signer.address()]).await;
        let rpc = Rpc::new(&node.url).unwrap();
        let sender = Sender::new(rpc, signer, SenderConfig::default())
            .await
            .unwrap();
        Self { node, sender }
    }

    async fn import(&self, list: &List, now_ms: u64) -> Report {
        let drafts = indicator_drafts(self.sender.address(), "Uni", &list.addresses, 0);
        let objects = reconcile(self.sender.rpc(), &drafts, now_ms).await.unwrap();
        let report = publish(&self.sender, objects, now_ms, |_| ())
            .await
            .unwrap();
        assert_eq!(report.refused, []);
        report
    }
}

#[tokio::test]
async fn a_second_import_on_another_day_publishes_only_what_changed() {
    const DAY: u64 = 86_400_000;
    let run = Run::start().await;
    let csv = |tag: &str| {
        let file = format!("address,tag\n{ALICE},{tag}\n{BOB},thief\n");
        read_csv(file.as_bytes(), &Columns::default()).unwrap()
    };
    let steps = [
        ("phish", 10, 3, "two indicators and the identity"),
        ("phish", 11, 0, "nothing changed"),
        ("heist", 12, 1, "one label changed"),
        (
            "heist",
            13,
            0,
            "the changed one has two versions, and `created` differs from `modified`",
        ),
        ("phish", 9, 1, "changed back, by a clock that went back"),
        ("phish", 14, 0, "nothing changed"),
    ];
    for (tag, day, expected, why) in steps {
        let report = run.import(&csv(tag), day * DAY).await;
        assert_eq!(report.published, expected, "{why}");
        assert_eq!(report.published + report.already, 3, "{why}");
    }
}

#[tokio::test]
async fn the_real_lists_are_counted_and_imported_once() {
    let folder = std::env::var_os("HANSA_SHARED_DATA").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"))
    });
    let read = |name: &str| std::fs::read(folder.join(name));
    let (Ok(text), Ok(labels), Ok(contracts)) = (
        read("sanctioned_addresses_ETH.txt"),
        read("etherscan_malicious_labels.csv"),
        read("malicious_smart_contracts.csv"),
    ) else {
        eprintln!("skipped: no address lists in {}", folder.display());
        return;
    };
    let sanctioned = read_text(&text).unwrap();
    assert_eq!(
        (sanctioned.addresses.len(), sanctioned.refused.len()),
        (152, 0)
    );
    let columns = Columns::default();
    let labelled = read_csv(&labels, &columns).unwrap();
    assert_eq!(
        (labelled.addresses.len(), labelled.refused.len()),
        (7_259, 2)
    );
    eprintln!("refused: {:?}", labelled.refused);
    assert_eq!(labelled.rows, labelled.addresses.len() + labelled.merged);
    assert_eq!(labelled.rows + labelled.refused.len(), 7_780);
    let contracts = read_csv(&contracts, &columns).unwrap();
    assert_eq!(contracts.addresses.len(), 719);

    let run = Run::start().await;
    assert_eq!(run.import(&sanctioned, 1_000).await.published, 153);
    assert_eq!(run.import(&sanctioned, 2_000).await.published, 0);
    assert!(run.node.ledger().transactions > 0);
}
