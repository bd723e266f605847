//! The model's operators.

use super::{DAY_S, Done, Model, OFFENCES, Operator, Shares, WHOLE, ensure, within};
use alloy_primitives::{Address, U256};
use std::collections::BTreeMap;

impl Model {
    pub(super) fn register(&mut self, owner: Address, key: u64, stake: U256) -> Done {
        ensure(self.owned_by(owner).is_err() && !self.used_keys.contains_key(&key))?;
        ensure(stake >= self.of.min_self_stake)?;
        let id = self.operators.len() as u64 + 1;
        self.used_keys.insert(key, id);
        let risk = self.of.slash_bps.map(|bps| (bps, bps, 0));
        let operator = Operator {
            owner,
            key,
            next_key: None,
            exited: false,
            bar: 0,
            until: 0,
            offences: 0,
            commission: 500,
            lowest: (500, self.now),
            risk,
            earned: U256::ZERO,
            cells: BTreeMap::new(),
            cutoff: 0,
        };
        self.operators.insert(id, operator);
        self.merge();
        self.positions.entry((id, owner)).or_default().max_loss = WHOLE;
        self.join(id, owner, stake)?;
        *self.balances.entry(owner).or_default() -= stake.to::<u128>() as i128;
        Ok(())
    }

    pub(super) fn rotate(&mut self, owner: Address, key: u64) -> Done {
        let id = self.owned_by(owner)?;
        ensure(!self.used_keys.contains_key(&key))?;
        self.used_keys.insert(key, id);
        self.operator(id)?.next_key = Some(key);
        Ok(())
    }

    pub(super) fn set_commission(&mut self, owner: Address, bps: u64) -> Done {
        let id = self.owned_by(owner)?;
        let (now, most, rise) = (
            self.now,
            self.of.max_commission_bps,
            self.of.max_commission_change_bps,
        );
        let operator = self.operator(id)?;
        if now >= operator.lowest.1 + DAY_S {
            operator.lowest = (operator.commission, now);
        }
        ensure(bps <= most && bps <= operator.lowest.0 + rise)?;
        if bps < operator.lowest.0 {
            operator.lowest = (bps, now);
        }
        operator.commission = bps;
        Ok(())
    }

    pub(super) fn set_risk(&mut self, owner: Address, shares: Shares) -> Done {
        let id = self.owned_by(owner)?;
        let (epoch, effective) = (self.epoch(), self.effective());
        let (evidence, unbonding) = (self.of.evidence_epochs, self.of.unbonding_epochs);
        ensure(within(self.of.slash_bps, shares) && within(shares, WHOLE))?;
        let operator = self.operator(id)?;
        for (risk, bps) in operator.risk.iter_mut().zip(shares) {
            let (before, now, since) = *risk;
            if bps == now {
                continue;
            }
            ensure(before == now || epoch > since + evidence)?;
            let delay = if bps > now { unbonding + 2 } else { 0 };
            *risk = (now, bps, effective + delay);
        }
        Ok(())
    }

    pub(super) fn set_exited(&mut self, owner: Address, exited: bool) -> Done {
        let id = self.owned_by(owner)?;
        let operator = self.operator(id)?;
        ensure(operator.exited != exited && (exited || operator.offences < OFFENCES))?;
        operator.exited = exited;
        Ok(())
    }

    pub(super) fn unjail(&mut self, owner: Address) -> Done {
        let id = self.owned_by(owner)?;
        let epoch = self.epoch();
        let is_pending = !self.pending(id).is_empty();
        let operator = self.operator(id)?;
        ensure(operator.bar > 0 && operator.offences < OFFENCES)?;
        ensure(!is_pending && epoch >= operator.until)?;
        (operator.bar, operator.until) = (0, 0);
        Ok(())
    }

    pub(super) fn claim_commission(&mut self, owner: Address) -> Done {
        let id = self.owned_by(owner)?;
        let amount = std::mem::take(&mut self.operator(id)?.earned);
        ensure(!amount.is_zero())?;
        self.pay(owner, amount);
        Ok(())
    }
}
