//! The guard.
pub mod enforcement;
mod state;
pub(crate) fn dispatch(
    context: &mut crate::context::Context<'_>,
) -> Result<alloy_primitives::Bytes, crate::context::Stop> {
    Err(context.unknown_selector())
}
pub(crate) fn set_parameters(
    _host: &mut crate::testing::MemoryHost,
    _p: &crate::genesis::GuardParameters,
) -> Result<(), crate::genesis::GenesisError> {
    Ok(())
}
