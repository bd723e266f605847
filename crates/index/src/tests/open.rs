//! Files that are refused, and starting over.

use super::{Chain, GENESIS, check, config, feed, log};
use crate::{Config, Index, IndexError, tables::*};
use alloy_primitives::B256;
use redb::{Database, ReadableDatabase, ReadableTable, TableHandle};
use std::fs;

fn chain() -> Chain {
    let mut chain = Chain::new(0);
    chain.extend((0..5).map(|n| vec![vec![log(1, &[1], n)]; 20]));
    chain
}

/// The message names the file and the way out.
fn helps(error: &IndexError, path: &std::path::Path) {
    let text = error.to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert!(text.contains("hansa node reindex"), "{text}");
    assert!(!text.contains('\n'), "{text}");
}

#[test]
fn foreign_files_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.redb");
    drop(Index::open(&path, config()).unwrap());
    let other = B256::repeat_byte(9);
    let error = Index::open(&path, Config::new(other)).unwrap_err();
    helps(&error, &path);
    let IndexError::Foreign {
        found, expected, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((found, expected), (GENESIS, other));

    let database = Database::create(&path).unwrap();
    let write = database.begin_write().unwrap();
    let next = (FORMAT + 1).to_be_bytes();
    write
        .open_table(META)
        .unwrap()
        .insert("format", next.as_slice())
        .unwrap();
    write.commit().unwrap();
    drop(database);
    let error = Index::open(&path, config()).unwrap_err();
    helps(&error, &path);
    assert!(matches!(error, IndexError::Format { .. }));
}

#[test]
fn files_that_are_no_index_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage");
    fs::write(&garbage, vec![7; 20_000]).unwrap();
    let text = folder.path().join("text");
    fs::write(&text, "chain_id = 7").unwrap();
    let stranger = folder.path().join("stranger");
    let database = Database::create(&stranger).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(HEADERS).unwrap();
    write.commit().unwrap();
    drop(database);
    for path in [garbage, text, stranger] {
        let before = fs::read(&path).unwrap();
        let error = Index::open(&path, config()).unwrap_err();
        assert!(matches!(error, IndexError::Unreadable { .. }), "{error}");
        helps(&error, &path);
        if !path.ends_with("stranger") {
            assert_eq!(fs::read(&path).unwrap(), before, "left as it was");
        }
    }
}

/// What a full disk or a failing one leaves behind.
#[test]
fn truncated_and_overwritten_files_are_errors_and_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.redb");
    feed(&Index::open(&good, config()).unwrap(), &chain());
    let bytes = fs::read(&good).unwrap();
    let bad = folder.path().join("bad.redb");
    let mut refused = 0;
    for at in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut overwritten = bytes.clone();
        let end = (at + 2_000).min(bytes.len());
        overwritten[at..end].fill(0x5a);
        for content in [&bytes[..at], &overwritten] {
            fs::write(&bad, content).unwrap();
            let outcome = Index::open(&bad, config())
                .and_then(|index| index.verify(|_, _| ()).map(|verified| verified.blocks));
            match outcome {
                Ok(blocks) => assert!(blocks == 5 || content.is_empty(), "at {at}: {blocks}"),
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn a_file_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.redb");
    let _open = Index::open(&path, config()).unwrap();
    assert!(matches!(
        Index::open(&path, config()),
        Err(IndexError::Busy { .. })
    ));
}

/// The block that has the newest transactions written out to their buckets can itself be empty.
#[test]
fn an_empty_block_after_the_newest_transactions_filled_up_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.redb");
    let config = Config {
        fresh_transactions: 1,
        ..config()
    };
    let mut chain = Chain::new(0);
    chain.extend([vec![vec![]; 2], vec![]]);
    feed(&Index::open(&path, config.clone()).unwrap(), &chain);
    let database = Database::create(&path).unwrap();
    let tables = database.begin_read().unwrap();
    assert!(tables.open_table(FRESH).is_ok());
    drop((tables, database));
    let index = Index::open(&path, config).unwrap();
    check(&index, &chain.blocks);
    chain.push(vec![vec![]]);
    feed(&index, &chain);
    check(&index, &chain.blocks);
}

/// Changes one byte of one row.
fn damage(path: &std::path::Path, table: Blobs, number: u64, position: usize) {
    let database = Database::create(path).unwrap();
    let write = database.begin_write().unwrap();
    {
        let mut table = write.open_table(table).unwrap();
        let mut row = table.get(number).unwrap().unwrap().value().to_vec();
        let position = position % row.len();
        row[position] ^= 0x10;
        table.insert(number, row.as_slice()).unwrap();
    }
    write.commit().unwrap();
}

#[test]
fn verify_finds_any_changed_byte() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.redb");
    feed(&Index::open(&good, config()).unwrap(), &chain());
    let sizes = {
        let database = Database::create(&good).unwrap();
        let read = database.begin_read().unwrap();
        [HEADERS, BODIES, RECEIPTS].map(|table| {
            (
                table,
                read.open_table(table)
                    .unwrap()
                    .get(3)
                    .unwrap()
                    .unwrap()
                    .value()
                    .len(),
            )
        })
    };
    let bad = folder.path().join("bad.redb");
    for (table, size) in sizes {
        for position in (0..size).step_by(size / 9) {
            // Senders are not committed to by the header.
            if table.name() == BODIES.name() && (84..484).contains(&position) {
                continue;
            }
            fs::copy(&good, &bad).unwrap();
            damage(&bad, table, 3, position);
            let index = Index::open(&bad, config()).unwrap();
            let error = index.verify(|_, _| ()).unwrap_err();
            assert!(matches!(error, IndexError::Damaged { .. }), "{error}");
        }
    }
    let index = Index::open(&good, config()).unwrap();
    let mut seen = Vec::new();
    let verified = index.verify(|done, all| seen.push((done, all))).unwrap();
    assert_eq!((verified.blocks, verified.transactions), (5, 100));
    assert_eq!(seen, (1..=5).map(|done| (done, 5)).collect::<Vec<_>>());
}

#[test]
fn clear_and_rebuild_start_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.redb");
    let index = Index::open(&path, config()).unwrap();
    feed(&index, &chain());
    index.clear().unwrap();
    check(&index, &[]);
    let mut other = Chain::new(7).fork();
    other.extend([vec![vec![]], vec![]]);
    feed(&index, &other);
    check(&index, &other.blocks);
    drop(index);

    let failed = Index::rebuild(&path, config(), |beside| {
        feed(beside, &chain());
        Err(IndexError::Storage("out of blocks".into()))
    });
    assert!(failed.is_err());
    check(&Index::open(&path, config()).unwrap(), &other.blocks);

    let rebuilt = Index::rebuild(&path, config(), |beside| {
        feed(beside, &chain());
        Ok::<_, IndexError>(())
    });
    check(&rebuilt.unwrap(), &chain().blocks);
}
