//! Calls to the native modules: never a panic, never more gas than given, and no change of state
//! unless the call returns. The first byte chooses the module.

#![no_main]

use alloy_primitives::{Address, U256};
use hansa_modules::{Block, Call, RunResult, testing::MemoryHost};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, input)) = data.split_first() else {
        return;
    };
    let module = hansa_abi::MODULES[usize::from(choice) % hansa_abi::MODULES.len()].address;
    let call = Call {
        caller: Address::repeat_byte(7),
        value: U256::ZERO,
        input,
        is_static: choice >= 128,
        gas_limit: 1_000_000,
    };
    let block = Block {
        number: 1,
        timestamp: 1,
        chain_id: 1,
    };
    let mut host = MemoryHost::default();
    let outcome = hansa_modules::run(&mut host, module, &call, &block);
    assert!(outcome.gas_used <= call.gas_limit);
    if call.is_static || !matches!(outcome.result, RunResult::Return(_)) {
        assert!(host.storage.is_empty(), "a call that did not return wrote");
    }
});
