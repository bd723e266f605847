//! Enforcing directives inside the EVM.
//!
//! Three places where execution touches an address:
//! - a transaction's sender and recipient, and who delegates to whom in it (EIP-7702): checked before it
//!   is included ([`directive_on`]);
//! - call frames: checked where precompiles are looked up, which every call frame passes after its
//!   checkpoint (see [`Precompiles`](crate::Precompiles)). A frame touches the called account, the one
//!   whose code it names, and the one that this account delegates to;
//! - `CREATE`, `CREATE2` and `SELFDESTRUCT`: instructions replaced by [`install`].
//!
//! Modules pay without a call frame: they ask their host ([`Host::blocked`](hansa_modules::Host::blocked)).
//!
//! Directives are those of the parent state. When none is active, which costs one slot to know,
//! nothing is installed.

use crate::{BlockDb, EvmContext};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolError;
use hansa_abi::IGuard;
use hansa_modules::guard::enforcement;
use revm::{
    Database,
    bytecode::opcode::{CREATE, CREATE2, SELFDESTRUCT},
    context_interface::{ContextTr, JournalTr, journaled_state::account::JournaledAccountTr},
    handler::instructions::EthInstructions,
    interpreter::{
        CreateInputs, FrameInput, Instruction, InstructionContext, InstructionExecResult,
        InstructionResult, InterpreterAction,
        instructions::{contract, host},
        interpreter::EthInterpreter,
        interpreter_types::{LoopControl, ReturnData, RuntimeFlag},
    },
    primitives::constants::CALL_STACK_LIMIT,
};

/// An accepted, unexpired block directive on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The blocked address.
    pub target: Address,
    /// The alert behind it.
    pub alert_id: U256,
    /// When it ends, seconds since the Unix epoch.
    pub until: u64,
}

impl Directive {
    /// The revert data of a frame that touches the address: `IGuard.Blocked`.
    pub fn revert_data(&self) -> Bytes {
        IGuard::Blocked {
            target: self.target,
            alertId: self.alert_id,
            until: self.until,
        }
        .abi_encode()
        .into()
    }
}

/// What a directive is called where people read of it, by the alert behind it.
pub fn directive_name(alert_id: U256) -> String {
    let own = if alert_id.is_zero() {
        " (this chain's own)"
    } else {
        ""
    };
    format!("directive {alert_id}{own}")
}

/// Reads `IGuard.Blocked` from revert data.
pub fn decode_blocked(data: &[u8]) -> Option<Directive> {
    let error = IGuard::Blocked::abi_decode(data).ok()?;
    Some(Directive {
        target: error.target,
        alert_id: error.alertId,
        until: error.until,
    })
}

/// Whether any block directive is active at `now` (seconds).
pub(crate) fn is_active<D: Database>(db: &mut BlockDb<D>, now: u64) -> Result<bool, D::Error> {
    enforcement::any_active(db, now)
}

impl From<Directive> for enforcement::Blocked {
    fn from(directive: Directive) -> Self {
        Self {
            alert_id: directive.alert_id,
            until: directive.until,
        }
    }
}

/// The directive that blocks `target` at `now` (seconds), by the parent state.
///
/// # Errors
/// The state cannot be read.
pub fn directive_on<S: hansa_modules::StorageRead>(
    state: &mut S,
    target: Address,
    now: u64,
) -> Result<Option<Directive>, S::Error> {
    let blocked = enforcement::blocked(state, target, now)?;
    Ok(blocked.map(|blocked| Directive {
        target,
        alert_id: blocked.alert_id,
        until: blocked.until,
    }))
}

/// The directive on `target` in the block that `context` executes.
pub(crate) fn lookup<D: Database>(
    context: &mut EvmContext<D>,
    target: Address,
) -> Result<Option<Directive>, D::Error> {
    let now = context.block.timestamp.saturating_to();
    context.journal_mut().db_mut().directive(target, now)
}

