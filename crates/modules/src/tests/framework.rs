//! What holds for every call, whatever the module.

use super::world::{GAS, World, account, assert_reverts};
use crate::{
    Block, Call, Host, HostError, RunResult, gas,
    guard::enforcement::Blocked,
    limits::{LAPSE_S, MAX_INPUT_BYTES},
    run,
};
use alloy_primitives::{Address, Bytes, LogData, U256};
use alloy_sol_types::{SolCall, SolError};
use hansa_abi::{EXCHANGE, GUARD, IExchange, IGuard, IMembers, IModule, MEMBERS};

/// A valid call that changes state.
fn write_call() -> Vec<u8> {
    IMembers::updateKeyCall {
        x25519: Default::default(),
    }
    .abi_encode()
}

fn revert<E: SolError>(error: E) -> RunResult {
    RunResult::Revert(error.abi_encode().into())
}

fn execute(world: &mut World, input: &[u8], is_static: bool, gas_limit: u64) -> crate::Outcome {
    let call = Call {
        caller: account(0),
        value: U256::ZERO,
        input,
        is_static,
        gas_limit,
    };
    let block = world.block();
    run(&mut world.host, MEMBERS, &call, &block)
}

#[test]
fn static_calls_read_but_never_write() {
    let mut world = World::of_four();
    let before = world.host.clone();
    let outcome = execute(&mut world, &write_call(), true, GAS);
    assert_eq!(outcome.result, revert(IModule::StaticCallForbidden {}));
    let view = IMembers::memberCountCall {}.abi_encode();
    let outcome = execute(&mut world, &view, true, GAS);
    assert_eq!(
        outcome.result,
        RunResult::Return(U256::from(4).to_be_bytes::<32>().into())
    );
    assert_eq!(world.host, before);
}

#[test]
fn only_payable_selectors_take_ether() {
    let mut world = World::of_four();
    let value = U256::from(5);
    let view = IMembers::memberCountCall {}.abi_encode();
    for input in [write_call(), view] {
        let outcome = world.execute(MEMBERS, account(0), 5, &input);
        assert_eq!(outcome.result, revert(IModule::NotPayable { value }));
    }
    assert_eq!(
        world.host.balance(MEMBERS),
        U256::ZERO,
        "the value went back"
    );
}

#[test]
fn unknown_selectors_revert() {
    let mut world = World::of_four();
    for module in [MEMBERS, EXCHANGE, GUARD] {
        for (input, selector) in [
            (&[][..], [0; 4]),
            (&[0xff], [0xff, 0, 0, 0]),
            (&[1, 2, 3, 4, 5], [1, 2, 3, 4]),
        ] {
            let outcome = world.execute(module, account(0), 0, input);
            let error = IModule::UnknownSelector {
                selector: selector.into(),
            };
            assert_eq!(outcome.result, revert(error));
        }
    }
}

#[test]
fn malformed_arguments_revert() {
    let mut world = World::of_four();
    let mut truncated = write_call();
    truncated.pop();
    // A weight that does not fit its type.
    let roles = IMembers::proposeRolesCall {
        subject: account(0),
        roles: 1,
        weight: 1,
    };
    let mut dirty = roles.abi_encode();
    dirty[4 + 64] = 1;
    // Not UTF-8.
    let reason = String::from("ab");
    let suspension = IMembers::proposeSuspensionCall {
        subject: account(1),
        reason,
    };
    let mut text = suspension.abi_encode();
    let position = text.len() - 32;
    text[position] = 0xff;
    for input in [truncated, dirty, text] {
        let outcome = execute(&mut world, &input, false, GAS);
        assert_eq!(outcome.result, revert(IModule::MalformedCalldata {}));
    }
}

/// Offsets that all point at one content would make a small input decode to gigabytes.
#[test]
fn aliased_offsets_are_refused() {
    let mut world = World::of_four();
    let entry = super::world::entry(1, 1, &[b'x'; 1_000]);
    let mut input = IExchange::publishCall {
        entries: vec![entry],
    }
    .abi_encode();
    // One more element, whose offset is the first one's.
    let count_at = 4 + 32;
    input[count_at + 31] = 2;
    let offset: Vec<u8> = U256::from(64).to_be_bytes::<32>().to_vec();
    input[count_at + 63] = 64;
    input.splice(count_at + 64..count_at + 64, offset);
    let outcome = world.execute(EXCHANGE, account(0), 0, &input);
    assert_eq!(outcome.result, revert(IModule::MalformedCalldata {}));
}

#[test]
fn input_is_limited() {
    let mut world = World::of_four();
    let mut input = write_call();
    input.resize(4 + MAX_INPUT_BYTES, 0);
    let outcome = execute(&mut world, &input, false, GAS);
    assert!(
        matches!(outcome.result, RunResult::Return(_)),
        "trailing bytes are ignored"
    );
    input.push(0);
    let outcome = execute(&mut world, &input, false, GAS);
    let error = IModule::TooMany {
        field: "input".into(),
        count: U256::from(MAX_INPUT_BYTES + 1),
        limit: U256::from(MAX_INPUT_BYTES),
    };
    assert_eq!(outcome.result, revert(error));
}

