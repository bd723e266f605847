//! Building a revm instance with a chain's rules: for blocks, and for calls over RPC.

use crate::{BlockDb, Precompiles, guard, spec};
use alloy_consensus::{Transaction as _, TxEnvelope};
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, B256, U256};
use hansa_modules::staking::{Cut, Timetable};
use hansa_primitives::{Genesis, Header, Terms};
use revm::{
    Context, Database, Journal,
    context::{BlockEnv, CfgEnv, Evm as RevmEvm, TxEnv},
    context_interface::{block::BlobExcessGasAndPrice, either::Either},
    handler::{EthFrame, instructions::EthInstructions},
    interpreter::interpreter::EthInterpreter,
    primitives::hardfork::SpecId,
};

/// A chain's constants, from its genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainRules {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Receives the base fees.
    pub treasury: Address,
    /// The genesis, whose allocation block 1 writes.
    pub genesis: std::sync::Arc<Genesis>,
    /// How its blocks divide into epochs.
    pub epochs: Timetable,
    /// Where a module is that panics.
    #[cfg(feature = "test-utils")]
    pub poison: Option<Address>,
}

impl ChainRules {
    /// The rules that `genesis` states.
    pub fn new(genesis: std::sync::Arc<Genesis>) -> Self {
        Self::with_cuts(genesis, [])
    }

    /// The same for a zone whose epochs the hub has cut.
    pub fn with_cuts(
        genesis: std::sync::Arc<Genesis>,
        cuts: impl IntoIterator<Item = Cut>,
    ) -> Self {
        Self {
            epochs: Timetable::new(&genesis, cuts),
            chain_id: genesis.chain_id,
            treasury: genesis.fees.treasury,
            genesis,
            #[cfg(feature = "test-utils")]
            poison: None,
        }
    }
}

/// What a block's transactions see of their block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockParams {
    /// Height.
    pub number: u64,
    /// Milliseconds since the Unix epoch; contracts see whole seconds.
    pub timestamp_ms: u64,
    /// Receives the tips.
    pub beneficiary: Address,
    /// What the block keeps to.
    pub terms: Terms,
    /// Wei per gas.
    pub base_fee_per_gas: u64,
    /// Hash of the parent: written to history, and the seed of `PREVRANDAO` (public, and known one
    /// block ahead: not a source of randomness).
    pub parent_hash: B256,
}

impl From<&Header> for BlockParams {
    fn from(header: &Header) -> Self {
        Self {
            number: header.number,
            timestamp_ms: header.timestamp_ms,
            beneficiary: header.beneficiary,
            terms: header.terms,
            base_fee_per_gas: header.base_fee_per_gas,
            parent_hash: header.parent_hash,
        }
    }
}

impl BlockParams {
    /// Whole seconds.
    pub const fn timestamp(&self) -> u64 {
        self.timestamp_ms / 1_000
    }

    /// Ethereum's rules in this block.
    ///
    /// # Panics
    /// This build does not know them. A node asks before it executes a block, and stops ([`spec`]).
    pub fn spec(&self) -> SpecId {
        let fork = self.terms.fork;
        spec(fork).unwrap_or_else(|| {
            panic!("block {} is by {fork}, which this version of hansa does not know: install a newer one", self.number)
        })
    }

    /// As modules take it.
    pub(crate) const fn module_block(&self, chain_id: u64) -> hansa_modules::Block {
        hansa_modules::Block {
            number: self.number,
            timestamp: self.timestamp(),
            chain_id,
        }
    }

    /// As revm takes it.
    pub fn env(&self) -> BlockEnv {
        BlockEnv {
            number: U256::from(self.number),
            beneficiary: self.beneficiary,
            timestamp: U256::from(self.timestamp()),
            gas_limit: self.terms.gas_limit,
            basefee: self.base_fee_per_gas,
            difficulty: U256::ZERO,
            prevrandao: Some(self.parent_hash),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice {
                excess_blob_gas: 0,
                blob_gasprice: 1,
            }),
            ..BlockEnv::default()
        }
    }
}

/// The context of every EVM of a league.
pub type EvmContext<D> = Context<BlockEnv, TxEnv, CfgEnv, BlockDb<D>, Journal<BlockDb<D>>, ()>;

/// An EVM with the chain's modules and guard; `I` inspects it.
pub type Evm<D, I = ()> = RevmEvm<
    EvmContext<D>,
    I,
    EthInstructions<EthInterpreter, EvmContext<D>>,
    Precompiles,
    EthFrame<EthInterpreter>,
>;

/// An EVM for the block `params` on top of `db`'s parent state.
///
/// `edit` may relax the configuration, as calls over RPC do; blocks pass a no-op.
///
/// # Errors
/// The parent's database failed.
pub fn build<D: Database, I>(
    rules: &ChainRules,
    params: &BlockParams,
    mut db: BlockDb<D>,
    inspector: I,
    edit: impl FnOnce(&mut CfgEnv),
) -> Result<Evm<D, I>, D::Error> {
    let spec = params.spec();
    let guarded = guard::is_active(&mut db, params.timestamp())?;
    let mut instructions = EthInstructions::new_mainnet_with_spec(spec);
    if guarded {
        guard::install(&mut instructions);
    }
    let context = EvmContext::<D>::new(db, spec)
        .with_block(params.env())
        .modify_cfg_chained(|cfg: &mut CfgEnv| {
            cfg.chain_id = rules.chain_id;
            edit(cfg);
        });
    let precompiles = Precompiles::new(spec, guarded);
    #[cfg(feature = "test-utils")]
    let precompiles = precompiles.with_poison(rules.poison);
    Ok(RevmEvm::new_with_inspector(
        context,
        inspector,
        instructions,
        precompiles,
    ))
}

/// A signed transaction as revm takes it. The signers of its authorizations are recovered here, once.
pub fn tx_env(transaction: &TxEnvelope, sender: Address) -> TxEnv {
    let authorizations = transaction.authorization_list().unwrap_or_default().iter();
    let authorizations =
        authorizations.map(|signed| Either::Right(signed.clone().into_recovered()));
    TxEnv {
        tx_type: transaction.tx_type() as u8,
        caller: sender,
        gas_limit: transaction.gas_limit(),
        gas_price: transaction
            .gas_price()
            .unwrap_or_else(|| transaction.max_fee_per_gas()),
        kind: transaction.kind(),
        value: transaction.value(),
        data: transaction.input().clone(),
        nonce: transaction.nonce(),
        chain_id: transaction.chain_id(),
        access_list: transaction
            .access_list()
            .cloned()
            .unwrap_or_else(AccessList::default),
        gas_priority_fee: transaction.max_priority_fee_per_gas(),
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: authorizations.collect(),
    }
}
