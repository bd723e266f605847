//! Blocks in memory: rules, fees, modules, and the guard in every place it acts (`guard`).

use crate::*;
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip7702};
use alloy_eips::eip7702::Authorization;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, keccak256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolCall, SolError};
use hansa_abi::{EXCHANGE, GUARD, IExchange, IGuard, IMembers, IModule, MEMBERS};
use hansa_modules::limits::MAX_INPUT_BYTES;
use hansa_primitives::{
    Fees, Fork, Genesis, GuardParams, Member, Pace, StakingParams, Terms, Transaction, ZonesParams,
};
use revm::{
    handler::PrecompileProvider,
    interpreter::{CallInput, CallInputs, CallScheme, CallValue, InstructionResult},
};
use std::{collections::BTreeMap, sync::Arc};

mod guard;
mod zones;

const ETHER: u64 = 1_000_000_000_000_000_000;
const VICTIM: Address = address!("0x00000000000000000000000000000000000f00d5");

fn signer(index: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(index + 1)).unwrap()
}

/// A chain in memory: four members, who are also rich.
struct World {
    rules: ChainRules,
    /// What its next block keeps to.
    terms: Terms,
    db: MemoryDb,
    number: u64,
    timestamp_ms: u64,
    nonces: BTreeMap<Address, u64>,
}

impl World {
    fn new() -> Self {
        let parties: Vec<_> = (0..4).map(|index| signer(index).address()).collect();
        let genesis = Genesis {
            chain_id: 7,
            name: "test".into(),
            development: true,
            timestamp_ms: 1_000_000,
            gas_limit: 100_000_000,
            fork: Fork::OSAKA,
            fees: Fees::default(),
            pace: Pace::default(),
            zone: None,
            operators: Vec::new(),
            staking: StakingParams::default(),
            members: parties
                .iter()
                .map(|address| Member {
                    name: address.to_string(),
                    contact: String::new(),
                    address: *address,
                    x25519: B256::ZERO,
                    roles: 1,
                    weight: 1,
                })
                .collect(),
            guard: GuardParams::default(),
            zones: ZonesParams::default(),
            alloc: parties
                .iter()
                .map(|address| {
                    let alloc = hansa_primitives::Alloc {
                        balance: U256::from(1_000) * U256::from(ETHER),
                        ..Default::default()
                    };
                    (*address, alloc)
                })
                .collect(),
        };
        let mut world = Self {
            terms: genesis.terms(),
            rules: ChainRules::new(Arc::new(genesis)),
            db: MemoryDb::default(),
            number: 0,
            timestamp_ms: 1_000_000,
            nonces: BTreeMap::new(),
        };
        world.block(&[]).unwrap();
        world
    }

    fn params(&self) -> BlockParams {
        BlockParams {
            number: self.number + 1,
            timestamp_ms: self.timestamp_ms + 1_000,
            beneficiary: Address::repeat_byte(0xbe),
            terms: self.terms,
            base_fee_per_gas: 1_000,
            parent_hash: B256::repeat_byte(self.number as u8),
        }
    }

    fn executor(&self) -> BlockExecutor<MemoryDb> {
        BlockExecutor::new(self.rules.clone(), self.params(), self.db.clone()).unwrap()
    }

    fn block(&mut self, transactions: &[(Transaction, Address)]) -> Result<BlockOutcome, Refusal> {
        let mut executor = self.executor();
        for (transaction, sender) in transactions {
            executor.execute(transaction, *sender)?;
        }
        let outcome = executor.finish(&Closing::default())?;
        self.number += 1;
        self.timestamp_ms += 1_000;
        self.db.apply(&outcome.changes);
        Ok(outcome)
    }

    fn sign(&mut self, from: u8, to: TxKind, value: U256, input: Bytes) -> (Transaction, Address) {
        let signer = signer(from);
        let nonce = self.nonces.entry(signer.address()).or_default();
        let transaction = TxEip1559 {
            chain_id: 7,
            nonce: *nonce,
            gas_limit: 3_000_000,
            max_fee_per_gas: 10_000,
            max_priority_fee_per_gas: 10,
            to,
            value,
            access_list: Default::default(),
            input,
        };
        *nonce += 1;
        let signature = signer
            .sign_hash_sync(&transaction.signature_hash())
            .unwrap();
        (transaction.into_signed(signature).into(), signer.address())
    }

