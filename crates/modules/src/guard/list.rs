//! Addresses in no order, each once, in a module's storage.

use crate::{
    context::{Context, Stop},
    slots::address_key,
};
use alloy_primitives::{Address, U256};

/// Where one lies.
pub(super) struct List {
    /// `mapping(address => its place, from 1)`.
    places: U256,
    /// How many there are.
    count: U256,
    /// `mapping(place => address)`.
    addresses: U256,
}

impl List {
    /// The slots of its places, its count and its addresses.
    pub(super) const fn at([places, count, addresses]: [u64; 3]) -> Self {
        Self {
            places: U256::from_limbs([places, 0, 0, 0]),
            count: U256::from_limbs([count, 0, 0, 0]),
            addresses: U256::from_limbs([addresses, 0, 0, 0]),
        }
    }

    pub(super) fn count(&self, context: &mut Context<'_>) -> Result<u64, Stop> {
        Ok(context.sload(self.count)?.as_limbs()[0])
    }

    pub(super) fn contains(&self, context: &mut Context<'_>, of: Address) -> Result<bool, Stop> {
        let place = context.slot_of(address_key(of), self.places)?;
        Ok(!context.sload(place)?.is_zero())
    }

    /// Adds an address; false if it is there.
    pub(super) fn add(&self, context: &mut Context<'_>, of: Address) -> Result<bool, Stop> {
        let its_place = context.slot_of(address_key(of), self.places)?;
        if !context.sload(its_place)?.is_zero() {
            return Ok(false);
        }
        let place = U256::from(self.count(context)? + 1);
        let slot = context.slot_of(place, self.addresses)?;
        context.sstore(slot, address_key(of))?;
        context.sstore(its_place, place)?;
        context.sstore(self.count, place)?;
        Ok(true)
    }

    /// Takes an address away, and puts the last one in its place; false if it is not there.
    pub(super) fn remove(&self, context: &mut Context<'_>, of: Address) -> Result<bool, Stop> {
        let its_place = context.slot_of(address_key(of), self.places)?;
        let place = context.sload(its_place)?;
        if place.is_zero() {
            return Ok(false);
        }
        let count = context.sload(self.count)?;
        let last_slot = context.slot_of(count, self.addresses)?;
        let last = context.sload(last_slot)?;
        let slot = context.slot_of(place, self.addresses)?;
        context.sstore(slot, last)?;
        let last_place = context.slot_of(last, self.places)?;
        context.sstore(last_place, place)?;
        // It may be the last one itself: so these come last.
        context.sstore(last_slot, U256::ZERO)?;
        context.sstore(its_place, U256::ZERO)?;
        context.sstore(self.count, count.saturating_sub(U256::ONE))?;
        Ok(true)
    }

    /// Those from the `offset`-th on, at most `limit`, and how many there are.
    pub(super) fn page(
        &self,
        context: &mut Context<'_>,
        offset: U256,
        limit: usize,
    ) -> Result<(Vec<Address>, U256), Stop> {
        let count = self.count(context)?;
        let start = u64::try_from(offset).unwrap_or(u64::MAX).min(count);
        let end = count.min(start.saturating_add(limit as u64));
        let mut page = Vec::new();
        for index in start..end {
            let slot = context.slot_of(U256::from(index + 1), self.addresses)?;
            page.push(Address::from_word(context.sload(slot)?.into()));
        }
        Ok((page, U256::from(count)))
    }
}
