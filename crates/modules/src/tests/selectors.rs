//! Every selector of every interface: dispatched, and with the mutability that the interface declares.

use super::world::{GAS, World, account};
use crate::{Call, RunResult, run};
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolError, SolInterface};
use hansa_abi::{
    EXCHANGE, GUARD, IExchange::IExchangeCalls, IGuard::IGuardCalls, IMembers::IMembersCalls,
    IMessages::IMessagesCalls, IModule, IStaking::IStakingCalls, IZones::IZonesCalls, MEMBERS,
    MESSAGES, STAKING, ZONES,
};

const MEMBERS_FILE: &str = include_str!("../../../../contracts/src/interfaces/IMembers.sol");
const EXCHANGE_FILE: &str = include_str!("../../../../contracts/src/interfaces/IExchange.sol");
const STAKING_FILE: &str = include_str!("../../../../contracts/src/interfaces/IStaking.sol");
const ZONES_FILE: &str = include_str!("../../../../contracts/src/interfaces/IZones.sol");
const MESSAGES_FILE: &str = include_str!("../../../../contracts/src/interfaces/IMessages.sol");
const GUARD_FILE: &str = include_str!("../../../../contracts/src/interfaces/IGuard.sol");

/// The declaration of a function, up to its semicolon: its words, each with a space after it.
fn declaration(file: &str, name: &str) -> String {
    let start = file.find(&format!("function {name}(")).unwrap();
    let declaration = file[start..].split(';').next().unwrap();
    let words: Vec<_> = declaration.split_whitespace().collect();
    words.join(" ") + " "
}

fn revert<E: SolError>(error: E) -> RunResult {
    RunResult::Revert(error.abi_encode().into())
}

/// Calls a selector without arguments. What is forbidden is said before the arguments are looked at.
fn call(module: Address, selector: [u8; 4], is_static: bool, value: u64) -> RunResult {
    let mut world = World::of_four();
    let value = U256::from(value);
    let call = Call {
        caller: account(0),
        value,
        input: &selector,
        is_static,
        gas_limit: GAS,
    };
    let block = world.block();
    run(&mut world.host, module, &call, &block).result
}

fn check<I: SolInterface>(
    module: Address,
    file: &str,
    name_of: fn([u8; 4]) -> Option<&'static str>,
) {
    for selector in I::selectors() {
        let name = name_of(selector).unwrap().split('(').next().unwrap();
        let declared = declaration(file, name);
        let (view, payable) = (declared.contains(" view "), declared.contains(" payable "));
        let unknown = revert(IModule::UnknownSelector {
            selector: selector.into(),
        });
        assert_ne!(
            call(module, selector, false, 0),
            unknown,
            "{name} is not dispatched"
        );
        let in_static = call(module, selector, true, 0);
        assert_eq!(
            in_static == revert(IModule::StaticCallForbidden {}),
            !view,
            "{name}"
        );
        let with_value = call(module, selector, false, 1);
        let refused = revert(IModule::NotPayable { value: U256::ONE });
        assert_eq!(with_value == refused, !payable, "{name}");
    }
}

#[test]
fn mutability_is_the_declared_one() {
    check::<IMembersCalls>(MEMBERS, MEMBERS_FILE, IMembersCalls::signature_by_selector);
    check::<IExchangeCalls>(
        EXCHANGE,
        EXCHANGE_FILE,
        IExchangeCalls::signature_by_selector,
    );
    check::<IStakingCalls>(STAKING, STAKING_FILE, IStakingCalls::signature_by_selector);
    check::<IGuardCalls>(GUARD, GUARD_FILE, IGuardCalls::signature_by_selector);
    check::<IZonesCalls>(ZONES, ZONES_FILE, IZonesCalls::signature_by_selector);
    check::<IMessagesCalls>(
        MESSAGES,
        MESSAGES_FILE,
        IMessagesCalls::signature_by_selector,
    );
    let payable = hansa_abi::IGuard::raiseCall::SELECTOR;
    let malformed = revert(IModule::MalformedCalldata {});
    assert_eq!(
        call(GUARD, payable, false, 1),
        malformed,
        "the check above can tell"
    );
}
