//! The guard in every place it acts.

use super::{ETHER, VICTIM, World, revert_output, signer};
use crate::*;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use hansa_abi::{GUARD, IGuard};

#[test]
fn a_directive_stops_senders_and_recipients_from_the_next_block_and_ends() {
    let mut world = World::new();
    world.block_address(VICTIM);
    let transfer = world.sign(3, TxKind::Call(VICTIM), U256::from(1), Bytes::new());
    let refusal = world
        .executor()
        .execute(&transfer.0, transfer.1)
        .unwrap_err();
    let Refusal::Invalid(InvalidTx::Blocked(directive)) = refusal else {
        panic!("{refusal}");
    };
    assert_eq!(
        (directive.target, directive.alert_id),
        (VICTIM, U256::from(1))
    );
    world.timestamp_ms = (directive.until - 2) * 1_000;
    assert!(world.executor().execute(&transfer.0, transfer.1).is_err());
    world.timestamp_ms = directive.until * 1_000;
    world.executor().execute(&transfer.0, transfer.1).unwrap();
}

#[test]
fn the_accepting_block_itself_does_not_enforce() {
    let mut world = World::new();
    let (publish, raise) = world.alert(VICTIM);
    let raise = raise.abi_encode().into();
    let raise = world.sign(0, TxKind::Call(GUARD), U256::from(ETHER), raise);
    let endorse: Vec<_> = [1, 2]
        .map(|member| {
            world.call(
                member,
                GUARD,
                IGuard::endorseCall {
                    alertId: U256::from(1),
                },
            )
        })
        .into();
    let same = world.sign(3, TxKind::Call(VICTIM), U256::from(1), Bytes::new());
    let next = world.sign(3, TxKind::Call(VICTIM), U256::from(1), Bytes::new());
    let mut transactions = vec![publish, raise];
    transactions.extend(endorse);
    transactions.push(same);
    let outcome = world.block(&transactions).unwrap();
    assert!(outcome.receipts.iter().all(|receipt| receipt.success));
    assert!(world.executor().execute(&next.0, next.1).is_err());
}

#[test]
fn a_revoked_alert_pays_its_bond_to_whom_it_still_blocks() {
    let mut world = World::new();
    world.block_address(VICTIM);
    for member in 0..3 {
        let vote = IGuard::voteRevokeCall {
            alertId: U256::from(1),
        };
        let vote = world.call(member, GUARD, vote);
        let _ = world.block(&[vote]).unwrap();
    }
    assert_eq!(world.db.accounts[&VICTIM].balance, U256::from(ETHER));
    let free = world.sign(3, TxKind::Call(VICTIM), U256::from(1), Bytes::new());
    assert!(world.run(free));
}

/// CALL(gas, address from calldata, value, ...) or another kind of call, then bubble the outcome up:
/// success: STOP; failure: REVERT with the return data.
fn call_code(opcode: u8) -> Vec<u8> {
    let mut code = vec![0x5f, 0x5f, 0x5f, 0x5f];
    if opcode == 0xf1 {
        code.push(0x34); // CALLVALUE
    }
    code.extend_from_slice(&[0x5f, 0x35, 0x5a, opcode]);
    let jump = code.len() as u8 + 10;
    code.extend_from_slice(&[0x60, jump, 0x57]); // JUMPI on success
    code.extend_from_slice(&[0x3d, 0x5f, 0x5f, 0x3e, 0x3d, 0x5f, 0xfd, 0x5b, 0x00]);
    let end = code.len() as u8 - 2;
    let at = code.len() - 11;
    code[at] = end;
    code
}

#[test]
fn frames_that_touch_a_blocked_address_revert_with_a_typed_error() {
    let mut world = World::new();
    let caller = world.deploy(0, &call_code(0xf1));
    let delegator = world.deploy(0, &call_code(0xf4));
    let reader = world.deploy(0, &call_code(0xfa));
    // SELFDESTRUCT(calldata[0])
    let destroyer = world.deploy(0, &[0x5f, 0x35, 0xff]);
    world.block_address(VICTIM);
    let input: Bytes = B256::left_padding_from(VICTIM.as_slice()).0.into();
    for contract in [caller, delegator, destroyer] {
        let output = revert_output(&mut world, contract, U256::ZERO, input.clone());
        assert_eq!(decode_blocked(&output).unwrap().target, VICTIM);
    }
    let output = revert_output(&mut world, caller, U256::from(1), input.clone());
    assert_eq!(decode_blocked(&output).unwrap().target, VICTIM);
    let read = world.sign(0, TxKind::Call(reader), U256::ZERO, input);
    assert!(world.run(read), "static calls still work");
}