    /// A transaction of `from` in which `authority`, another one, delegates to `delegate` (EIP-7702).
    fn delegate(&mut self, from: u8, authority: u8, delegate: Address) -> (Transaction, Address) {
        let (sender, authority) = (signer(from), signer(authority));
        let mut next = |address| {
            let nonce = self.nonces.entry(address).or_default();
            *nonce += 1;
            *nonce - 1
        };
        let authorization = Authorization {
            chain_id: U256::from(7),
            address: delegate,
            nonce: next(authority.address()),
        };
        let signature = authority
            .sign_hash_sync(&authorization.signature_hash())
            .unwrap();
        let transaction = TxEip7702 {
            chain_id: 7,
            nonce: next(sender.address()),
            gas_limit: 100_000,
            max_fee_per_gas: 10_000,
            max_priority_fee_per_gas: 10,
            to: Address::repeat_byte(0x77),
            authorization_list: vec![authorization.into_signed(signature)],
            ..TxEip7702::default()
        };
        let signature = sender
            .sign_hash_sync(&transaction.signature_hash())
            .unwrap();
        (transaction.into_signed(signature).into(), sender.address())
    }

    fn call(&mut self, from: u8, to: Address, input: impl SolCall) -> (Transaction, Address) {
        self.sign(
            from,
            TxKind::Call(to),
            U256::ZERO,
            input.abi_encode().into(),
        )
    }

    /// Runs one transaction in a block of its own; gives its success and output by `eth_call`.
    fn run(&mut self, transaction: (Transaction, Address)) -> bool {
        let outcome = self.block(&[transaction]).unwrap();
        outcome.receipts[0].success
    }

    /// Deploys runtime code.
    fn deploy(&mut self, from: u8, runtime: &[u8]) -> Address {
        let sender = signer(from).address();
        let address = sender.create(self.nonces.get(&sender).copied().unwrap_or_default());
        // PUSH2 len, DUP1, PUSH1 12, PUSH1 0, CODECOPY, PUSH1 0, RETURN, then the code.
        let [high, low] = (runtime.len() as u16).to_be_bytes();
        let mut init = vec![
            0x61, high, low, 0x80, 0x60, 12, 0x60, 0, 0x39, 0x60, 0, 0xf3,
        ];
        init.extend_from_slice(runtime);
        let create = self.sign(from, TxKind::Create, U256::ZERO, init.into());
        assert!(self.run(create));
        address
    }

    /// The report behind an alert on `target` for an hour, published by member 0, and the alert.
    fn alert(&mut self, target: Address) -> ((Transaction, Address), IGuard::raiseCall) {
        let entry = IExchange::Entry {
            uuid: [7; 16].into(),
            objectType: "indicator".into(),
            version: 1,
            tlp: 0,
            content: Bytes::from_static(b"{}"),
        };
        let publish = self.call(
            0,
            EXCHANGE,
            IExchange::publishCall {
                entries: vec![entry],
            },
        );
        let input = IGuard::AlertInput {
            targets: vec![target],
            action: 2,
            severity: 3,
            expiry: self.params().timestamp() + 3_600,
            objectId: keccak256("indicator--07070707-0707-0707-0707-070707070707"),
            reason: "test".into(),
        };
        (publish, IGuard::raiseCall { input })
    }

    /// Blocks `target` for an hour: raised by member 0, endorsed by 1 and 2.
    fn block_address(&mut self, target: Address) {
        let (publish, raise) = self.alert(target);
        assert!(self.run(publish));
        let bond = U256::from(ETHER);
        let raise = self.sign(0, TxKind::Call(GUARD), bond, raise.abi_encode().into());
        assert!(self.run(raise));
        for member in [1, 2] {
            let endorse = self.call(
                member,
                GUARD,
                IGuard::endorseCall {
                    alertId: U256::from(1),
                },
            );
            assert!(self.run(endorse));
        }
    }
}

