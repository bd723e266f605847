//! The model's slashes and appeals.

use super::{Done, MEMBERS, Model, Refused, Slash, State, ceil, counts, ensure, floor};
use alloy_primitives::{Address, U256};
use std::collections::{BTreeMap, BTreeSet};

impl Model {
    pub(super) fn accuse(&mut self, finder: Address, id: u64, kind: u8, fault: u64) -> Done {
        let epoch = self.epoch();
        ensure(fault <= epoch && fault + self.of.evidence_epochs >= epoch)?;
        let mut all = self.slashes.iter();
        ensure(!all.any(|slash| slash.operator == id && slash.epoch == fault))?;
        let share = self.of.slash_bps[usize::from(kind)];
        let operator = self.operator(id)?;
        let bps = share.min(operator.risk_at(fault)[usize::from(kind)]);
        let cells = operator.cells.iter();
        let cells = cells.filter(|(key, _)| counts(**key, fault));
        let amount = cells.map(|(_, amount)| floor(*amount, bps)).sum();
        operator.bar = 2;
        operator.offences += 1;
        self.slashes.push(Slash {
            operator: id,
            epoch: fault,
            bps,
            amount,
            finder,
            settles_at: epoch + self.of.appeal_epochs,
            state: State::Pending,
            appellant: None,
            bond: U256::ZERO,
            approvals: BTreeSet::new(),
            losses: BTreeMap::new(),
        });
        Ok(())
    }

    pub(super) fn settle_slash(&mut self, index: usize) -> Done {
        let epoch = self.epoch();
        let slash = self.slashes.get(index).ok_or(Refused)?.clone();
        ensure(slash.state == State::Pending && epoch >= slash.settles_at)?;
        ensure(self.pending(slash.operator).first() == Some(&index))?;
        self.execute_slash(index);
        Ok(())
    }

    pub(super) fn execute_slash(&mut self, index: usize) {
        let epoch = self.epoch();
        let slash = self.slashes[index].clone();
        let operator = self.operators.get_mut(&slash.operator).unwrap();
        let mut amount = U256::ZERO;
        for (key, cell) in &mut operator.cells {
            if counts(*key, slash.epoch) {
                let part = floor(*cell, slash.bps);
                *cell -= part;
                amount += part;
            }
        }
        operator.until = operator.until.max(epoch + self.of.jail_epochs);
        let owner = operator.owner;
        let mut losses = BTreeMap::new();
        for ((id, who), position) in &mut self.positions {
            let parts = position.parts.iter_mut();
            for part in parts.filter(|part| *id == slash.operator && part.counts_in(slash.epoch)) {
                let loss = ceil(part.amount, slash.bps);
                part.amount -= loss;
                *losses.entry(*who).or_default() += loss;
            }
        }
        let finder = floor(amount, self.of.finder_bps);
        let fund = floor(amount - finder, self.of.fund_bps);
        self.pay(slash.finder, finder);
        self.pay(hansa_abi::FUND, fund + slash.bond);
        self.pay(Address::ZERO, amount - finder - fund);
        let settled = &mut self.slashes[index];
        settled.state = State::Settled;
        settled.amount = amount;
        settled.losses = losses;
        self.merge();
        self.save(slash.operator, owner);
    }

    pub(super) fn appeal(&mut self, who: Address, index: usize, bond: U256) -> Done {
        let epoch = self.epoch();
        let slash = self.slashes.get(index).ok_or(Refused)?.clone();
        ensure(slash.state == State::Pending && slash.appellant.is_none())?;
        ensure(epoch < slash.settles_at && bond >= self.of.appeal_bond)?;
        let owner = self.operator(slash.operator)?.owner;
        let position = self.positions.get(&(slash.operator, who));
        let answers = position.is_some_and(|position| {
            let mut parts = position.parts.iter();
            parts.any(|part| !part.amount.is_zero() && part.counts_in(slash.epoch))
        });
        ensure(who == owner || answers)?;
        let appealed = &mut self.slashes[index];
        appealed.appellant = Some(who);
        appealed.bond = bond;
        appealed.settles_at += self.of.appeal_epochs;
        *self.balances.entry(who).or_default() -= bond.to::<u128>() as i128;
        Ok(())
    }

    pub(super) fn approve(&mut self, member: u8, index: usize) -> Done {
        let epoch = self.epoch();
        let slash = self.slashes.get_mut(index).ok_or(Refused)?;
        ensure(slash.state == State::Pending && epoch < slash.settles_at)?;
        let appellant = slash.appellant.ok_or(Refused)?;
        ensure(u64::from(member) < MEMBERS && slash.approvals.insert(member))?;
        if slash.approvals.len() as u64 * 2 <= MEMBERS {
            return Ok(());
        }
        slash.state = State::Reversed;
        slash.amount = U256::ZERO;
        let (id, bond) = (slash.operator, slash.bond);
        self.operator(id)?.offences -= 1;
        self.pay(appellant, bond);
        self.merge();
        Ok(())
    }
}
