//! What an address without bytecode of its own can be: Ethereum's precompiles, Hansa's modules, or
//! blocked.

use crate::{Directive, EvmContext, guard};
use alloy_primitives::{
    Address, Bytes, Log, LogData, U256,
    map::{AddressMap, AddressSet},
};
use alloy_sol_types::SolError;
use hansa_abi::IModule;
use hansa_modules::{
    Block, Call, Host, HostError, Outcome, RunResult, StorageRead, guard::enforcement::Blocked,
    refuse_input,
};
use revm::{
    Database,
    bytecode::Bytecode,
    context_interface::{ContextTr, JournalTr, journaled_state::account::JournaledAccountTr as _},
    handler::{EthPrecompiles, PrecompileProvider},
    interpreter::{CallInputs, Gas, InstructionResult, InterpreterResult},
    primitives::hardfork::SpecId,
};

/// Runs precompiles and modules, and stops call frames that touch a blocked address.
#[derive(Clone, Debug)]
pub struct Precompiles {
    ethereum: EthPrecompiles,
    addresses: AddressSet,
    guarded: bool,
    replaced: AddressMap<Option<Address>>,
    #[cfg(feature = "test-utils")]
    poison: Option<Address>,
}

/// Whether Ethereum's precompile is at an address.
pub fn is_precompile(spec: SpecId, address: &Address) -> bool {
    EthPrecompiles::new(spec).precompiles.contains(address)
}

impl Precompiles {
    /// `guarded`: some directive is active, so call frames are checked.
    pub fn new(spec: SpecId, guarded: bool) -> Self {
        let ethereum = EthPrecompiles::new(spec);
        let mut addresses = ethereum.warm_addresses().clone();
        addresses.extend(hansa_abi::MODULES.iter().map(|module| module.address));
        Self {
            ethereum,
            addresses,
            guarded,
            replaced: AddressMap::default(),
            #[cfg(feature = "test-utils")]
            poison: None,
        }
    }

    /// Has a module with a fault at this address, which panics: for tests of what that does to a node.
    #[cfg(feature = "test-utils")]
    #[must_use]
    pub fn with_poison(self, poison: Option<Address>) -> Self {
        Self { poison, ..self }
    }

    /// Lets Ethereum's precompile of another address run at each of these addresses, or only the code that its account has: for calls that no
    /// block holds.
    pub fn replace(&mut self, replaced: &AddressMap<Option<Address>>) {
        self.addresses.extend(replaced.keys());
        self.replaced.clone_from(replaced);
    }

    /// Whether call frames are checked.
    pub const fn is_guarded(&self) -> bool {
        self.guarded
    }

    fn blocked<D: Database>(
        &self,
        context: &mut EvmContext<D>,
        inputs: &CallInputs,
    ) -> Result<Option<Bytes>, String> {
        if !self.guarded || inputs.is_static {
            return Ok(None);
        }
        touched_directive(context, inputs)
            .map(|directive| directive.map(|directive| directive.revert_data()))
            .map_err(|error| format!("guard: {error}"))
    }
}

/// The directive on what a call frame runs on: the called account, the account whose code it names, or
/// the one that this account delegates to (EIP-7702).
fn touched_directive<D: Database>(
    context: &mut EvmContext<D>,
    inputs: &CallInputs,
) -> Result<Option<Directive>, D::Error> {
    let (target, code) = (inputs.target_address, inputs.bytecode_address);
    // Loaded already: the frame has its code.
    let named = context.journal_mut().load_account_with_code(code)?.data;
    let delegate = named.info.code.as_ref().and_then(Bytecode::eip7702_address);
    let addresses = [
        Some(target),
        Some(code).filter(|code| *code != target),
        delegate,
    ];
    for address in addresses.into_iter().flatten() {
        let directive = guard::lookup(context, address)?;
        if directive.is_some() {
            return Ok(directive);
        }
    }
    Ok(None)
}

fn outcome(result: InstructionResult, output: Bytes, limit: u64, used: u64) -> InterpreterResult {
    let mut gas = Gas::new(limit);
    if !gas.record_regular_cost(used) {
        gas.spend_all();
    }
    InterpreterResult::new(result, output, gas)
}

impl<D: Database> PrecompileProvider<EvmContext<D>> for Precompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, spec: SpecId) -> bool {
        <EthPrecompiles as PrecompileProvider<EvmContext<D>>>::set_spec(&mut self.ethereum, spec)
    }

    fn run(
        &mut self,
        context: &mut EvmContext<D>,
        inputs: &CallInputs,
    ) -> Result<Option<InterpreterResult>, String> {
        if let Some(error) = self.blocked(context, inputs)? {
            let revert = outcome(InstructionResult::Revert, error, inputs.gas_limit, 0);
            return Ok(Some(revert));
        }
        if !self.replaced.is_empty()
            && let Some(other) = self.replaced.get(&inputs.bytecode_address)
        {
            let Some(precompile) = *other else {
                return Ok(None);
            };
            let inputs = CallInputs {
                bytecode_address: precompile,
                ..inputs.clone()
            };
            return self.ethereum.run(context, &inputs);
        }
        #[cfg(feature = "test-utils")]
        assert!(
            self.poison != Some(inputs.bytecode_address),
            "the poisoned module was called"
        );
        if hansa_abi::module_at(&inputs.bytecode_address).is_some() {
            return run_module(context, inputs).map(Some);
        }
        self.ethereum.run(context, inputs)
    }

    fn warm_addresses(&self) -> &AddressSet {
        &self.addresses
    }
}

