//! What a zone's block takes from the hub.

use super::*;
use alloy_consensus::Transaction as _;
use alloy_sol_types::SolValue as _;
use hansa_abi::{IMessages, MESSAGES};
use hansa_modules::{guard::enforcement, staking};
use hansa_primitives::{Arrival, DirectiveChange, Fork, Inputs, Outbox, Seat, Zone};

/// Blocks of an epoch.
const EPOCH: u64 = 10;

fn seat(n: u8) -> Seat {
    Seat {
        operator: n.into(),
        key: B256::repeat_byte(n),
        fee_recipient: Address::repeat_byte(n),
        stake: U256::ZERO,
    }
}

/// A chain of a hub, and two rich accounts.
fn zone() -> World {
    let hub = World::new();
    let mut genesis = Genesis::clone(&hub.rules.genesis);
    genesis.members.clear();
    genesis.guard.warden = Some(signer(1).address());
    genesis.staking.epoch_blocks = EPOCH;
    genesis.staking.freeze_blocks = 3;
    genesis.zone = Some(Zone {
        hub: B256::repeat_byte(0x48),
        id: 1,
        hub_interval_ms: 100,
        since: 0,
        committee: vec![seat(1), seat(2)],
        min_severity: 2,
    });
    let mut world = World {
        terms: genesis.terms(),
        rules: ChainRules::new(Arc::new(genesis)),
        db: MemoryDb::default(),
        number: 0,
        timestamp_ms: 1_000_000,
        nonces: BTreeMap::new(),
    };
    world.take(Inputs::default(), &[]).unwrap();
    world
}

impl World {
    /// Executes a block that takes so much.
    fn take(
        &mut self,
        inputs: Inputs,
        transactions: &[(Transaction, Address)],
    ) -> Result<BlockOutcome, Refusal> {
        self.terms = inputs.terms.unwrap_or(self.terms);
        let (rules, params) = (self.rules.clone(), self.params());
        let mut executor = BlockExecutor::with_inputs(rules, params, inputs, self.db.clone())?;
        for (transaction, sender) in transactions {
            executor.execute(transaction, *sender)?;
        }
        let outcome = executor.finish(&Closing::default())?;
        self.number += 1;
        self.timestamp_ms += 1_000;
        self.db.apply(&outcome.changes);
        Ok(outcome)
    }

    fn balance(&self, of: Address) -> U256 {
        let account = self.db.accounts.get(&of);
        account.map_or(U256::ZERO, |account| account.balance)
    }

    fn pay(&mut self, to: Address) -> (Transaction, Address) {
        self.sign(0, TxKind::Call(to), U256::from(1), Bytes::new())
    }
}

#[test]
fn base_fees_are_shared_with_who_proposes() {
    let mut world = zone();
    let (proposer, treasury) = (world.params().beneficiary, world.rules.treasury);
    let payment = world.pay(VICTIM);
    let price = payment.0.effective_gas_price(Some(1_000)) - 1_000;
    let outcome = world.take(Inputs::default(), &[payment]).unwrap();
    let fees = U256::from(outcome.gas_used) * U256::from(1_000);
    let tips = U256::from(outcome.gas_used) * U256::from(price);
    assert!(!fees.is_zero());
    assert_eq!(world.balance(treasury), fees / U256::from(2));
    assert_eq!(world.balance(proposer), fees / U256::from(2) + tips);
}

fn directive(until: u64, severity: u8) -> Inputs {
    let change = DirectiveChange {
        target: VICTIM,
        alert_id: 3,
        until,
        severity,
    };
    Inputs {
        directives: vec![change],
        ..Inputs::default()
    }
}

#[test]
fn a_directive_holds_in_the_block_that_takes_it() {
    let mut world = zone();
    let until = world.params().timestamp() + 100;
    let payment = world.pay(VICTIM);
    let refused = world.take(directive(until, 2), std::slice::from_ref(&payment));
    let Err(Refusal::Invalid(InvalidTx::Blocked(blocked))) = refused else {
        panic!("not blocked");
    };
    assert_eq!((blocked.target, blocked.until), (VICTIM, until));
    // The zone obeys from severity 2 on.
    world.take(directive(until, 1), &[payment]).unwrap();
    assert_eq!(world.balance(VICTIM), U256::from(1));
    // It stays, until the hub ends it.
    world.take(directive(until, 2), &[]).unwrap();
    let payment = world.pay(VICTIM);
    assert!(
        world
            .take(Inputs::default(), std::slice::from_ref(&payment))
            .is_err()
    );
    world.take(directive(0, 2), &[payment]).unwrap();
    assert_eq!(world.balance(VICTIM), U256::from(2));
    let now = world.params().timestamp();
    let mut state = BlockDb::new(world.db.clone());
    assert_eq!(enforcement::blocked(&mut state, VICTIM, now).unwrap(), None);
}

