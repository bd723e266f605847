//! What receivers of messages are called with (`IMessageReceiver`).

use crate::IMessages::{self, Message};
use alloy_primitives::{Bytes, keccak256};
use alloy_sol_types::SolCall as _;

/// Ethereum's price of a transaction.
const TRANSACTION_GAS: u64 = 21_000;
/// Gas of a byte of a transaction's input at most (EIP-7623).
const BYTE_GAS: u64 = 40;

/// Input of the call that has a receiver take a message.
pub fn receiver_call(message: &Message) -> Bytes {
    // The arguments are those of `take`.
    let deliver = IMessages::takeCall::SIGNATURE.replacen("take", "deliver", 1);
    let take = IMessages::takeCall {
        message: message.clone(),
    };
    let mut input = take.abi_encode();
    input[..4].copy_from_slice(&keccak256(deliver)[..4]);
    input.into()
}

/// Gas limit of a transaction that calls a receiver with `input`, and with the gas that the message asks for.
pub const fn receiver_call_gas(message: &Message, input: &Bytes) -> u64 {
    let bytes = (input.0.len() as u64).saturating_mul(BYTE_GAS);
    let overhead = bytes.saturating_add(TRANSACTION_GAS);
    message.gas.saturating_add(overhead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, U256};

    #[test]
    fn a_receiver_is_called_as_its_interface_says() {
        let message = Message {
            source: 1,
            destination: 2,
            nonce: 3,
            sender: Address::repeat_byte(4),
            to: Address::repeat_byte(5),
            value: U256::from(6),
            fee: U256::from(7),
            gas: 8,
            reward: U256::from(9),
            data: Bytes::from_static(b"ten"),
        };
        let input = receiver_call(&message);
        let signature =
            "deliver((uint64,uint64,uint64,address,address,uint256,uint256,uint64,uint256,bytes))";
        assert_eq!(input[..4], keccak256(signature)[..4]);
        let arguments = IMessages::takeCall::abi_decode_raw(&input[4..]);
        assert_eq!(arguments.unwrap().message, message);
        assert_eq!(
            receiver_call_gas(&message, &input),
            21_008 + 40 * input.len() as u64
        );
    }
}
