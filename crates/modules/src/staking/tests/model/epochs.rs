//! The model at the end of blocks: participation, rewards, jail and selection.

use super::{FRACTION, Model, floor};
use alloy_primitives::U256;

impl Model {
    /// Ends a block whose proposer is `proposer` and whose certificate, if any, these operators signed.
    pub(super) fn end(&mut self, proposer: u64, signers: Option<&[u64]>, fees: U256) {
        self.pot += fees;
        let length = self.of.epoch_blocks;
        let freeze = length - 1 - self.of.freeze_blocks;
        if self.block % length <= freeze {
            self.proposed.insert(proposer);
            if let Some(signers) = signers {
                self.carried += 1;
                for signer in signers {
                    *self.signed.entry(*signer).or_default() += 1;
                }
            }
        }
        if self.block % length == freeze {
            self.freeze();
        }
        self.block += 1;
        self.merge();
    }

    fn freeze(&mut self) {
        let epoch = self.epoch();
        let ids: Vec<u64> = self.operators.keys().copied().collect();
        for id in ids {
            for index in self.pending(id) {
                if self.slashes[index].settles_at > epoch {
                    break;
                }
                self.execute_slash(index);
            }
        }
        self.pot += self.of.emission_per_epoch;
        self.pay_rewards(epoch);
        self.jail(epoch);
        self.select(epoch);
        self.carried = 0;
        self.signed.clear();
        self.proposed.clear();
    }

    /// Certificates signed and carried.
    fn share(&self, id: u64) -> (U256, U256) {
        if self.carried == 0 {
            return (U256::ONE, U256::ONE);
        }
        let signed = self.signed.get(&id).copied().unwrap_or_default();
        (U256::from(signed), U256::from(self.carried))
    }

    fn pay_rewards(&mut self, epoch: u64) {
        let seats = self.committees[epoch as usize].clone();
        let pot = self.pot;
        let mut costs: Vec<U256> = Vec::new();
        for (id, ..) in &seats {
            let (signed, carried) = self.share(*id);
            costs.push(self.of.operator_cost * signed / carried);
        }
        let wanted: U256 = costs.iter().sum();
        if wanted > pot {
            for cost in &mut costs {
                *cost = *cost * pot / wanted;
            }
        }
        let rest = pot - costs.iter().sum::<U256>();
        let stakes: U256 = seats.iter().map(|(.., stake)| *stake).sum();
        self.pot = rest;
        for ((id, _, stake), cost) in seats.into_iter().zip(costs) {
            let (signed, carried) = self.share(id);
            let share = match stakes.is_zero() {
                true => U256::ZERO,
                false => rest * stake * signed / (stakes * carried),
            };
            let operator = self.operators.get_mut(&id).unwrap();
            let commission = floor(share, operator.commission);
            operator.earned += cost + commission;
            self.pot -= commission;
            let active = operator.active(epoch);
            if active.is_zero() {
                continue;
            }
            let rise = ((share - commission) << FRACTION) / active;
            self.pot -= (rise * active).div_ceil(U256::ONE << FRACTION);
            for ((of, _), position) in &mut self.positions {
                let parts = position.parts.iter().filter(|part| part.counts_in(epoch));
                if *of == id {
                    position.rewards += parts.map(|part| part.amount * rise).sum::<U256>();
                }
            }
        }
    }

    fn jail(&mut self, epoch: u64) {
        for (id, ..) in self.committees[epoch as usize].clone() {
            if self.signed.contains_key(&id) || self.proposed.contains(&id) {
                self.seen.insert(id, self.now);
                continue;
            }
            let absent = self.now - self.seen[&id];
            if self.carried < 8 || absent < self.of.max_absence_s {
                continue;
            }
            let jail = self.of.jail_epochs;
            let operator = self.operators.get_mut(&id).unwrap();
            operator.bar = operator.bar.max(1);
            operator.until = operator.until.max(epoch + jail);
        }
    }

    fn self_stake(&self, id: u64) -> U256 {
        let owner = self.operators[&id].owner;
        let position = self.positions.get(&(id, owner));
        position.map_or(U256::ZERO, |position| position.held())
    }

    pub(super) fn is_willing(&self, id: u64) -> bool {
        let operator = &self.operators[&id];
        let has_stake = self.self_stake(id) >= self.of.min_self_stake;
        operator.is_open() && operator.bar == 0 && has_stake
    }

    fn select(&mut self, epoch: u64) {
        let old: Vec<u64> = self.committees[epoch as usize]
            .iter()
            .map(|seat| seat.0)
            .collect();
        let seats = self.of.seats as usize;
        let mut willing: Vec<u64> = self.operators.keys().copied().collect();
        willing.retain(|id| self.is_willing(*id));
        // Stable: equal stakes stay in order of their ids.
        willing.sort_by(|left, right| {
            let stake = |id: &u64| self.operators[id].held();
            stake(right).cmp(&stake(left))
        });
        let mut members = old.clone();
        let limit = ((old.len() - 1) / 3).max(1);
        let mut joined = Vec::new();
        if !willing.is_empty() {
            let target = &willing[..willing.len().min(seats)];
            let applicants = target.iter().filter(|id| !old.contains(id)).count();
            // One leaves after the other: whoever has most reason to. The jailed stay where fewer than four would be left.
            for _ in 0..limit {
                let reason = |id: &u64| {
                    let operator = &self.operators[id];
                    let rank = match (self.is_willing(*id), operator.bar) {
                        (true, _) => 3,
                        (false, 2) => 0,
                        (false, 1) => 1,
                        _ => 2,
                    };
                    (rank, operator.held(), std::cmp::Reverse(*id))
                };
                let rest = members.len() - 1;
                let joining = applicants
                    .min(seats.saturating_sub(rest))
                    .min(limit.max(4usize.saturating_sub(rest)));
                let leaving = members.iter().copied().filter(|id| {
                    let is_jailed = reason(id).0 == 1;
                    !target.contains(id) && (!is_jailed || rest + joining >= 4)
                });
                let Some(first) = leaving.min_by_key(reason) else {
                    break;
                };
                members.retain(|id| *id != first);
            }
            for id in target.iter().filter(|id| !old.contains(id)) {
                let is_small = members.len() < 4;
                if members.len() < seats && (joined.len() < limit || is_small) {
                    members.push(*id);
                    joined.push(*id);
                }
            }
            let left = old.iter().filter(|id| !members.contains(id)).count();
            let mut rotations = left.max(joined.len());
            for (id, operator) in &mut self.operators {
                let keeps_seat = members.contains(id) && !joined.contains(id);
                if operator.next_key.is_some() && (!keeps_seat || rotations < limit) {
                    rotations += usize::from(keeps_seat);
                    operator.key = operator.next_key.take().unwrap();
                }
            }
        }
        let seat = |id: u64| (id, self.operators[&id].key, self.operators[&id].held());
        let committee: Vec<_> = if willing.is_empty() {
            let old = self.committees[epoch as usize].iter();
            old.map(|(id, key, _)| (*id, *key, self.operators[id].held()))
                .collect()
        } else {
            members.into_iter().map(seat).collect()
        };
        for (id, ..) in committee.iter().filter(|(id, ..)| !old.contains(id)) {
            self.seen.insert(*id, self.now);
        }
        self.committees.push(committee);
    }
}