fn run_module<D: Database>(
    context: &mut EvmContext<D>,
    inputs: &CallInputs,
) -> Result<InterpreterResult, String> {
    let module = inputs.bytecode_address;
    let limit = inputs.gas_limit;
    // Code run by DELEGATECALL or CALLCODE acts on its caller's storage; a module's logic only makes
    // sense on its own.
    if inputs.target_address != module {
        let error = IModule::DelegateCallForbidden {}.abi_encode().into();
        return Ok(outcome(InstructionResult::Revert, error, limit, 0));
    }
    if let Some(refused) = refuse_input(inputs.input.len(), limit) {
        return interpret(refused, limit);
    }
    let input = inputs.input.bytes(context);
    let call = Call {
        caller: inputs.caller,
        value: inputs.value.get(),
        input: &input,
        is_static: inputs.is_static,
        gas_limit: limit,
    };
    let block = Block {
        number: context.block.number.saturating_to(),
        timestamp: context.block.timestamp.saturating_to(),
        chain_id: context.cfg.chain_id,
    };
    context
        .journal_mut()
        .load_account(module)
        .map_err(|error| error.to_string())?;
    let result = hansa_modules::run(&mut JournalHost { context }, module, &call, &block);
    interpret(result, limit)
}

/// What a module's answer is in the EVM.
fn interpret(answer: Outcome, limit: u64) -> Result<InterpreterResult, String> {
    let used = answer.gas_used;
    match answer.result {
        RunResult::Return(output) => Ok(outcome(InstructionResult::Return, output, limit, used)),
        RunResult::Revert(output) => Ok(outcome(InstructionResult::Revert, output, limit, used)),
        RunResult::OutOfGas => {
            let nothing = Bytes::new();
            Ok(outcome(
                InstructionResult::PrecompileOOG,
                nothing,
                limit,
                limit,
            ))
        }
        RunResult::Fatal(reason) => Err(reason),
    }
}

/// A module's view of the EVM: its writes, logs and transfers go through the journal and are
/// reverted with it.
pub(crate) struct JournalHost<'a, D: Database> {
    pub(crate) context: &'a mut EvmContext<D>,
}

fn fatal(error: impl std::fmt::Display) -> HostError {
    HostError::Fatal(error.to_string())
}

impl<D: Database> Host for JournalHost<'_, D> {
    fn sender(&self) -> Address {
        self.context.tx.caller
    }

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, HostError> {
        let journal = self.context.journal_mut();
        journal.load_account(module).map_err(fatal)?;
        let value = journal.sload(module, slot).map_err(fatal)?;
        Ok(value.data)
    }

    fn sstore(&mut self, module: Address, slot: U256, value: U256) -> Result<(), HostError> {
        let journal = self.context.journal_mut();
        journal.load_account(module).map_err(fatal)?;
        journal.sstore(module, slot, value).map_err(fatal)?;
        journal.touch_account(module);
        Ok(())
    }

    fn blocked(&mut self, target: Address, now: u64) -> Result<Option<Blocked>, HostError> {
        let directive = self.context.journal_mut().db_mut().directive(target, now);
        Ok(directive.map_err(fatal)?.map(Blocked::from))
    }

    fn emit(&mut self, module: Address, data: LogData) -> Result<(), HostError> {
        let log = Log {
            address: module,
            data,
        };
        self.context.journal_mut().log(log);
        Ok(())
    }

    fn transfer(&mut self, from: Address, to: Address, amount: U256) -> Result<(), HostError> {
        let moved = self.context.journal_mut().transfer(from, to, amount);
        match moved.map_err(fatal)? {
            None => Ok(()),
            Some(error) => Err(HostError::Refused(format!("{error:?}"))),
        }
    }

    fn burn(&mut self, from: Address, amount: U256) -> Result<(), HostError> {
        let account = self.context.journal_mut().load_account_mut(from);
        let mut account = account.map_err(fatal)?;
        if account.data.decr_balance(amount) {
            Ok(())
        } else {
            Err(HostError::Refused(format!("{from} has less than {amount}")))
        }
    }
}

/// Module storage as it is now, in the middle of a block.
impl<D: Database> StorageRead for JournalHost<'_, D> {
    type Error = HostError;

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, HostError> {
        Host::sload(self, module, slot)
    }
}
