//! The life of a delegator, beside few others and beside many: what each call costs in both leagues.

use super::{
    chain::{Call, Chain, Spent, ether, key, owner},
    evidence::conflicting_finalize,
};
use crate::{accounts::address, stats::median};
use alloy_primitives::{Address, U256};
use eyre::{Context as _, OptionExt as _, Result, ensure};
use hansa_abi::IStaking;
use hansa_primitives::{prove_key, public_key_bytes};
use serde::Serialize;

/// Seeds of the other delegators, and of who is measured.
const OTHERS: u64 = 12;
const MEASURED: u64 = 13;
/// Blocks in which the delegators of an epoch join: of these and those in which some leave, an epoch has more.
const BLOCKS: usize = 5;
/// The operator that all of them delegate to, and the one that the measured delegator moves to.
const OPERATOR: u64 = 1;
const TARGET: u64 = 2;
/// Ether that an operator of the default genesis starts with.
const OWN_STAKE: u64 = 32;
/// Of one ether, what those take out who leave in part: 0.4 ether, in wei.
const PART_OUT: U256 = U256::from_limbs([400_000_000_000_000_000, 0, 0, 0]);
/// Conflicting finalize.
const KIND: u8 = 1;
/// Epochs of the default genesis from evidence to its settlement, and from leaving to withdrawing.
const APPEAL_EPOCHS: u64 = 4;
const UNBONDING_EPOCHS: u64 = 28;
/// Operators of the larger preview: as many as one call takes.
const PREVIEWED: u64 = 8;

/// What a call costs with few delegators and with many.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cost {
    pub(super) name: String,
    pub(super) is_view: bool,
    /// Gas of the transaction, with few and with many delegators.
    pub(super) gas: [u64; 2],
    /// CPU time of its execution, median.
    pub(super) us: [f64; 2],
}

/// The same calls on two chains, which differ in the number of delegators.
pub(super) struct Calls {
    pub(super) chains: [Chain; 2],
    rounds: usize,
    costs: Vec<Cost>,
}

impl Calls {
    /// Two chains whose first operator has `few` and `many` delegators. They joined in two epochs, and a sixth
    /// of them took a part out.
    ///
    /// # Errors
    /// A call of the set-up fails.
    pub(super) fn new(operators: u64, [few, many]: [u64; 2], rounds: usize) -> Result<Self> {
        Ok(Self {
            chains: [populated(operators, few)?, populated(operators, many)?],
            rounds,
            costs: Vec::new(),
        })
    }

    /// Measures a call in turns on both chains.
    fn measure(&mut self, name: &str, call: &Call) -> Result<()> {
        let mut seconds: [Vec<f64>; 2] = Default::default();
        let mut gas = [0; 2];
        // The first round warms up.
        for round in 0..=self.rounds {
            for (index, chain) in self.chains.iter_mut().enumerate() {
                let spent: Spent = chain.measure(call).wrap_err_with(|| name.to_owned())?;
                gas[index] = spent.gas;
                if round > 0 {
                    seconds[index].push(spent.seconds * 1e6);
                }
            }
        }
        #[cfg(test)]
        for (chain, gas) in self.chains.iter_mut().zip(gas) {
            assert_eq!(gas, chain.expected_gas(call), "{name}");
        }
        let middle = |values: &[f64]| median(values).ok_or_eyre("at least one round is needed");
        self.costs.push(Cost {
            name: name.to_owned(),
            is_view: false,
            gas,
            us: [middle(&seconds[0])?, middle(&seconds[1])?],
        });
        Ok(())
    }

    fn view(&mut self, name: &str, call: &Call) -> Result<()> {
        self.measure(name, call)?;
        if let Some(cost) = self.costs.last_mut() {
            cost.is_view = true;
        }
        Ok(())
    }

    /// Makes a block of one call on both.
    fn apply(&mut self, call: &Call) -> Result<()> {
        let mut chains = self.chains.iter_mut();
        chains.try_for_each(|chain| chain.block(std::slice::from_ref(call)))
    }