/// Replaces the instructions that touch an address without a call frame.
pub(crate) fn install<D: Database>(
    instructions: &mut EthInstructions<EthInterpreter, EvmContext<D>>,
) {
    let gas = *instructions.gas_table();
    for (opcode, instruction) in [
        (CREATE, Instruction::new(guarded_create::<false, D>)),
        (CREATE2, Instruction::new(guarded_create::<true, D>)),
        (SELFDESTRUCT, Instruction::new(guarded_selfdestruct::<D>)),
    ] {
        instructions.insert_instruction(opcode, instruction, gas[opcode as usize]);
    }
}

type Frame<'a, D> = InstructionContext<'a, EvmContext<D>, EthInterpreter>;

/// A create whose address is blocked behaves as one whose init code reverted at once with
/// `IGuard.Blocked`: zero on the stack, the error in the return data, its gas given back, the creator's
/// nonce used.
fn guarded_create<const IS_CREATE2: bool, D: Database>(
    frame: Frame<'_, D>,
) -> InstructionExecResult {
    let Frame::<D> { interpreter, host } = frame;
    let result = contract::create::<IS_CREATE2, EthInterpreter, EvmContext<D>>(Frame::<D> {
        interpreter: &mut *interpreter,
        host: &mut *host,
    });
    let Some(InterpreterAction::NewFrame(FrameInput::Create(inputs))) =
        interpreter.bytecode.action()
    else {
        return result;
    };
    if interpreter.input.depth >= CALL_STACK_LIMIT as usize {
        return result;
    }
    let gas_limit = inputs.gas_limit();
    let directive = match refused_create(host, inputs) {
        Ok(None) => return result,
        Ok(Some(directive)) => directive,
        Err(error) => {
            *host.error() = Err(error.into());
            return Err(InstructionResult::FatalExternalError);
        }
    };
    interpreter.bytecode.action().take();
    interpreter.bytecode.reset_action();
    interpreter.gas.erase_cost(gas_limit);
    interpreter.return_data.set_buffer(directive.revert_data());
    if interpreter.stack.push(U256::ZERO) {
        Ok(())
    } else {
        Err(InstructionResult::StackOverflow)
    }
}

/// The directive on the address that a create would use. The creator's nonce is then used up and the address
/// warm, which outlives a create that fails. One that cannot begin, for lack of funds or of nonces, is no
/// business of the guard.
fn refused_create<D: Database>(
    context: &mut EvmContext<D>,
    inputs: &CreateInputs,
) -> Result<Option<Directive>, D::Error> {
    let creator = &context
        .journal_mut()
        .load_account(inputs.caller())?
        .data
        .info;
    if creator.balance < inputs.value() || creator.nonce == u64::MAX {
        return Ok(None);
    }
    let address = inputs.created_address(creator.nonce);
    let directive = lookup(context, address)?;
    if directive.is_some() {
        let journal = context.journal_mut();
        journal.load_account_mut(inputs.caller())?.data.bump_nonce();
        journal.load_account(address)?;
    }
    Ok(directive)
}

/// A selfdestruct to a blocked beneficiary reverts the frame with `IGuard.Blocked`.
fn guarded_selfdestruct<D: Database>(frame: Frame<'_, D>) -> InstructionExecResult {
    let Frame::<D> { interpreter, host } = frame;
    if !interpreter.runtime_flag.is_static()
        && let Ok(beneficiary) = interpreter.stack.peek(0)
    {
        let beneficiary = Address::from_word(beneficiary.into());
        match lookup(host, beneficiary) {
            Ok(None) => {}
            Ok(Some(directive)) => {
                interpreter
                    .bytecode
                    .set_action(InterpreterAction::new_return(
                        InstructionResult::Revert,
                        directive.revert_data(),
                        interpreter.gas,
                    ));
                return Err(InstructionResult::Revert);
            }
            Err(error) => {
                *host.error() = Err(error.into());
                return Err(InstructionResult::FatalExternalError);
            }
        }
    }
    host::selfdestruct::<EthInterpreter, EvmContext<D>>(Frame::<D> { interpreter, host })
}
