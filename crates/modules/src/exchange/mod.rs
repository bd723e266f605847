//! The exchange.
pub(crate) fn dispatch(
    context: &mut crate::context::Context<'_>,
) -> Result<alloy_primitives::Bytes, crate::context::Stop> {
    Err(context.unknown_selector())
}