    fn measure_and_apply(&mut self, name: &str, call: &Call) -> Result<()> {
        self.measure(name, call)?;
        self.apply(call)
    }

    /// Goes to the beginning of an epoch on both.
    fn enter(&mut self, epoch: u64) -> Result<()> {
        self.chains
            .iter_mut()
            .try_for_each(|chain| chain.enter(epoch))
    }

    /// All calls, in the order of a life.
    ///
    /// # Errors
    /// One of them fails.
    pub(super) fn run(&mut self) -> Result<Vec<Cost>> {
        let who = address(MEASURED, 0);
        let epoch = self.chains[0].epoch() + 1;
        self.enter(epoch)?;
        self.measure("register", &registration(&self.chains[0]))?;
        self.measure_and_apply("delegate", &delegate(who, 100))?;
        self.enter(epoch + 1)?;
        self.measure_and_apply("delegate again", &delegate(who, 100))?;
        self.enter(epoch + 3)?;
        self.rewards(who)?;
        self.views(who)?;
        self.leave(who)?;
        self.slash()?;
        // The stake that left counted for the last time in the epoch in which it did.
        self.enter(epoch + 4 + UNBONDING_EPOCHS)?;
        self.arrive(who)?;
        Ok(std::mem::take(&mut self.costs))
    }

    /// Two epochs' rewards are due.
    fn rewards(&mut self, who: Address) -> Result<()> {
        let operator = OPERATOR;
        let settle = IStaking::settleCall {
            operatorId: operator,
            delegator: who,
        };
        let claim = IStaking::claimRewardsCall {
            operatorId: operator,
        };
        let restake = IStaking::restakeCall {
            operatorId: operator,
        };
        let auto = IStaking::setAutoRestakeCall {
            operatorId: operator,
            enabled: true,
        };
        self.measure("settle", &Call::new(address(MEASURED, 1), &settle))?;
        self.measure("claimRewards", &Call::new(who, &claim))?;
        self.measure("restake", &Call::new(who, &restake))?;
        self.measure("setAutoRestake", &Call::new(who, &auto))
    }

    fn views(&mut self, who: Address) -> Result<()> {
        let preview = |last| IStaking::previewSlashCall {
            operatorIds: (OPERATOR..=last).collect(),
            kind: KIND,
            epoch: 0,
        };
        let loss = IStaking::previewLossCall {
            operatorIds: vec![OPERATOR],
            kind: KIND,
            epoch: 0,
            delegator: who,
        };
        let exposure = IStaking::exposureCall { delegator: who };
        let concentration = IStaking::concentrationCall {};
        self.view("previewSlash", &Call::new(who, &preview(OPERATOR)))?;
        let name = format!("previewSlash of {PREVIEWED} operators");
        self.view(&name, &Call::new(who, &preview(PREVIEWED)))?;
        self.view("previewLoss", &Call::new(who, &loss))?;
        self.view("exposure", &Call::new(who, &exposure))?;
        self.view("concentration", &Call::new(who, &concentration))
    }

    fn leave(&mut self, who: Address) -> Result<()> {
        let undelegate = IStaking::undelegateCall {
            operatorId: OPERATOR,
            amount: ether(50),
        };
        let redelegate = IStaking::redelegateCall {
            from: OPERATOR,
            to: TARGET,
            amount: ether(50),
            maxLoss: IStaking::Risk::uniform(10_000),
        };
        self.measure_and_apply("undelegate", &Call::new(who, &undelegate))?;
        self.measure_and_apply("redelegate", &Call::new(who, &redelegate))
    }

