//! Calls that change nothing: `eth_call`, `eth_estimateGas`, `eth_createAccessList`.

use crate::{
    deadline::Deadline,
    errors::{CallResult, Fault},
    exec::{
        Checks, NoCosts, Session, apply_block, apply_state, blocked_fault, check_call,
        check_withdrawals, halt_words, returned, reverted, transaction,
    },
    method::{Method, handler},
    node::Node,
};
use alloy_eips::{BlockId, eip2930::AccessListResult};
use alloy_primitives::{Address, Bytes, TxKind, U64, U256};
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest, state::StateOverride};
use hansa_index::FinalizedBlock;
use hansa_primitives::{Fork, Terms};
use revm::{
    Database as _,
    context::TxEnv,
    context_interface::{
        result::{ExecutionResult, HaltReason},
        transaction::AuthorizationTr as _,
    },
    inspector::NoOpInspector,
};
use revm_inspectors::access_list::AccessListInspector;
use std::sync::Arc;

/// What a plain transfer costs.
const TRANSFER_GAS: u64 = 21_000;
/// What a call that carries value hands its callee for nothing.
const CALL_STIPEND: u64 = 2_300;
/// EIP-7825: the most that one transaction may ask for.
const TRANSACTION_GAS_CAP: u64 = 1 << 24;

/// The most gas of a transaction in a block that keeps to `terms`.
pub(crate) fn transaction_gas(terms: &Terms) -> u64 {
    if terms.fork >= Fork::OSAKA {
        TRANSACTION_GAS_CAP.min(terms.gas_limit)
    } else {
        terms.gas_limit
    }
}
/// An estimate may be this much too high, 1 part in (as go-ethereum: 1.5 %).
const ESTIMATE_ERROR: u64 = 66;
/// An access list that keeps changing is given up after this many rounds.
const ACCESS_LIST_ROUNDS: usize = 16;

pub(crate) const METHODS: &[Method] = &[
    Method::new(
        "eth_call",
        "Runs a call on a block's state and returns what it returns.",
        &[
            "call: CallRequest",
            "block: blockId?",
            "state: StateOverrides?",
            "blockOverrides: BlockOverrides?",
        ],
        "bytes",
        handler!(node, args => {
            check_withdrawals(args.opt(3)?)?;
            let given = Given {
                request: args.get(0)?,
                block: args.opt(1)?,
                index: None,
                state: args.opt(2)?,
                overrides: args.opt(3)?,
            };
            given.on(node, call).await?
        }),
    ),
    Method::new(
        "eth_estimateGas",
        "The gas limit that a transaction needs, at most 1.5 % too high.",
        &[
            "call: CallRequest",
            "block: blockId?",
            "state: StateOverrides?",
            "blockOverrides: BlockOverrides?",
        ],
        "quantity",
        handler!(node, args => {
            check_withdrawals(args.opt(3)?)?;
            let given = Given {
                request: args.get(0)?,
                block: args.opt(1)?,
                index: None,
                state: args.opt(2)?,
                overrides: args.opt(3)?,
            };
            U64::from(given.on(node, estimate).await?)
        }),
    ),
    Method::new(
        "eth_createAccessList",
        "The addresses and slots that a transaction touches, and its gas with that list.",
        &[
            "call: CallRequest",
            "block: blockId?",
            "state: StateOverrides?",
        ],
        "AccessListResult",
        handler!(node, args => {
            let given = Given {
                request: args.get(0)?,
                block: args.opt(1)?,
                index: None,
                state: args.opt(2)?,
                overrides: None,
            };
            given.on(node, access_list).await?
        }),
    ),
];

/// What the caller gives.
pub(crate) struct Given {
    pub(crate) request: TransactionRequest,
    pub(crate) block: Option<BlockId>,
    /// Of the transaction before which it runs, instead of after the block.
    pub(crate) index: Option<u64>,
    pub(crate) state: Option<StateOverride>,
    pub(crate) overrides: Option<BlockOverrides>,
}

impl Given {
    /// Opens a session and does `work` in it, off the connections' threads.
    pub(crate) async fn on<T: Send + 'static>(
        self,
        node: &Arc<Node>,
        work: impl FnOnce(&mut Session, TransactionRequest) -> CallResult<T> + Send + 'static,
    ) -> CallResult<T> {
        let block = node.state_block(self.block)?;
        let shared = node.clone();
        node.heavy(move |deadline| {
            let mut session = match self.index {
                None => {
                    let limits = shared.config.limits;
                    Session::after(&shared.context, limits, &block, deadline)?
                }
                Some(index) => before(&shared, &block, index, deadline)?,
            };
            if let Some(overrides) = self.state {
                apply_state(&mut session, overrides)?;
            }
            if let Some(overrides) = self.overrides {
                check_call(&overrides)?;
                apply_block(&mut session, &overrides)?;
            }
            work(&mut session, self.request)
        })
        .await
    }
}

