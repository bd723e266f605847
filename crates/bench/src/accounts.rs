//! Accounts that can be made again: keys and addresses that follow from a seed.

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_signer::SignerSync;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner};
use eyre::{Context as _, Result};
use hansa_primitives::Transaction;

/// The accounts that every development chain funds (Hardhat's and Anvil's phrase).
const DEVELOPMENT_PHRASE: &str = "test test test test test test test test test test test junk";
/// How many of them are funded.
pub(crate) const DEVELOPMENT_ACCOUNTS: u32 = 10;

/// The well-known development accounts.
///
/// # Errors
/// Never in practice: the phrase is a constant.
pub(crate) fn development() -> Result<Vec<PrivateKeySigner>> {
    (0..DEVELOPMENT_ACCOUNTS)
        .map(|index| {
            MnemonicBuilder::from_phrase(DEVELOPMENT_PHRASE)
                .index(index)
                .and_then(|builder| builder.build())
                .wrap_err("the development phrase")
        })
        .collect()
}

fn derived(label: &str, seed: u64, index: u64) -> B256 {
    let text = [label.as_bytes(), &seed.to_be_bytes(), &index.to_be_bytes()].concat();
    keccak256(text)
}

/// The signer number `index` of `seed`.
///
/// # Errors
/// The hash is not a key, which has a chance of 2^-128.
pub(crate) fn signer(seed: u64, index: u64) -> Result<PrivateKeySigner> {
    PrivateKeySigner::from_bytes(&derived("signer", seed, index)).wrap_err("a derived key")
}

/// An address that nobody has a key for.
pub(crate) fn address(seed: u64, index: u64) -> Address {
    Address::from_word(derived("address", seed, index))
}

/// Everything that transactions of one run share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) chain_id: u64,
    pub(crate) max_fee_per_gas: u128,
    pub(crate) max_priority_fee_per_gas: u128,
}

/// What a transaction does.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) to: TxKind,
    pub(crate) value: U256,
    pub(crate) input: Bytes,
    pub(crate) gas_limit: u64,
}

impl Action {
    /// A transfer of one wei.
    pub(crate) fn transfer(to: Address, value: U256) -> Self {
        Self {
            to: to.into(),
            value,
            input: Bytes::new(),
            gas_limit: 21_000,
        }
    }

    /// A call of a contract.
    pub(crate) fn call(to: Address, input: Bytes, gas_limit: u64) -> Self {
        Self {
            to: to.into(),
            value: U256::ZERO,
            input,
            gas_limit,
        }
    }

    /// The creation of a contract.
    pub(crate) fn create(init_code: Bytes) -> Self {
        Self {
            to: TxKind::Create,
            value: U256::ZERO,
            input: init_code,
            gas_limit: 3_000_000,
        }
    }
}

/// Signs an EIP-1559 transaction.
///
/// # Errors
/// The signer refuses.
pub(crate) fn sign(
    signer: &PrivateKeySigner,
    terms: &Terms,
    nonce: u64,
    action: Action,
) -> Result<Transaction> {
    let transaction = TxEip1559 {
        chain_id: terms.chain_id,
        nonce,
        gas_limit: action.gas_limit,
        max_fee_per_gas: terms.max_fee_per_gas,
        max_priority_fee_per_gas: terms.max_priority_fee_per_gas,
        to: action.to,
        value: action.value,
        access_list: Default::default(),
        input: action.input,
    };
    let signature = signer.sign_hash_sync(&transaction.signature_hash())?;
    Ok(transaction.into_signed(signature).into())
}

#[cfg(test)]
mod tests;
