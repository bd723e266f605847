//! Values of the state database, and contract code.

use alloy_primitives::{B256, Bytes, U256, bytes::BufMut};
use commonware_codec::{Buf, EncodeSize, Error as CodecError, Read, ReadExt, Write, varint::UInt};
use hansa_evm::Account;
use hansa_primitives::{MAX_CODE_BYTES, StateValue};

/// Contract code as the code database holds it: a length and at most [`MAX_CODE_BYTES`] bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code(pub Bytes);

impl Write for Code {
    fn write(&self, buf: &mut impl BufMut) {
        UInt(self.0.len() as u32).write(buf);
        buf.put_slice(&self.0);
    }
}

impl EncodeSize for Code {
    fn encode_size(&self) -> usize {
        UInt(self.0.len() as u32).encode_size() + self.0.len()
    }
}

impl Read for Code {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        let size = u32::from(UInt::<u32>::read(buf)?) as usize;
        if size > MAX_CODE_BYTES {
            return Err(CodecError::Invalid("code", "longer than EIP-170 allows"));
        }
        if buf.remaining() < size {
            return Err(CodecError::EndOfBuffer);
        }
        Ok(Self(buf.copy_to_bytes(size).into()))
    }
}

pub(crate) fn encode_account(account: &Account) -> StateValue {
    let mut bytes = [0; 72];
    bytes[..8].copy_from_slice(&account.nonce.to_be_bytes());
    bytes[8..40].copy_from_slice(&account.balance.to_be_bytes::<32>());
    bytes[40..].copy_from_slice(account.code_hash.as_slice());
    StateValue::new(bytes)
}

/// Reads an account value.
pub fn decode_account(value: &StateValue) -> Account {
    let bytes: &[u8] = value.as_ref();
    let mut nonce = [0; 8];
    nonce.copy_from_slice(&bytes[..8]);
    Account {
        nonce: u64::from_be_bytes(nonce),
        balance: U256::from_be_slice(&bytes[8..40]),
        code_hash: B256::from_slice(&bytes[40..]),
    }
}

pub(crate) fn encode_slot(value: U256) -> StateValue {
    let mut bytes = [0; 72];
    bytes[..32].copy_from_slice(&value.to_be_bytes::<32>());
    StateValue::new(bytes)
}

pub(crate) use hansa_primitives::slot_of as decode_slot;
