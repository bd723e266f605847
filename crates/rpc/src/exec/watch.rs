//! Stops a run at its deadline, or when what a tracer records grows too large.

use crate::deadline::Deadline;
use alloy_primitives::{Address, Log, U256};
use hansa_evm::EvmContext;
use revm::{
    Database, Inspector,
    context_interface::{ContextError, ContextTr},
    handler::FrameResult,
    interpreter::{
        CallInputs, CallOutcome, CreateInputs, CreateOutcome, FrameInput, Interpreter,
        interpreter_types::{LoopControl as _, MemoryTr as _},
    },
};

/// The clock is looked at every so many instructions.
const STEPS_PER_LOOK: u32 = 1_024;
/// Bytes that a tracer keeps of every instruction, beside stack and memory.
const STEP_BYTES: u64 = 256;
/// Bytes that a tracer keeps of every call frame, beside its input.
const FRAME_BYTES: u64 = 512;

/// Why a run was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It ran for too long, or its client has gone.
    Deadline,
    /// Its trace grew too large.
    Trace,
}

/// What recording costs, bytes; and whether the budget is used up.
pub(crate) trait Costs {
    /// One instruction.
    fn step(&mut self, interpreter: &Interpreter) -> bool;
    /// One call frame with so much input.
    fn frame(&mut self, input: usize) -> bool;
}

/// Nothing is recorded.
pub(crate) struct NoCosts;

impl Costs for NoCosts {
    fn step(&mut self, _interpreter: &Interpreter) -> bool {
        true
    }
    fn frame(&mut self, _input: usize) -> bool {
        true
    }
}

/// A tracer's budget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TraceCosts {
    /// Bytes that are left.
    pub(crate) left: u64,
    /// Every instruction is recorded.
    pub(crate) steps: bool,
    /// With a copy of the memory.
    pub(crate) memory: bool,
}

impl TraceCosts {
    fn spend(&mut self, bytes: u64) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or_default();
        left.is_some()
    }
}

impl Costs for TraceCosts {
    fn step(&mut self, interpreter: &Interpreter) -> bool {
        if !self.steps {
            return true;
        }
        let mut bytes = STEP_BYTES + 32 * interpreter.stack.len() as u64;
        if self.memory {
            bytes += interpreter.memory.size() as u64;
        }
        self.spend(bytes)
    }

    fn frame(&mut self, input: usize) -> bool {
        self.spend(FRAME_BYTES + input as u64)
    }
}

/// An inspector under watch.
pub(crate) struct Watch<I, C> {
    pub(crate) inner: I,
    costs: C,
    deadline: Deadline,
    steps: u32,
    /// Whether the next call frame, the first, may change nothing.
    reads: bool,
    /// Set when the run was stopped.
    pub(crate) stopped: Option<Stop>,
}

impl<I, C: Costs> Watch<I, C> {
    pub(crate) fn new(inner: I, costs: C, deadline: Deadline, reads: bool) -> Self {
        Self {
            inner,
            costs,
            deadline,
            steps: 0,
            reads,
            stopped: None,
        }
    }

    fn stop<D: Database>(&mut self, stop: Stop, context: &mut EvmContext<D>) {
        self.stopped = Some(stop);
        if context.error().is_ok() {
            *context.error() = Err(ContextError::Custom("stopped by a limit".into()));
        }
    }

    fn frame<D: Database>(&mut self, input: usize, context: &mut EvmContext<D>) {
        if self.deadline.passed() {
            self.stop(Stop::Deadline, context);
        } else if !self.costs.frame(input) {
            self.stop(Stop::Trace, context);
        }
    }
}

impl<D, I, C> Inspector<EvmContext<D>> for Watch<I, C>
where
    D: Database,
    I: Inspector<EvmContext<D>>,
    C: Costs,
{
    fn initialize_interp(&mut self, interpreter: &mut Interpreter, context: &mut EvmContext<D>) {
        self.inner.initialize_interp(interpreter, context);
    }

    fn step(&mut self, interpreter: &mut Interpreter, context: &mut EvmContext<D>) {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(STEPS_PER_LOOK) && self.deadline.passed() {
            self.stop(Stop::Deadline, context);
        } else if !self.costs.step(interpreter) {
            self.stop(Stop::Trace, context);
        }
        if self.stopped.is_some() {
            interpreter.bytecode.action().take();
            interpreter.bytecode.reset_action();
            interpreter.halt_fatal();
            return;
        }
        self.inner.step(interpreter, context);
    }

    fn step_end(&mut self, interpreter: &mut Interpreter, context: &mut EvmContext<D>) {
        self.inner.step_end(interpreter, context);
    }

    fn log(&mut self, context: &mut EvmContext<D>, log: Log) {
        self.inner.log(context, log);
    }

    fn log_full(&mut self, interpreter: &mut Interpreter, context: &mut EvmContext<D>, log: Log) {
        self.inner.log_full(interpreter, context, log);
    }

    fn frame_start(
        &mut self,
        context: &mut EvmContext<D>,
        input: &mut FrameInput,
    ) -> Option<FrameResult> {
        self.inner.frame_start(context, input)
    }

    fn frame_end(
        &mut self,
        context: &mut EvmContext<D>,
        input: &FrameInput,
        result: &mut FrameResult,
    ) {
        self.inner.frame_end(context, input, result);
    }

    fn call(
        &mut self,
        context: &mut EvmContext<D>,
        inputs: &mut CallInputs,
    ) -> Option<CallOutcome> {
        self.frame(inputs.input.len(), context);
        inputs.is_static |= std::mem::take(&mut self.reads);
        self.inner.call(context, inputs)
    }

    fn call_end(
        &mut self,
        context: &mut EvmContext<D>,
        inputs: &CallInputs,
        outcome: &mut CallOutcome,
    ) {
        self.inner.call_end(context, inputs, outcome);
    }

    fn create(
        &mut self,
        context: &mut EvmContext<D>,
        inputs: &mut CreateInputs,
    ) -> Option<CreateOutcome> {
        self.frame(inputs.init_code().len(), context);
        self.inner.create(context, inputs)
    }

    fn create_end(
        &mut self,
        context: &mut EvmContext<D>,
        inputs: &CreateInputs,
        outcome: &mut CreateOutcome,
    ) {
        self.inner.create_end(context, inputs, outcome);
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        Inspector::<EvmContext<D>>::selfdestruct(&mut self.inner, contract, target, value);
    }
}
