// Made by `npm run abi` from contracts/src. Do not edit.
export const IMessageReceiver = [
  {"inputs":[{"components":[{"name":"source","type":"uint64"},{"name":"destination","type":"uint64"},{"name":"nonce","type":"uint64"},{"name":"sender","type":"address"},{"name":"to","type":"address"},{"name":"value","type":"uint256"},{"name":"fee","type":"uint256"},{"name":"gas","type":"uint64"},{"name":"reward","type":"uint256"},{"name":"data","type":"bytes"}],"name":"message","type":"tuple"}],"name":"deliver","outputs":[],"stateMutability":"nonpayable","type":"function"},
] as const;