/// What a zone's warden decides counts from the next block on, both ways.
#[test]
fn a_zone_has_directives_of_its_own_and_protects_whom_it_will() {
    let mut world = zone();
    let until = world.params().timestamp() + 100;
    let targets = vec![VICTIM];
    let issue = IGuard::issueOwnCall {
        targets: targets.clone(),
        until,
        reason: "sanctioned".into(),
    };
    let calls = |world: &mut World, input: Vec<u8>| {
        let guard = TxKind::Call(hansa_abi::GUARD);
        [
            world.sign(1, guard, U256::ZERO, input.into()),
            world.pay(VICTIM),
        ]
    };
    let both = calls(&mut world, issue.abi_encode());
    let outcome = world.take(Inputs::default(), &both).unwrap();
    assert!(outcome.receipts.iter().all(|receipt| receipt.success));
    let payment = world.pay(VICTIM);
    let refused = world.take(Inputs::default(), std::slice::from_ref(&payment));
    let Err(Refusal::Invalid(InvalidTx::Blocked(blocked))) = refused else {
        panic!("not blocked");
    };
    assert_eq!((blocked.alert_id, blocked.until), (U256::ZERO, until));
    // One of the hub's beside it, and then none of them holds.
    let protect = IGuard::protectCall {
        targets: targets.clone(),
    };
    let guard = TxKind::Call(hansa_abi::GUARD);
    let call = world.sign(1, guard, U256::ZERO, protect.abi_encode().into());
    // The payment that was refused had a nonce, which is the next one still.
    world.take(directive(until, 2), &[call]).unwrap();
    world.take(Inputs::default(), &[payment]).unwrap();
    assert_eq!(world.balance(VICTIM), U256::from(2));
    let unprotect = IGuard::unprotectCall { targets };
    let both = calls(&mut world, unprotect.abi_encode());
    world.take(Inputs::default(), &both).unwrap();
    let payment = world.pay(VICTIM);
    assert!(world.take(Inputs::default(), &[payment]).is_err());
}

/// Neither the chain itself nor its modules pay who is blocked: not in the block that takes the directive, nor later.
#[test]
fn ether_for_a_blocked_address_is_kept_until_the_directive_ends() {
    let mut world = zone();
    let until = world.params().timestamp() + 100;
    let arrival = |to, amount| Arrival {
        to,
        amount: U256::from(amount),
        message: B256::ZERO,
    };
    let other = Address::repeat_byte(0x77);
    let mut inputs = directive(until, 2);
    inputs.arrivals = vec![arrival(VICTIM, 5), arrival(other, 6)];
    world.take(inputs, &[]).unwrap();
    let inputs = Inputs {
        arrivals: vec![arrival(VICTIM, 3)],
        ..Inputs::default()
    };
    world.take(inputs, &[]).unwrap();
    let chain_id = world.rules.chain_id;
    let kept = IMessages::Message {
        source: chain_id,
        destination: chain_id,
        nonce: 0,
        sender: VICTIM,
        to: VICTIM,
        value: U256::ZERO,
        fee: U256::ZERO,
        gas: 0,
        reward: U256::ZERO,
        data: Bytes::new(),
    };
    let release = Bytes::from(IMessages::releaseCall { message: kept }.abi_encode());
    let send = IMessages::sendCall {
        destination: 1,
        to: VICTIM,
        fee: U256::ZERO,
        data: Bytes::new(),
    };
    let balances = |world: &World| [VICTIM, other, MESSAGES].map(|of| world.balance(of));
    let kept = [0, 6, 8].map(U256::from);
    assert_eq!(balances(&world), kept);
    for (value, input) in [(0, release.clone()), (1, send.abi_encode().into())] {
        let output = revert_output(&mut world, MESSAGES, U256::from(value), input.clone());
        let blocked = decode_blocked(&output).unwrap();
        assert_eq!((blocked.target, blocked.until), (VICTIM, until));
        let call = world.sign(0, TxKind::Call(MESSAGES), U256::from(value), input);
        let outcome = world.take(Inputs::default(), &[call]).unwrap();
        assert!(!outcome.receipts[0].success);
        assert_eq!(balances(&world), kept);
    }
    // The hub ends it early: in the very block, anybody has it paid.
    let call = world.sign(0, TxKind::Call(MESSAGES), U256::ZERO, release);
    let outcome = world.take(directive(0, 2), &[call]).unwrap();
    assert!(outcome.receipts[0].success);
    assert_eq!(balances(&world), [8, 6, 0].map(U256::from));
}

/// Counts leading zeros (EIP-7939), as no fork before Osaka can.
const CLZ: Bytes = Bytes::from_static(&[0x60, 0x01, 0x1e, 0x00]);