    /// The operator is proved to have signed twice in the epoch before, and slashed.
    fn slash(&mut self) -> Result<()> {
        let finder = address(MEASURED, 2);
        let chain = &mut self.chains[0];
        let (epoch, genesis_hash) = (chain.epoch(), chain.genesis_hash);
        let committee = chain.committee(epoch - 1)?;
        let evidence = conflicting_finalize(genesis_hash, &committee, &key(OPERATOR))?;
        let submit = IStaking::submitEvidenceCall {
            kind: KIND,
            evidence,
        };
        self.measure_and_apply("submitEvidence", &Call::new(finder, &submit))?;
        self.enter(epoch + APPEAL_EPOCHS)?;
        let settle = IStaking::settleSlashCall { slashId: 1 };
        self.measure_and_apply("settleSlash", &Call::new(finder, &settle))?;
        for chain in &mut self.chains {
            let slash = chain.ask(&IStaking::slashCall { slashId: 1 })?;
            let is_settled = slash.state == IStaking::SlashState::Settled;
            ensure!(
                is_settled && slash.operatorId == OPERATOR && !slash.amount.is_zero(),
                "the slash took nothing"
            );
        }
        Ok(())
    }

    /// What left has unbonded.
    fn arrive(&mut self, who: Address) -> Result<()> {
        let withdraw = IStaking::withdrawCall {
            operatorId: OPERATOR,
        };
        let complete = IStaking::completeRedelegationCall {
            from: OPERATOR,
            delegator: who,
        };
        // Either of them brings the position up to date over all these epochs.
        self.measure("withdraw", &Call::new(who, &withdraw))?;
        let anybody = address(MEASURED, 1);
        self.measure("completeRedelegation", &Call::new(anybody, &complete))
    }
}

fn delegate(from: Address, amount: u64) -> Call {
    let call = IStaking::delegateCall {
        operatorId: OPERATOR,
        maxLoss: IStaking::Risk::uniform(10_000),
    };
    Call::pay(from, ether(amount), &call)
}

/// An account that owns no operator yet registers one with a key that nobody has.
fn registration(chain: &Chain) -> Call {
    let id = 1_000;
    let (key, owner) = (key(id), owner(id));
    let call = IStaking::registerCall {
        key: public_key_bytes(&key),
        proof: prove_key(&key, chain.genesis_hash, owner).into(),
        feeRecipient: owner,
        commissionBps: 500,
        name: "operator of the north".into(),
        endpoint: "operator.example.org:9000".into(),
        metadata: String::new(),
    };
    Call::pay(owner, ether(OWN_STAKE), &call)
}

/// See [`Calls::new`]; at the beginning of epoch 2.
fn populated(operators: u64, delegators: u64) -> Result<Chain> {
    ensure!(operators >= PREVIEWED, "needs {PREVIEWED} operators");
    let mut chain = Chain::new(operators)?;
    let (first, second) = (0..delegators / 2, delegators / 2..delegators);
    let join = |index| delegate(address(OTHERS, index), 1);
    let leave = |index| {
        let call = IStaking::undelegateCall {
            operatorId: OPERATOR,
            amount: PART_OUT,
        };
        Call::new(address(OTHERS, index), &call)
    };
    let joins: Vec<Call> = first.clone().map(join).collect();
    blocks(&mut chain, &joins)?;
    chain.enter(1)?;
    let more: Vec<Call> = second.map(join).collect();
    blocks(&mut chain, &more)?;
    let leaves: Vec<Call> = first.step_by(3).map(leave).collect();
    blocks(&mut chain, &leaves)?;
    chain.enter(2)?;
    let stays = OWN_STAKE + delegators;
    let expected = ether(stays) - PART_OUT * U256::from(leaves.len());
    let operator = chain.ask(&IStaking::operatorCall {
        operatorId: OPERATOR,
    })?;
    ensure!(
        operator.stake == expected,
        "{} wei are delegated, not {expected}",
        operator.stake
    );
    Ok(chain)
}

fn blocks(chain: &mut Chain, calls: &[Call]) -> Result<()> {
    let mut chunks = calls.chunks(calls.len().div_ceil(BLOCKS).max(1));
    chunks.try_for_each(|chunk| chain.block(chunk))
}