#[test]
fn a_transfer_moves_value_and_fees_and_nothing_else() {
    let mut world = World::new();
    let before = world.db.clone();
    let transfer = world.sign(0, TxKind::Call(VICTIM), U256::from(5), Bytes::new());
    let outcome = world.block(&[transfer]).unwrap();
    assert_eq!(outcome.gas_used, 21_000);
    let balance = |db: &MemoryDb, address| {
        db.accounts
            .get(&address)
            .copied()
            .unwrap_or_default()
            .balance
    };
    let treasury = world.rules.treasury;
    assert_eq!(balance(&world.db, VICTIM), U256::from(5));
    assert_eq!(balance(&world.db, treasury), U256::from(21_000 * 1_000));
    let tips = balance(&world.db, Address::repeat_byte(0xbe));
    assert_eq!(tips, U256::from(21_000 * 10));
    let sender = signer(0).address();
    let paid = balance(&before, sender) - balance(&world.db, sender);
    assert_eq!(paid, U256::from(21_000 * 1_010 + 5));
    let touched: Vec<_> = outcome.changes.accounts.keys().copied().collect();
    assert_eq!(touched.len(), 4, "{touched:?}");
}

#[test]
fn refused_transactions_leave_no_trace() {
    let mut world = World::new();
    let good = world.sign(0, TxKind::Call(VICTIM), U256::from(5), Bytes::new());
    let gap = {
        world.sign(1, TxKind::Call(VICTIM), U256::from(1), Bytes::new());
        world.sign(1, TxKind::Call(VICTIM), U256::from(1), Bytes::new())
    };
    let mut alone = world.executor();
    alone.execute(&good.0, good.1).unwrap();
    let mut mixed = world.executor();
    assert!(matches!(
        mixed.execute(&gap.0, gap.1),
        Err(Refusal::Invalid(InvalidTx::Ethereum(_)))
    ));
    mixed.execute(&good.0, good.1).unwrap();
    let (alone, mixed) = (
        alone.finish(&Closing::default()).unwrap(),
        mixed.finish(&Closing::default()).unwrap(),
    );
    assert_eq!(alone.changes, mixed.changes);
    assert_eq!(alone.receipts, mixed.receipts);
}

#[test]
fn a_full_block_says_what_is_left() {
    let mut world = World::new();
    let transfer = world.sign(0, TxKind::Call(VICTIM), U256::from(5), Bytes::new());
    let params = BlockParams {
        terms: Terms {
            gas_limit: 2_999_999,
            ..Terms::default()
        },
        ..world.params()
    };
    let mut executor = BlockExecutor::new(world.rules.clone(), params, world.db.clone()).unwrap();
    assert!(matches!(
        executor.execute(&transfer.0, transfer.1),
        Err(Refusal::BlockFull {
            gas_limit: 3_000_000,
            left: 2_999_999
        })
    ));
}

#[test]
fn blockhash_comes_from_the_state() {
    let mut world = World::new();
    // NUMBER, PUSH1 1, SWAP1, SUB, BLOCKHASH, PUSH1 0, SSTORE
    let contract = world.deploy(0, &[0x43, 0x60, 1, 0x90, 0x03, 0x40, 0x60, 0, 0x55]);
    let call = world.sign(0, TxKind::Call(contract), U256::ZERO, Bytes::new());
    let expected = world.params().parent_hash;
    assert!(world.run(call));
    assert_eq!(
        world.db.storage[&(contract, U256::ZERO)],
        U256::from_be_bytes(expected.0)
    );
}

#[test]
fn modules_answer_calls_and_refuse_delegation() {
    let mut world = World::new();
    let outcome = {
        let profile = IMembers::memberCall {
            account: signer(2).address(),
        };
        let call = world.call(3, MEMBERS, profile);
        world.block(&[call]).unwrap()
    };
    assert!(outcome.receipts[0].success);
    // DELEGATECALL(gas, MEMBERS, 0, 0, 0, 0); RETURNDATACOPY all; REVERT with it.
    let mut code = vec![0x5f, 0x5f, 0x5f, 0x5f, 0x73];
    code.extend_from_slice(MEMBERS.as_slice());
    code.extend_from_slice(&[0x5a, 0xf4, 0x3d, 0x5f, 0x5f, 0x3e, 0x3d, 0x5f, 0xfd]);
    let contract = world.deploy(0, &code);
    let output = revert_output(&mut world, contract, U256::ZERO, Bytes::new());
    IModule::DelegateCallForbidden::abi_decode(&output).unwrap();
}

/// Output of a call that must revert.
fn revert_output(world: &mut World, to: Address, value: U256, input: Bytes) -> Bytes {
    use revm::{ExecuteEvm, context_interface::result::ExecutionResult};
    let (transaction, sender) = world.sign(3, TxKind::Call(to), value, input);
    *world.nonces.get_mut(&sender).unwrap() -= 1;
    let db = BlockDb::new(world.db.clone());
    let mut evm = build(&world.rules, &world.params(), db, (), |_| {}).unwrap();
    match evm.transact_one(tx_env(&transaction, sender)).unwrap() {
        ExecutionResult::Revert { output, .. } => output,
        other => panic!("did not revert: {other:?}"),
    }
}

