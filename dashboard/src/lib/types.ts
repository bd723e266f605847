// What the node answers, as far as the dashboard reads it. Quantities are hexadecimal texts.
export type Hex = `0x${string}`;

export interface Status {
  clientVersion: string;
  name: string;
  chainId: Hex;
  genesis: Hex;
  head: { number: Hex; hash: Hex; timestampMs: Hex; stateRoot: Hex; proposer: Hex };
  oldestBlock: Hex;
  oldestState: Hex;
  nextBaseFeePerGas: Hex;
  syncing: boolean;
  /** The hub's, by its genesis; older nodes do not tell it. */
  heartbeatMs?: number;
  operator: { name: string; publicKey: Hex } | null;
  operators: number;
  peersConnected: number;
  pending: number;
  queued: number;
}

export interface Peer {
  name: string;
  publicKey: Hex;
  address: string | null;
  connected: boolean;
}

export interface Checkpoint {
  number: Hex;
  hash: Hex;
  timestampMs: number;
  hubNumber: Hex;
  answers: Hex;
  recordedAt: Hex;
  recordedTime: number;
  outboxCount: number;
  arrivals: number;
}

/** The policy and pace of a zone, wherever the node puts them. */
export interface Terms {
  gasLimit: Hex;
  minBaseFee: Hex;
  blockIntervalMs: number;
  heartbeatMs: number;
  epochBlocks: number;
  minSeverity: number;
  maxDirectiveSeconds: number;
  noticeSeconds: number;
  rentPerDay: Hex;
  /** Ethereum's rules, by name. */
  fork: string;
}

/** What a zone keeps to from a time on, seconds since 1970. */
export interface Upgrade extends Partial<Terms> {
  startsAt: number;
  /** Whether this node knows the rules, and goes on. */
  followed: boolean;
}

/** The hub's newest checkpoint of a zone that this node could compare names another block than this node has. */
export interface Contradiction {
  number: Hex;
  /** Hash of this node's block. */
  own: Hex;
  /** Hash of the block that the hub has recorded. */
  recorded: Hex;
}

export interface Zone extends Partial<Terms> {
  id: number;
  name: string;
  chainId: Hex;
  creator: Hex;
  createdAt: Hex;
  timestamp: number;
  escrow: Hex;
  phase: 'registered' | 'active' | 'closing' | 'stopped' | 'settled';
  reason: string | null;
  closesAt: number | null;
  stoppedAt: Hex | null;
  locked: Hex;
  held: Hex;
  sent: number;
  delivered: number;
  outflow: Hex;
  outflowLimit: Hex;
  checkpoint: Checkpoint | null;
  /** Whether this node is to run it. */
  serves: boolean;
  path: string | null;
  contradiction?: Contradiction | null;
  /** Who may serve it, in committees that are fixed from `startsAt` on; `allowed` are ids of operators, none of them for all. */
  committeeRule?: { startsAt?: number; maxSeats: number | null; minStake: Hex; allowed: number[] };
  terms?: Partial<Terms>;
  upgrade?: Upgrade | null;
}

export interface ByKind<T> {
  conflictingNotarize: T;
  conflictingFinalize: T;
  nullifyAndFinalize: T;
}

export interface Operator {
  id: number;
  owner: Hex;
  name: string;
  endpoint: string;
  metadata: string;
  seat: boolean;
  nextSeat: boolean | null;
  willing: boolean;
  exited: boolean;
  bar: 'none' | 'jailed' | 'faulted';
  barredUntil: number | null;
  offences: number;
  slashedOut: boolean;
  key: Hex;
  nextKey: Hex | null;
  feeRecipient: Hex;
  commissionBps: number;
  riskBps: ByKind<number>;
  nextRiskBps: ByKind<number>;
  selfStake: Hex;
  stake: Hex;
  unbonding: Hex;
  earned: Hex;
  rewardRate: { epochs: number; perEther: Hex };
}

export interface Epoch {
  epoch: number;
  firstBlock: Hex;
  freezeBlock: Hex;
  lastBlock: Hex;
  block: Hex;
  epochBlocks: Hex;
  nextCommittee: Hex | null;
}

export interface Slash {
  id: number;
  operatorId: number;
  name: string;
  kind: number;
  zoneId: number;
  epoch: number;
  view: number;
  bps: number;
  amount: Hex;
  finder: Hex;
  settlesAt: number;
  state: 'none' | 'pending' | 'settled' | 'reversed';
  appellant: Hex | null;
  /** Of the appeal. */
  bond: Hex;
  /** What it took, or would take, from the account that was asked about. */
  share?: Hex;
}

export interface Delegation {
  operatorId: number;
  name: string;
  amount: Hex;
  lots: { amount: Hex; from: number }[];
  unbonding: { amount: Hex; from: number; until: number; claimableAt: number; to: number | null }[];
  rewards: Hex;
  maxLossBps: ByKind<number>;
  autoRestake: boolean;
}

export interface Exposure {
  operators?: { operatorId: number; name: string; amount: Hex; unbonding: Hex; worstLoss: Hex }[];
  concentration: { total: Hex; nakamoto: number; largest: { operatorId: number; name: string; stake: Hex }[] };
}

export interface Header {
  number: Hex;
  hash: Hex;
  parentHash: Hex;
  timestamp: Hex;
  timestampMs: Hex;
  miner: Hex;
  proposer?: Hex;
  gasUsed: Hex;
  gasLimit: Hex;
  baseFeePerGas: Hex;
}

export interface Transaction {
  hash: Hex;
  from: Hex;
  to: Hex | null;
  value: Hex;
  input: Hex;
  nonce: Hex;
  gas: Hex;
  gasPrice?: Hex;
  maxFeePerGas?: Hex;
  type: Hex;
  blockNumber: Hex | null;
  blockHash: Hex | null;
  transactionIndex: Hex | null;
}

export interface Block extends Header {
  size: Hex;
  stateRoot: Hex;
  extraData: Hex;
  transactions: Transaction[];
}

export interface Log {
  address: Hex;
  topics: Hex[];
  data: Hex;
  blockNumber: Hex;
  blockHash: Hex;
  blockTimestamp?: Hex;
  transactionHash: Hex;
  transactionIndex: Hex;
  logIndex: Hex;
}

export interface Receipt {
  transactionHash: Hex;
  status: Hex;
  gasUsed: Hex;
  effectiveGasPrice: Hex;
  contractAddress: Hex | null;
  blockNumber: Hex;
  from: Hex;
  to: Hex | null;
  logs: Log[];
}

export interface Trace {
  type: string;
  from: Hex;
  to?: Hex;
  value?: Hex;
  gasUsed: Hex;
  input: Hex;
  output?: Hex;
  error?: string;
  revertReason?: string;
  calls?: Trace[];
}

export interface Quantiles {
  count: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  maxMs: number;
}

/** How long blocks took until they were final on this node. */
export interface Finality {
  newest: { blockNumber: Hex; ms: number } | null;
  hour: Quantiles | null;
  /** `at` is in seconds. */
  minutes: (Quantiles & { at: number })[];
}
