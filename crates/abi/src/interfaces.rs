//! Bindings generated from the Solidity files; the documentation is theirs.

// The generated items carry NatSpec comments where Solidity allows them, and none elsewhere.
#![allow(missing_docs, unreachable_pub, clippy::too_many_arguments)]

use alloy_sol_types::sol;

sol!(
    #![sol(extra_derives(Debug, PartialEq, Eq, Hash))]
    "../../contracts/src/interfaces/IModule.sol"
);
sol!(
    #![sol(extra_derives(Debug, PartialEq, Eq, Hash))]
    "../../contracts/src/interfaces/IMembers.sol"
);
sol!(
    #![sol(extra_derives(Debug, PartialEq, Eq, Hash))]
    "../../contracts/src/interfaces/IExchange.sol"
);
sol!(
    #![sol(extra_derives(Debug, PartialEq, Eq, Hash))]
    "../../contracts/src/interfaces/IGuard.sol"
);
sol!(
    #![sol(extra_derives(Debug, PartialEq, Eq, Hash))]
    "../../contracts/src/interfaces/IStaking.sol"
);
sol!(
    #![sol(extra_derives(Debug, PartialEq, Eq, Hash))]
    "../../contracts/src/interfaces/IZones.sol"
);
sol!(
    #![sol(extra_derives(Debug, PartialEq, Eq, Hash))]
    "../../contracts/src/interfaces/IMessages.sol"
);