/// The memory that these calls name does not exist, so that whoever read it would find no input.
#[test]
fn a_module_call_is_refused_before_its_input_is_read() {
    let world = World::new();
    let run = |length: usize, gas_limit: u64| {
        let inputs = CallInputs {
            input: CallInput::SharedBuffer(0..length),
            return_memory_offset: 0..0,
            gas_limit,
            reservoir: 0,
            bytecode_address: MEMBERS,
            known_bytecode: Default::default(),
            target_address: MEMBERS,
            caller: signer(0).address(),
            value: CallValue::Transfer(U256::ZERO),
            scheme: CallScheme::Call,
            is_static: false,
            charged_new_account_state_gas: false,
        };
        let db = BlockDb::new(world.db.clone());
        let mut evm = build(&world.rules, &world.params(), db, (), |_| {}).unwrap();
        let result = evm.precompiles.run(&mut evm.ctx, &inputs);
        result.unwrap().unwrap()
    };
    let longest = MAX_INPUT_BYTES + 4;
    // 200 for the call, 3 for each word.
    for (length, needed) in [
        (longest, 98_507),
        (longest + 1, 98_507),
        (1_700_000, 159_575),
    ] {
        for gas_limit in [0, 2_300, needed - 1] {
            let result = run(length, gas_limit);
            assert_eq!(result.result, InstructionResult::PrecompileOOG);
            assert_eq!(result.gas.remaining(), 0);
        }
        let result = run(length, needed);
        assert_eq!(result.result, InstructionResult::Revert);
        if length > longest {
            let error = IModule::TooMany::abi_decode(&result.output).unwrap();
            assert_eq!(error.count, U256::from(length - 4));
            assert_eq!(error.limit, U256::from(MAX_INPUT_BYTES));
            assert_eq!(result.gas.total_gas_spent(), needed);
        } else {
            IModule::UnknownSelector::abi_decode(&result.output).unwrap();
        }
    }
}

#[test]
fn a_genesis_may_not_allocate_what_a_module_has() {
    // The base point of the curve: a key, though nobody's.
    let key = format!("58{}", "66".repeat(31));
    let text = |address: Address| {
        format!(
            "chain_id = 7\nname = \"t\"\ntimestamp_ms = 5\n[[operators]]\nname = \"a\"\n\
             public_key = \"0x{key}\"\nfee_recipient = \"{VICTIM}\"\n\
             [alloc.\"{address}\"]\nbalance = \"0x1\"\n"
        )
    };
    Genesis::from_toml(&text(VICTIM)).unwrap();
    for number in 0..=u8::MAX {
        let address = hansa_abi::module_address(number);
        assert!(hansa_abi::is_module_address(&address));
        assert!(Genesis::from_toml(&text(address)).is_err(), "{address}");
    }
}

#[test]
fn what_a_transaction_created_and_destroyed_leaves_no_account() {
    let mut world = World::new();
    // Init code: SSTORE(0, 1); SELFDESTRUCT(caller).
    let create = world.sign(
        0,
        TxKind::Create,
        U256::ZERO,
        Bytes::from_static(&[0x60, 1, 0x5f, 0x55, 0x33, 0xff]),
    );
    let address = create.1.create(0);
    let outcome = world.block(&[create]).unwrap();
    assert!(outcome.receipts[0].success);
    assert!(!outcome.changes.accounts.contains_key(&address));
    assert!(
        outcome
            .changes
            .storage
            .keys()
            .all(|(owner, _)| *owner != address)
    );
}

#[test]
fn an_authority_that_was_touched_earlier_in_the_block_is_as_new_as_any() {
    const NEW: u8 = 50;
    let gas = |touched: u8| {
        let mut world = World::new();
        let touch = TxKind::Call(signer(touched).address());
        let touch = world.sign(0, touch, U256::ZERO, Bytes::new());
        let delegation = world.delegate(0, NEW, VICTIM);
        let outcome = world.block(&[touch, delegation]).unwrap();
        assert!(outcome.receipts.iter().all(|receipt| receipt.success));
        outcome.gas_used
    };
    assert_eq!(gas(NEW), gas(NEW + 1));
}