/// On the state before a block's transaction.
fn before(
    node: &Node,
    block: &FinalizedBlock,
    index: u64,
    deadline: Deadline,
) -> CallResult<Session> {
    let count = block.block.transactions().len() as u64;
    // Before the first there is a state also where there is none.
    if index >= count.max(1) {
        return Err(Fault::server(format!(
            "transaction index {index} out of range for block {}",
            block.block.hash()
        )));
    }
    let mut session = Session::before(node, block, deadline)?;
    session.replay(block, index as usize)?;
    Ok(session)
}

/// The transaction with the sender's own nonce where none is given.
pub(crate) fn prepare(
    session: &mut Session,
    request: &TransactionRequest,
    gas_cap: u64,
) -> CallResult<TxEnv> {
    let sender = request.from.unwrap_or_default();
    let nonce = session.db.basic(sender)?.unwrap_or_default().nonce;
    transaction(request, gas_cap, nonce, session.rules.chain_id)
}

fn call(session: &mut Session, request: TransactionRequest) -> CallResult<Bytes> {
    let cap = session.limits.call_gas;
    let tx = prepare(session, &request, cap)?;
    let checks = call_checks(session, &tx)?;
    let recipient = recipient(&tx);
    let (outcome, _) = session.run(tx, checks, NoOpInspector, NoCosts)?;
    if let ExecutionResult::Halt {
        reason: HaltReason::StateChangeDuringStaticCall | HaltReason::CallNotAllowedInsideStatic,
        ..
    } = outcome.result
    {
        check_party(session, recipient)?;
    }
    returned(outcome.result)
}

/// How a call runs that is not to become a transaction. It can read a blocked address, and no more; from there it cannot come.
///
/// # Errors
/// The guard refuses it.
pub(crate) fn call_checks(session: &mut Session, tx: &TxEnv) -> CallResult<Checks> {
    let is_call = matches!(tx.kind, TxKind::Call(_)) && tx.authorization_list.is_empty();
    let is_read = is_call && tx.value.is_zero();
    if is_read && session.directive(recipient(tx))?.is_some() {
        check_party(session, tx.caller)?;
        return Ok(Checks::Read);
    }
    check_guard(session, tx)?;
    Ok(Checks::Call)
}

fn recipient(tx: &TxEnv) -> Address {
    match tx.kind {
        TxKind::Call(to) => to,
        TxKind::Create => tx.caller.create(tx.nonce),
    }
}

/// A blocked sender or recipient could never send this, nor could it delegate from or to a blocked account: says so, with the directive.
///
/// # Errors
/// It could not be sent.
pub(crate) fn check_guard(session: &mut Session, tx: &TxEnv) -> CallResult<()> {
    check_party(session, tx.caller)?;
    check_party(session, recipient(tx))?;
    for authorization in &tx.authorization_list {
        check_party(session, authorization.address())?;
        if let Some(authority) = authorization.authority() {
            check_party(session, authority)?;
        }
    }
    Ok(())
}

/// Refuses a blocked address, with the directive.
///
/// # Errors
/// It is blocked.
pub(crate) fn check_party(session: &mut Session, party: Address) -> CallResult<()> {
    match session.directive(party)? {
        Some(directive) => Err(blocked_fault(&directive)),
        None => Ok(()),
    }
}

/// The most gas that the sender can pay for.
fn affordable(session: &mut Session, tx: &TxEnv) -> CallResult<u64> {
    if tx.gas_price == 0 {
        return Ok(u64::MAX);
    }
    let balance = session.db.basic(tx.caller)?.unwrap_or_default().balance;
    let Some(available) = balance.checked_sub(tx.value) else {
        return Err(Fault::server("insufficient funds for transfer"));
    };
    Ok((available / U256::from(tx.gas_price)).saturating_to())
}

fn try_gas(session: &mut Session, tx: &TxEnv, gas: u64) -> CallResult<ExecutionResult> {
    let tx = TxEnv {
        gas_limit: gas,
        ..tx.clone()
    };
    let (outcome, _) = session.run(tx, Checks::Call, NoOpInspector, NoCosts)?;
    Ok(outcome.result)
}