/// Whatever comes of a call, its input has been read: a selector that nobody knows costs as much.
#[test]
fn input_is_paid_for_by_every_call() {
    let mut world = World::of_four();
    for (bytes, words) in [(0, 0), (1, 1), (32, 1), (33, 2), (1_000_000, 31_250)] {
        let input = vec![0xff; bytes];
        let needed = gas::CALL + words * gas::COPY_WORD;
        let outcome = execute(&mut world, &input, false, needed);
        assert!(matches!(outcome.result, RunResult::Revert(_)));
        assert_eq!(outcome.gas_used, needed);
        let outcome = execute(&mut world, &input, false, needed - 1);
        assert_eq!(outcome.result, RunResult::OutOfGas);
    }
}

/// With less gas than a call uses it runs out, with exactly that it returns; nothing is kept before.
#[test]
fn gas_is_exact_and_running_out_changes_nothing() {
    let mut world = World::of_four();
    let input = IMembers::proposeSuspensionCall {
        subject: account(1),
        reason: "r".repeat(40),
    }
    .abi_encode();
    let needed = execute(&mut World::of_four(), &input, false, GAS).gas_used;
    assert!(needed > 100_000 && needed < 500_000, "{needed}");
    let before = world.host.clone();
    for gas_limit in [0, 1, gas::CALL, needed / 2, needed - 1] {
        let outcome = execute(&mut world, &input, false, gas_limit);
        assert_eq!(
            (outcome.result, outcome.gas_used),
            (RunResult::OutOfGas, gas_limit)
        );
        assert_eq!(world.host, before);
    }
    let outcome = execute(&mut world, &input, false, needed);
    assert!(matches!(outcome.result, RunResult::Return(_)));
    assert_eq!(outcome.gas_used, needed);
}

/// A vector that must not change unnoticed: gas is part of consensus.
#[test]
fn gas_vector() {
    let mut world = World::of_four();
    let outcome = execute(
        &mut world,
        &IMembers::memberCountCall {}.abi_encode(),
        false,
        GAS,
    );
    // The call, one word of input, one cold slot, one word of output.
    assert_eq!(
        outcome.gas_used,
        gas::CALL + gas::SLOAD_COLD + 2 * gas::COPY_WORD
    );
    let entries = vec![super::world::entry(1, 1, &[b'x'; 1_000])];
    let input = IExchange::publishCall { entries }.abi_encode();
    // Worked out by hand: 200 call, 44 * 3 input, 4,284 caller's record, 42 + 222 hashes, 2,184 + 2,142
    // digest and head read, 16,000 content, 22,200 + 20,142 + 20,184 counters, head and digest written,
    // 1,875 + 1,280 * 8 log, 3 output.
    assert_eq!(
        world.execute(EXCHANGE, account(0), 0, &input).gas_used,
        99_850
    );
}

#[test]
fn an_address_without_module_is_fatal() {
    let mut world = World::of_four();
    let address = hansa_abi::module_address(99);
    let outcome = world.execute(address, account(0), 0, &[]);
    assert!(
        matches!(outcome.result, RunResult::Fatal(message) if message.contains("no native module"))
    );
}

/// A host whose database fails, or which lets no ether go.
struct Broken(World, bool);

impl Host for Broken {
    fn sender(&self) -> Address {
        self.0.host.sender()
    }
    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, HostError> {
        if self.1 {
            Err(HostError::Fatal("disk".into()))
        } else {
            self.0.host.sload_any(module, slot)
        }
    }
    fn sstore(&mut self, module: Address, slot: U256, value: U256) -> Result<(), HostError> {
        Host::sstore(&mut self.0.host, module, slot, value)
    }
    fn blocked(&mut self, target: Address, now: u64) -> Result<Option<Blocked>, HostError> {
        self.0.host.blocked(target, now)
    }
    fn emit(&mut self, module: Address, log: LogData) -> Result<(), HostError> {
        self.0.host.emit(module, log)
    }
    fn transfer(&mut self, _: Address, _: Address, _: U256) -> Result<(), HostError> {
        Err(HostError::Refused("no".into()))
    }
    fn burn(&mut self, _: Address, _: U256) -> Result<(), HostError> {
        Err(HostError::Refused("no".into()))
    }
}

impl crate::testing::MemoryHost {
    fn sload_any(&mut self, module: Address, slot: U256) -> Result<U256, HostError> {
        Host::sload(self, module, slot)
    }
}

#[test]
fn host_failures_are_told_apart() {
    let mut world = World::of_four();
    let object_id = world.object(1);
    let expiry = world.now + 60;
    let input = IGuard::AlertInput {
        targets: vec![super::world::target(1)],
        action: 2,
        severity: 1,
        expiry,
        objectId: object_id,
        reason: String::new(),
    };
    let alert_id = world.guard(0, 5_000, &IGuard::raiseCall { input }).unwrap();
    world.now += LAPSE_S;
    let block: Block = world.block();
    let input = IGuard::claimBondCall { alertId: alert_id }.abi_encode();
    let call = Call {
        caller: account(0),
        value: U256::ZERO,
        input: &input,
        is_static: false,
        gas_limit: GAS,
    };
    let before = world.host.clone();
    let mut host = Broken(world, false);
    let refused = match run(&mut host, GUARD, &call, &block).result {
        RunResult::Revert(data) => Err::<(), Bytes>(data),
        other => panic!("{other:?}"),
    };
    assert_reverts(
        refused,
        IModule::TransferRefused {
            to: account(0),
            amount: U256::from(5_000),
        },
    );
    assert_eq!(host.0.host, before, "the refusal came before any write");
    host.1 = true;
    assert_eq!(
        run(&mut host, GUARD, &call, &block).result,
        RunResult::Fatal("disk".into())
    );
}