#[test]
fn the_block_that_takes_an_upgrade_keeps_to_it() {
    let mut world = zone();
    world.terms.fork = Fork::PRAGUE;
    let until = world.params().timestamp() + 100;
    let deploy = world.sign(0, TxKind::Create, U256::ZERO, CLZ);
    let outcome = world.take(directive(until, 2), &[deploy]).unwrap();
    assert!(!outcome.receipts[0].success);
    world.take(directive(0, 2), &[]).unwrap();
    let upgraded = Terms {
        fork: Fork::OSAKA,
        min_severity: 3,
        max_directive_s: 50,
        ..world.terms
    };
    // Its directives are taken by the new terms already.
    let mut inputs = directive(until, 2);
    inputs.terms = Some(upgraded);
    let deploy = world.sign(0, TxKind::Create, U256::ZERO, CLZ);
    let payment = world.pay(VICTIM);
    let outcome = world.take(inputs, &[deploy, payment]).unwrap();
    assert!(outcome.receipts.iter().all(|receipt| receipt.success));
    let now = world.params().timestamp();
    world.take(directive(until, 3), &[]).unwrap();
    let mut state = BlockDb::new(world.db.clone());
    let held = enforcement::blocked(&mut state, VICTIM, now).unwrap();
    assert_eq!(held.map(|entry| entry.until), Some(now + 50));
}

#[test]
fn deposits_are_there_before_the_first_transaction() {
    let mut world = zone();
    let poor = signer(9);
    let amount = U256::from(ETHER);
    let arrival = |to, amount| Arrival {
        to,
        amount,
        message: B256::ZERO,
    };
    let inputs = Inputs {
        arrivals: vec![
            arrival(poor.address(), amount),
            arrival(VICTIM, U256::from(5)),
            arrival(VICTIM, U256::from(6)),
        ],
        ..Inputs::default()
    };
    let payment = world.sign(9, TxKind::Call(VICTIM), U256::from(7), Bytes::new());
    let before = world.balance(signer(0).address());
    let outcome = world.take(inputs, &[payment]).unwrap();
    assert!(outcome.receipts[0].success);
    assert_eq!(world.balance(VICTIM), U256::from(5 + 6 + 7));
    assert!(world.balance(poor.address()) < amount);
    // Who has something has more; a contract keeps its code.
    let code = Bytes::from_static(&[0x60, 0x00]);
    let contract = Address::repeat_byte(0xc0);
    let code_hash = keccak256(&code);
    world.db.code.insert(code_hash, code.clone());
    let account = Account {
        nonce: 1,
        balance: U256::from(1),
        code_hash,
    };
    world.db.accounts.insert(contract, account);
    let inputs = Inputs {
        arrivals: vec![
            arrival(signer(0).address(), amount),
            arrival(contract, amount),
        ],
        ..Inputs::default()
    };
    world.take(inputs, &[]).unwrap();
    assert_eq!(world.balance(signer(0).address()), before + amount);
    assert_eq!(world.balance(contract), amount + U256::from(1));
    assert_eq!(world.db.accounts[&contract].code_hash, code_hash);
    assert_eq!(world.db.code[&code_hash], code);
}

#[test]
fn the_hub_chooses_the_next_committee() {
    let mut world = zone();
    let first = staking::committee(&mut BlockDb::new(world.db.clone()), 0).unwrap();
    assert_eq!(first.unwrap().seats, [seat(1), seat(2)]);
    while world.number + 1 < EPOCH - 4 {
        assert!(world.take(Inputs::default(), &[]).unwrap().fixed.is_none());
    }
    let inputs = Inputs {
        seats: vec![seat(2), seat(3)],
        ..Inputs::default()
    };
    let fixed = world.take(inputs, &[]).unwrap().fixed.unwrap();
    assert_eq!((fixed.epoch, fixed.seats.len()), (1, 2));
    while world.number + 2 < EPOCH {
        let outcome = world.take(Inputs::default(), &[]).unwrap();
        assert_eq!(outcome.next_committee, B256::ZERO, "as the closing says");
    }
    let last = world.take(Inputs::default(), &[]).unwrap();
    assert_eq!(last.next_committee, fixed.id());
}

