//! Decoding of calls and encoding of their results: the thin layer that dispatchers are made of.

use crate::{
    context::{Context, Stop, ensure, revert},
    gas,
    limits::MAX_DECODE_BYTES,
};
use alloy_primitives::Bytes;
use alloy_sol_types::{SolCall, abi::AbiDecoderConfig};
use hansa_abi::IModule;

/// Canonical encodings only: offsets that overlap could make a short input decode to a huge value.
/// Trailing bytes are ignored, as Solidity does.
const DECODER: AbiDecoderConfig = AbiDecoderConfig::new()
    .strict(true)
    .validate_allow_trailing_bytes(true)
    .memory_limit(MAX_DECODE_BYTES);

impl Context<'_> {
    /// The selector; missing bytes count as zeros.
    pub(crate) fn selector(&self) -> [u8; 4] {
        let mut selector = [0u8; 4];
        for (to, from) in selector.iter_mut().zip(self.input()) {
            *to = *from;
        }
        selector
    }

    /// Runs a function that reads only.
    pub(crate) fn view<C: SolCall>(
        &mut self,
        logic: fn(&mut Self, C) -> Result<C::Return, Stop>,
    ) -> Result<Bytes, Stop> {
        self.forbid_value()?;
        self.apply(logic)
    }

    /// Runs a function that changes state and takes no ether.
    pub(crate) fn write<C: SolCall>(
        &mut self,
        logic: fn(&mut Self, C) -> Result<C::Return, Stop>,
    ) -> Result<Bytes, Stop> {
        self.forbid_static()?;
        self.forbid_value()?;
        self.apply(logic)
    }

    /// Runs a function that changes state and takes ether.
    pub(crate) fn pay<C: SolCall>(
        &mut self,
        logic: fn(&mut Self, C) -> Result<C::Return, Stop>,
    ) -> Result<Bytes, Stop> {
        self.forbid_static()?;
        self.apply(logic)
    }

    /// The error for a selector that the module does not have.
    pub(crate) fn unknown_selector(&self) -> Stop {
        revert(IModule::UnknownSelector {
            selector: self.selector().into(),
        })
    }

    fn apply<C: SolCall>(
        &mut self,
        logic: fn(&mut Self, C) -> Result<C::Return, Stop>,
    ) -> Result<Bytes, Stop> {
        let arguments = self.input().get(4..).unwrap_or_default();
        let call = C::abi_decode_raw_with_config(arguments, DECODER)
            .map_err(|_| revert(IModule::MalformedCalldata {}))?;
        let result = logic(self, call)?;
        let output = C::abi_encode_returns(&result);
        self.charge(gas::copy(output.len()))?;
        Ok(output.into())
    }
}

/// Reverts when a text is longer than its limit.
pub(crate) fn check_length(field: &str, length: usize, limit: usize) -> Result<(), Stop> {
    ensure(length <= limit, || IModule::TooLong {
        field: field.into(),
        length: alloy_primitives::U256::from(length),
        limit: alloy_primitives::U256::from(limit),
    })
}

/// Reverts when a list is longer than its limit.
pub(crate) fn check_count(field: &str, count: usize, limit: usize) -> Result<(), Stop> {
    ensure(count <= limit, || IModule::TooMany {
        field: field.into(),
        count: alloy_primitives::U256::from(count),
        limit: alloy_primitives::U256::from(limit),
    })
}

/// Reverts when something required is missing.
pub(crate) fn check_present(field: &str, present: bool) -> Result<(), Stop> {
    ensure(present, || IModule::Empty {
        field: field.into(),
    })
}
