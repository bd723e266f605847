//! One call to a native module of a league with members and operators: never a panic, never more gas than given,
//! no change of state unless the call returns, and a reason whenever it does not.
//!
//! Bytes: module and staticness, caller, value, selector (0: the input begins with its own), then the rest.

#![no_main]

use alloy_primitives::U256;
use hansa_fuzz::{START_S, account, league, selectors};
use hansa_modules::{Block, Call, RunResult};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, caller, value, selector], rest)) = data.split_first_chunk() else {
        return;
    };
    let module = hansa_abi::MODULES[usize::from(choice) % hansa_abi::MODULES.len()].address;
    let selector = usize::from(selector).checked_sub(1);
    let selector = selector.and_then(|index| selectors(module).get(index));
    let input = [selector.map_or(&[][..], |bytes| bytes), rest].concat();
    let call = Call {
        caller: account(caller),
        value: U256::from(value),
        input: &input,
        is_static: choice >= 128,
        gas_limit: 1_000_000,
    };
    let block = Block {
        number: 1,
        timestamp: START_S + 1,
        chain_id: 1,
    };
    let mut host = league();
    host.credit(module, call.value);
    let before = host.clone();
    let outcome = hansa_modules::run(&mut host, module, &call, &block);
    assert!(outcome.gas_used <= call.gas_limit);
    match outcome.result {
        RunResult::Return(_) if !call.is_static => return,
        RunResult::Return(_) | RunResult::OutOfGas => {}
        RunResult::Revert(error) => assert!(error.len() >= 4, "a revert without a reason"),
        RunResult::Fatal(message) => panic!("a call stops the chain: {message}"),
    }
    assert!(
        host == before,
        "a call that did not return, or must not write, wrote"
    );
});
