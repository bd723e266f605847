//! The model's delegators.

use super::{Done, FRACTION, Model, Part, Refused, Shares, WHOLE, ensure, within};
use alloy_primitives::{Address, U256};

impl Model {
    pub(super) fn join(&mut self, id: u64, who: Address, amount: U256) -> Done {
        let from = self.effective();
        let operator = self.operator(id)?;
        let from = if from > operator.cutoff { from } else { 0 };
        *operator.cell(from, None) += amount;
        let position = self.positions.entry((id, who)).or_default();
        position.add(Part {
            amount,
            from,
            until: None,
            to: 0,
            max_loss: [0; 3],
        });
        ensure(position.lots() <= 8)
    }

    fn takes(&mut self, id: u64, max_loss: Shares) -> Done {
        let effective = self.effective();
        let operator = self.operator(id)?;
        let announced = operator.risk.map(|(_, now, _)| now);
        let soon = operator.risk_at(effective);
        ensure(operator.is_open() && within(soon, max_loss) && within(announced, max_loss))
    }

    pub(super) fn restake_rewards(&mut self, id: u64, who: Address) -> Done {
        let before = self.clone();
        let position = self.positions.get_mut(&(id, who)).ok_or(Refused)?;
        let amount = position.rewards >> FRACTION;
        position.rewards -= amount << FRACTION;
        let max_loss = position.max_loss;
        let done = ensure(!amount.is_zero())
            .and_then(|()| self.takes(id, max_loss))
            .and_then(|()| self.join(id, who, amount));
        if done.is_err() {
            *self = before;
        }
        done
    }

    pub(super) fn delegate(
        &mut self,
        id: u64,
        who: Address,
        amount: U256,
        max_loss: Shares,
    ) -> Done {
        ensure(amount >= self.of.min_delegation && within(max_loss, WHOLE))?;
        self.takes(id, max_loss)?;
        self.touch(id, who);
        self.positions.entry((id, who)).or_default().max_loss = max_loss;
        self.join(id, who, amount)?;
        self.save(id, who);
        *self.balances.entry(who).or_default() -= amount.to::<u128>() as i128;
        Ok(())
    }

    pub(super) fn leave(
        &mut self,
        id: u64,
        who: Address,
        amount: U256,
        (to, max_loss): (u64, Shares),
    ) -> Done {
        if to > 0 {
            ensure(to != id && within(max_loss, WHOLE))?;
            self.takes(to, max_loss)?;
        }
        self.operator(id)?;
        self.touch(id, who);
        let until = self.effective();
        let faults: Vec<u64> = self
            .pending(id)
            .iter()
            .map(|i| self.slashes[*i].epoch)
            .collect();
        let position = self.positions.get_mut(&(id, who)).ok_or(Refused)?;
        let answers = |part: &Part| {
            let is_empty_base = part.from == 0 && part.amount.is_zero();
            part.until.is_none()
                && !is_empty_base
                && faults.iter().any(|fault| part.counts_in(*fault))
        };
        ensure(!position.parts.iter().any(answers))?;
        ensure(!amount.is_zero() && amount <= position.held())?;
        position.parts.sort_by_key(|part| (part.until, part.from));
        let operator = self.operators.get_mut(&id).unwrap();
        let mut rest = amount;
        let mut left = Vec::new();
        for part in position
            .parts
            .iter_mut()
            .filter(|part| part.until.is_none())
        {
            let taken = rest.min(part.amount);
            if taken.is_zero() {
                continue;
            }
            (part.amount, rest) = (part.amount - taken, rest - taken);
            *operator.cell(part.from, None) -= taken;
            *operator.cell(part.from, Some(until)) += taken;
            left.push(Part {
                amount: taken,
                from: part.from,
                until: Some(until),
                to,
                max_loss,
            });
        }
        left.into_iter().for_each(|part| position.add(part));
        let leaving = position.parts.iter().filter(|part| part.until.is_some());
        ensure(leaving.count() <= 16)?;
        self.save(id, who);
        Ok(())
    }

    /// Takes out parts that have unbonded and answer for nothing pending.
    fn due(
        &mut self,
        id: u64,
        who: Address,
        wanted: fn(&Part) -> bool,
    ) -> Result<Vec<Part>, Refused> {
        self.operator(id)?;
        self.touch(id, who);
        let now = self.epoch();
        let unbonding = self.of.unbonding_epochs;
        let faults: Vec<u64> = self
            .pending(id)
            .iter()
            .map(|i| self.slashes[*i].epoch)
            .collect();
        let position = self.positions.get_mut(&(id, who)).ok_or(Refused)?;
        let is_due = |part: &mut Part| {
            wanted(part)
                && part.until.is_some_and(|until| now >= until + unbonding)
                && !faults.iter().any(|fault| part.counts_in(*fault))
        };
        let due: Vec<Part> = position.parts.extract_if(.., is_due).collect();
        ensure(!due.is_empty())?;
        Ok(due)
    }

    pub(super) fn withdraw(&mut self, id: u64, who: Address) -> Done {
        for part in self.due(id, who, |part| part.to == 0)? {
            *self.operator(id)?.cell(part.from, part.until) -= part.amount;
            self.pay(who, part.amount);
        }
        self.save(id, who);
        Ok(())
    }

    pub(super) fn complete(&mut self, id: u64, who: Address) -> Done {
        let mut accepted = Vec::new();
        for part in self.due(id, who, |part| part.to > 0)? {
            if self.takes(part.to, part.max_loss).is_ok() {
                *self.operator(id)?.cell(part.from, part.until) -= part.amount;
                accepted.push(part);
            } else {
                let position = self.positions.get_mut(&(id, who)).unwrap();
                position.add(Part {
                    to: 0,
                    max_loss: [0; 3],
                    ..part
                });
            }
        }
        self.save(id, who);
        for part in accepted {
            self.touch(part.to, who);
            let position = self.positions.entry((part.to, who)).or_default();
            let is_new = position.held().is_zero();
            position.max_loss = if is_new {
                part.max_loss
            } else {
                std::array::from_fn(|kind| part.max_loss[kind].min(position.max_loss[kind]))
            };
            self.join(part.to, who, part.amount)?;
            self.save(part.to, who);
        }
        Ok(())
    }

    pub(super) fn claim_rewards(&mut self, id: u64, who: Address) -> Done {
        let position = self.positions.get_mut(&(id, who)).ok_or(Refused)?;
        let amount = position.rewards >> FRACTION;
        ensure(!amount.is_zero())?;
        position.rewards -= amount << FRACTION;
        self.pay(who, amount);
        self.save(id, who);
        Ok(())
    }

    pub(super) fn restake(&mut self, id: u64, who: Address) -> Done {
        self.restake_rewards(id, who)?;
        self.save(id, who);
        Ok(())
    }

    pub(super) fn set_auto(&mut self, id: u64, who: Address, auto: bool) -> Done {
        ensure(self.positions.contains_key(&(id, who)))?;
        self.touch(id, who);
        if let Some(position) = self.positions.get_mut(&(id, who)) {
            position.auto = auto;
        }
        self.save(id, who);
        Ok(())
    }

    pub(super) fn settle(&mut self, id: u64, who: Address) -> Done {
        ensure(self.positions.contains_key(&(id, who)))?;
        self.touch(id, who);
        self.save(id, who);
        Ok(())
    }
}