/// The module of a zone has no register, no stake and no members: nobody decides there.
#[test]
fn a_zone_has_nothing_to_decide() {
    let mut world = zone();
    let parameters = hansa_abi::IZones::Parameters {
        name: "market".into(),
        chainId: 99,
        epochBlocks: 100,
        noticeSeconds: 604_800,
        rentPerDay: U256::ZERO,
        committee: hansa_abi::IZones::CommitteeRule {
            maxSeats: 0,
            minStake: U256::ZERO,
            allowed: Vec::new(),
        },
        terms: hansa_abi::IZones::Terms {
            gasLimit: 30_000_000,
            minBaseFee: 1_000_000,
            blockIntervalMs: 100,
            heartbeatMs: 5_000,
            minSeverity: 1,
            maxDirectiveSeconds: 60,
            fork: 3,
        },
        guard: hansa_abi::IZones::GuardRule {
            warden: Address::ZERO,
            neverBlocked: Vec::new(),
        },
    };
    let create = hansa_abi::IZones::createCall { parameters }.abi_encode();
    let escrow = U256::from(10) * U256::from(ETHER);
    let join = hansa_abi::IStaking::exitCall {}.abi_encode();
    let calls = [
        world.sign(0, TxKind::Call(hansa_abi::ZONES), escrow, create.into()),
        world.sign(0, TxKind::Call(hansa_abi::STAKING), U256::ZERO, join.into()),
    ];
    let outcome = world.take(Inputs::default(), &calls).unwrap();
    assert!(outcome.receipts.iter().all(|receipt| !receipt.success));
}

/// A hub takes nothing from anywhere.
#[test]
fn a_hub_ignores_inputs() {
    let mut world = World::new();
    let inputs = Inputs {
        arrivals: vec![Arrival {
            to: VICTIM,
            amount: U256::from(1),
            message: B256::ZERO,
        }],
        seats: vec![seat(1)],
        ..directive(u64::MAX, 4)
    };
    let outcome = world.take(inputs, &[]).unwrap();
    assert!(outcome.fixed.is_none());
    assert_eq!(world.balance(VICTIM), U256::ZERO);
}

/// A contract that passes its call on to the messages module, and reverts then.
fn regretful(world: &mut World) -> Address {
    let code = [
        &[
            0x36, 0x60, 0, 0x60, 0, 0x37, 0x60, 0, 0x60, 0, 0x36, 0x60, 0, 0x34, 0x73,
        ][..],
        MESSAGES.as_slice(),
        &[0x5a, 0xf1, 0x60, 0, 0x60, 0, 0xfd],
    ];
    let code = Bytes::from(code.concat());
    let account = Account {
        nonce: 1,
        balance: U256::ZERO,
        code_hash: keccak256(&code),
    };
    let address = Address::repeat_byte(0xce);
    world.db.accounts.insert(address, account);
    world.db.code.insert(account.code_hash, code);
    address
}

/// Ether ends where it leaves a zone, and only there: whatever else happens, as much is there as arrived and has not left.
#[test]
fn what_leaves_a_zone_is_unmade() {
    let mut world = zone();
    let supply = |world: &World| {
        let balances = world.db.accounts.values().map(|account| account.balance);
        balances.fold(U256::ZERO, |sum, balance| sum + balance)
    };
    let before = supply(&world);
    // A message comes with five wei, and waits.
    let message = IMessages::Message {
        source: 1,
        destination: 7,
        nonce: 0,
        sender: VICTIM,
        to: signer(1).address(),
        value: U256::from(5),
        fee: U256::ZERO,
        gas: 0,
        reward: U256::ZERO,
        data: Bytes::from_static(b"x"),
    };
    let inputs = Inputs {
        arrivals: vec![Arrival {
            to: message.to,
            amount: message.value,
            message: keccak256(message.abi_encode()),
        }],
        ..Inputs::default()
    };
    let outcome = world.take(inputs, &[]).unwrap();
    assert_eq!(outcome.outbox, Outbox::default());
    assert_eq!(world.balance(MESSAGES), U256::from(5));
    let take = IMessages::takeCall { message }.abi_encode();
    let send = IMessages::sendCall {
        destination: 1,
        to: VICTIM,
        fee: U256::from(3),
        data: Bytes::new(),
    };
    let send = Bytes::from(send.abi_encode());
    let value = U256::from(1_000);
    let regretful = regretful(&mut world);
    let calls = [
        world.sign(1, TxKind::Call(MESSAGES), U256::ZERO, take.clone().into()),
        world.sign(1, TxKind::Call(MESSAGES), U256::ZERO, take.into()),
        world.sign(0, TxKind::Call(MESSAGES), value, send.clone()),
        world.sign(0, TxKind::Call(regretful), value, send.clone()),
        world.sign(0, TxKind::Call(MESSAGES), value, send),
    ];
    let outcome = world.take(Inputs::default(), &calls).unwrap();
    let done: Vec<_> = outcome
        .receipts
        .iter()
        .map(|receipt| receipt.success)
        .collect();
    assert_eq!(done, [true, false, true, false, true]);
    assert_eq!(world.balance(MESSAGES), U256::ZERO);
    assert_eq!(supply(&world), before + U256::from(5) - value - value);
    assert_eq!(outcome.outbox.count, 2);
    // A block without messages says the same.
    let next = world.take(Inputs::default(), &[]).unwrap();
    assert_eq!(next.outbox, outcome.outbox);
}
