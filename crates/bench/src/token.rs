//! The ERC-20 token that is benchmarked: `DemoToken` of `contracts/`, which is OpenZeppelin's.

use alloy_primitives::{Address, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue, sol};
use eyre::{Context as _, OptionExt as _, Result};
use std::path::Path;

sol! {
    #[allow(missing_docs)]
    function transfer(address to, uint256 amount) external returns (bool);
}

/// The whole supply, in the token's smallest unit.
pub(crate) const SUPPLY: U256 = U256::from_limbs([0, 0, 1 << 32, 0]);
/// OpenZeppelin's `ERC20` comes first in the token's inheritance: its balances are at slot 0.
const BALANCES: U256 = U256::ZERO;

/// Code that creates the token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    init_code: Bytes,
}

impl Token {
    /// Reads what forge built.
    ///
    /// # Errors
    /// The file is not there, or not what forge writes.
    pub(crate) fn load(contracts: &Path) -> Result<Self> {
        let path = contracts.join("out/DemoToken.sol/DemoToken.json");
        let text = std::fs::read(&path)
            .wrap_err_with(|| format!("no {}: run `make contracts`", path.display()))?;
        let artifact: serde_json::Value = serde_json::from_slice(&text)?;
        let code: Bytes = artifact["bytecode"]["object"]
            .as_str()
            .ok_or_eyre("the artifact holds no bytecode")?
            .parse()
            .wrap_err("the artifact's bytecode is not linked")?;
        Ok(Self::new(&code))
    }

    fn new(code: &Bytes) -> Self {
        let arguments = ("Benchmark".to_owned(), "BENCH".to_owned(), SUPPLY).abi_encode_params();
        Self {
            init_code: [code.as_ref(), &arguments].concat().into(),
        }
    }

    /// What the creating transaction carries.
    pub(crate) fn init_code(&self) -> Bytes {
        self.init_code.clone()
    }
}

/// Calldata of a transfer.
pub(crate) fn transfer_input(to: Address, amount: U256) -> Bytes {
    transferCall { to, amount }.abi_encode().into()
}

/// Where the token keeps the balance of `owner`.
pub(crate) fn balance_slot(owner: Address) -> U256 {
    U256::from_be_bytes(keccak256((owner, BALANCES).abi_encode()).0)
}