#[test]
fn a_create_at_a_blocked_address_fails_with_the_error_in_its_return_data() {
    let mut world = World::new();
    // CREATE(0, 0, 0); RETURNDATACOPY all; REVERT with it.
    let factory = world.deploy(
        0,
        &[
            0x5f, 0x5f, 0x5f, 0xf0, 0x50, 0x3d, 0x5f, 0x5f, 0x3e, 0x3d, 0x5f, 0xfd,
        ],
    );
    let child = factory.create(1);
    world.block_address(child);
    let output = revert_output(&mut world, factory, U256::ZERO, Bytes::new());
    assert_eq!(decode_blocked(&output).unwrap().target, child);
}

#[test]
fn a_blocked_create_uses_the_creators_nonce_as_any_other_that_fails() {
    let mut world = World::new();
    // CREATE(0, 0, 0)
    let factory = world.deploy(0, &[0x5f, 0x5f, 0x5f, 0xf0]);
    world.block_address(factory.create(1));
    let nonce = |world: &World, address| world.db.accounts.get(&address).map(|a| a.nonce);
    for (after, child) in [(2, None), (3, Some(1))] {
        let call = world.sign(0, TxKind::Call(factory), U256::ZERO, Bytes::new());
        assert!(world.run(call));
        assert_eq!(nonce(&world, factory), Some(after));
        assert_eq!(nonce(&world, factory.create(after - 1)), child);
    }
}

#[test]
fn a_create_without_funds_is_none_and_no_business_of_the_guard() {
    let mut world = World::new();
    // CREATE(1, 0, 0); SSTORE(0, ISZERO(RETURNDATASIZE))
    let factory = world.deploy(0, &[0x5f, 0x5f, 0x60, 1, 0xf0, 0x3d, 0x15, 0x5f, 0x55]);
    world.block_address(factory.create(1));
    let call = world.sign(0, TxKind::Call(factory), U256::ZERO, Bytes::new());
    assert!(world.run(call));
    assert_eq!(world.db.accounts[&factory].nonce, 1);
    assert_eq!(
        world.db.storage[&(factory, U256::ZERO)],
        U256::ONE,
        "no return data"
    );
}

#[test]
fn a_delegation_does_not_lead_around_a_block() {
    let mut world = World::new();
    let code = world.deploy(0, &[0x00]);
    let delegator = signer(3).address();
    let delegate = world.delegate(0, 3, code);
    assert!(world.run(delegate));
    let callers = [0xf1, 0xf2, 0xf4].map(|opcode| {
        let mut code = call_code(opcode);
        if opcode == 0xf2 {
            // CALLCODE takes a value too; the jump's target moves with it.
            code.insert(4, 0x5f);
            code[10] += 1;
        }
        world.deploy(0, &code)
    });
    let reader = world.deploy(0, &call_code(0xfa));
    let input: Bytes = B256::left_padding_from(delegator.as_slice()).0.into();
    for caller in callers {
        let call = world.sign(0, TxKind::Call(caller), U256::ZERO, input.clone());
        assert!(world.run(call), "nothing is blocked yet");
    }
    world.block_address(code);
    for caller in callers {
        let output = revert_output(&mut world, caller, U256::ZERO, input.clone());
        assert_eq!(decode_blocked(&output).unwrap().target, code);
    }
    let direct = world.sign(0, TxKind::Call(delegator), U256::ZERO, Bytes::new());
    assert!(!world.run(direct));
    let read = world.sign(0, TxKind::Call(reader), U256::ZERO, input);
    assert!(world.run(read), "static calls still work");
}

#[test]
fn nobody_delegates_to_what_is_blocked_nor_while_blocked() {
    let mut world = World::new();
    let code = world.deploy(0, &[0x00]);
    let authority = signer(3).address();
    for (target, blocked, delegate) in [
        (VICTIM, VICTIM, VICTIM),
        (authority, authority, code),
        (authority, authority, Address::ZERO),
    ] {
        let mut world = World {
            rules: world.rules.clone(),
            db: world.db.clone(),
            nonces: world.nonces.clone(),
            ..world
        };
        let (free, sender) = world.delegate(1, 3, delegate);
        world.executor().execute(&free, sender).unwrap();
        *world.nonces.get_mut(&sender).unwrap() -= 1;
        *world.nonces.get_mut(&authority).unwrap() -= 1;
        world.block_address(target);
        let (transaction, sender) = world.delegate(1, 3, delegate);
        let refusal = world.executor().execute(&transaction, sender).unwrap_err();
        let Refusal::Invalid(InvalidTx::Blocked(directive)) = refusal else {
            panic!("{refusal}");
        };
        assert_eq!(directive.target, blocked);
    }
    world.block_address(VICTIM);
    let (other, sender) = world.delegate(1, 3, code);
    let outcome = world.executor().execute(&other, sender).unwrap();
    assert!(outcome.success);
}
