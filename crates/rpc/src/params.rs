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
