//! Votes of more members than one word of the bitmap holds.

use super::{Roles, active, cast, count};
use crate::{
    genesis::{Genesis, GenesisMember, storage, with_context},
    limits::MAX_MEMBERS,
    testing::MemoryHost,
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::MEMBERS;

fn address(n: u64) -> Address {
    Address::from_word(B256::from(U256::from(n + 0x1_0000)))
}

#[test]
fn every_index_has_a_bit_of_its_own() {
    let members = (0..MAX_MEMBERS)
        .map(|n| GenesisMember {
            name: "m".into(),
            contact: String::new(),
            address: address(n),
            x25519: B256::ZERO,
            roles: Roles::MEMBER,
            weight: Some(n as u32 + 1),
        })
        .collect();
    let writes = storage(
        &Genesis {
            members,
            ..Genesis::default()
        },
        0,
    )
    .unwrap();
    let storage = writes
        .into_iter()
        .map(|w| ((w.address, w.slot), w.value))
        .collect();
    let mut host = MemoryHost {
        storage,
        ..MemoryHost::default()
    };
    let voters = [0, 1, 255, 256, 511, 512, MAX_MEMBERS - 1];
    let slot = U256::from(1_000_000);
    let (weight, counted) = with_context(&mut host, MEMBERS, 0, |context| {
        for n in voters {
            let record = active(context, address(n))?;
            assert_eq!(record.index, n);
            assert!(cast(context, slot, &record)?);
            assert!(!cast(context, slot, &record)?, "once each");
        }
        count(context, slot)
    })
    .unwrap();
    assert_eq!(counted, voters.map(address));
    assert_eq!(weight, voters.iter().map(|n| n + 1).sum::<u64>());
}
