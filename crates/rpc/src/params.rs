//! Positional parameters, with go-ethereum's words for what is wrong with them.

use crate::errors::{CallResult, Fault};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The parameters of one call.
pub(crate) struct Args<'a>(Vec<&'a RawValue>);

impl<'a> Args<'a> {
    /// Splits `params`, of which there may be at most `most`.
    pub(crate) fn parse(params: Option<&'a RawValue>, most: usize) -> CallResult<Self> {
        let Some(params) = params else {
            return Ok(Self(Vec::new()));
        };
        let text = params.get();
        if text.starts_with('{') {
            return Err(Fault::params("non-array args: give params as a list"));
        }
        let args: Option<Vec<&RawValue>> =
            serde_json::from_str(text).map_err(|_| Fault::params("non-array args"))?;
        let args = args.unwrap_or_default();
        if args.len() > most {
            return Err(Fault::params(format!(
                "too many arguments, want at most {most}"
            )));
        }
        Ok(Self(args))
    }

    /// A required argument.
    pub(crate) fn get<T: Deserialize<'a>>(&self, index: usize) -> CallResult<T> {
        self.opt(index)?
            .ok_or_else(|| Fault::params(format!("missing value for required argument {index}")))
    }

    /// An argument that may be absent or null.
    pub(crate) fn opt<T: Deserialize<'a>>(&self, index: usize) -> CallResult<Option<T>> {
        match self.0.get(index) {
            None => Ok(None),
            Some(raw) => serde_json::from_str(raw.get())
                .map_err(|error| Fault::params(format!("invalid argument {index}: {error}"))),
        }
    }
}

/// Reads `text` as the parameters of every kind of call.
#[cfg(feature = "fuzzing")]
pub fn read_as_everything(text: &str) {
    use alloy_eips::{BlockId, BlockNumberOrTag};
    use alloy_primitives::{B256, Bytes, U128, U256};
    use alloy_rpc_types_eth::{
        BlockOverrides, Filter, TransactionRequest, simulate::SimulatePayload, state::StateOverride,
    };
    use alloy_rpc_types_trace::geth::{GethDebugTracingCallOptions, GethDebugTracingOptions};

    let Ok(params) = serde_json::from_str::<&RawValue>(text) else {
        return;
    };
    let Ok(args) = Args::parse(Some(params), 4) else {
        return;
    };
    for index in 0..4 {
        let _ = args.get::<Bytes>(index);
        let _ = args.get::<U256>(index);
        let _ = args.get::<U128>(index);
        let _ = args.get::<B256>(index);
        let _ = args.get::<BlockId>(index);
        let _ = args.get::<BlockNumberOrTag>(index);
        let _ = args.get::<TransactionRequest>(index);
        let _ = args.get::<StateOverride>(index);
        let _ = args.get::<BlockOverrides>(index);
        let _ = args.get::<SimulatePayload>(index);
        let _ = args.get::<GethDebugTracingOptions>(index);
        let _ = args.get::<GethDebugTracingCallOptions>(index);
        let _ = args.get::<Vec<f64>>(index);
        if let Ok(filter) = args.get::<Filter>(index) {
            let _ = crate::eth::logs::check(&filter, &crate::Limits::default());
        }
    }
}