fn is_plain_transfer(session: &mut Session, tx: &TxEnv) -> CallResult<bool> {
    let TxKind::Call(to) = tx.kind else {
        return Ok(false);
    };
    if !tx.data.is_empty() || !tx.access_list.is_empty() || !tx.authorization_list.is_empty() {
        return Ok(false);
    }
    let account = session.db.basic(to)?;
    let is_module = hansa_evm::Precompiles::new(session.params.spec(), false);
    let special = revm::handler::PrecompileProvider::<
        hansa_evm::EvmContext<&mut crate::exec::Db>,
    >::warm_addresses(&is_module);
    Ok(!special.contains(&to) && account.is_none_or(|account| account.is_empty_code_hash()))
}

fn estimate(session: &mut Session, request: TransactionRequest) -> CallResult<u64> {
    let most = transaction_gas(&session.params.terms);
    let cap = request
        .gas
        .filter(|gas| *gas >= TRANSFER_GAS)
        .unwrap_or(most);
    let cap = cap.min(most).min(session.limits.call_gas);
    let tx = prepare(
        session,
        &TransactionRequest {
            gas: None,
            ..request
        },
        cap,
    )?;
    check_guard(session, &tx)?;
    let mut high = cap.min(affordable(session, &tx)?);
    if is_plain_transfer(session, &tx)?
        && high >= TRANSFER_GAS
        && try_gas(session, &tx, TRANSFER_GAS)?.is_success()
    {
        return Ok(TRANSFER_GAS);
    }
    let result = try_gas(session, &tx, high);
    let result = match result {
        Err(fault) if too_little(&fault) => return Err(allowance(high)),
        other => other?,
    };
    match &result {
        ExecutionResult::Success { .. } => {}
        ExecutionResult::Revert { output, .. } => return Err(reverted(output.clone())),
        ExecutionResult::Halt {
            reason: HaltReason::OutOfGas(_),
            ..
        } => {
            return Err(allowance(high));
        }
        ExecutionResult::Halt { reason, .. } => return Err(Fault::server(halt_words(reason))),
    }
    let gas = result.gas();
    let used = gas.tx_gas_used();
    let mut low = used.saturating_sub(1);
    // What the deepest call needs to be handed is at most 1/64 more: mostly this is the answer.
    let spent = used
        .saturating_add(gas.final_refunded())
        .saturating_add(CALL_STIPEND);
    let optimistic = spent.saturating_mul(64) / 63;
    if optimistic < high {
        if suffices(session, &tx, optimistic)? {
            high = optimistic;
        } else {
            low = optimistic;
        }
    }
    while low + 1 < high {
        if (high - low) < high / ESTIMATE_ERROR {
            break;
        }
        // Most transactions need little more than they use.
        let middle = low.midpoint(high).min(low.saturating_mul(2).max(low + 1));
        if suffices(session, &tx, middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(high)
}

fn too_little(fault: &Fault) -> bool {
    fault.message.starts_with("intrinsic gas too low")
        || fault.message.starts_with("insufficient gas for floor")
}

fn allowance(gas: u64) -> Fault {
    Fault::server(format!("gas required exceeds allowance ({gas})"))
}

fn suffices(session: &mut Session, tx: &TxEnv, gas: u64) -> CallResult<bool> {
    match try_gas(session, tx, gas) {
        Ok(result) => Ok(result.is_success()),
        Err(fault) if too_little(&fault) => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn access_list(session: &mut Session, request: TransactionRequest) -> CallResult<AccessListResult> {
    let cap = transaction_gas(&session.params.terms).min(session.limits.call_gas);
    let mut tx = prepare(session, &request, cap)?;
    check_guard(session, &tx)?;
    if tx.tx_type == 0 {
        tx.tx_type = 1;
    }
    let mut list = tx.access_list.clone();
    for _ in 0..ACCESS_LIST_ROUNDS {
        tx.access_list = list.clone();
        let inspector = AccessListInspector::new(list.clone());
        let (outcome, inspector) = session.run(tx.clone(), Checks::Call, inspector, NoCosts)?;
        let found = inspector.into_access_list();
        if found == list {
            let error = match &outcome.result {
                ExecutionResult::Success { .. } => None,
                ExecutionResult::Revert { output, .. } => Some(reverted(output.clone()).message),
                ExecutionResult::Halt { reason, .. } => Some(halt_words(reason)),
            };
            return Ok(AccessListResult {
                access_list: list,
                gas_used: U256::from(outcome.result.gas().tx_gas_used()),
                error,
            });
        }
        list = found;
    }
    Err(Fault::server(
        "the access list does not settle: it depends on itself",
    ))
}
