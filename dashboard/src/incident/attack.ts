// The attack of the simulated incident: withdrawals, one after the other, until the chain refuses the next one. Each that a block took is
// told of once, also one whose receipt came late: what is stolen is the sum of what is told.
import { RpcError } from '../lib/rpc';
import { num } from '../lib/format';
import type { Hex, Receipt } from '../lib/types';

/** What the attack does on the chain. */
export interface Means {
  /** Signs and sends a withdrawal; its hash. Fails with [RpcError] where the chain refuses it. */
  send: () => Promise<Hex>;
  /** Null where there is none so far. */
  receipt: (hash: Hex) => Promise<Receipt | null>;
  pause: (ms: number) => Promise<void>;
}

/** A breath between two withdrawals, ms. */
const EVERY_MS = 350;
/** Receipts are looked for so often, ms, and so many times before the next withdrawal. */
const LOOK_EVERY_MS = 60;
const LOOKS = 16;

/** Hears of what came of it. */
export interface Tell {
  took: (receipt: Receipt, count: number) => void;
  refused: (words: string) => void;
}

export class Attack {
  /** Sent, and in no block so far as is known. One that came to the pool as the directive came to the chain is in none, ever. */
  private readonly open: Hex[] = [];
  taken = 0;
  isRefused = false;

  constructor(
    private readonly means: Means,
    private readonly tell: Tell,
  ) {}

  /** Counts those that blocks have taken since. */
  async settle(): Promise<void> {
    for (const hash of [...this.open]) {
      const receipt = await this.means.receipt(hash);
      if (!receipt) continue;
      this.open.splice(this.open.indexOf(hash), 1);
      if (num(receipt.status) !== 1) continue;
      this.taken += 1;
      this.tell.took(receipt, this.taken);
    }
  }

  async run(isLate: () => boolean): Promise<void> {
    while (!this.isRefused && !isLate()) {
      try {
        this.open.push(await this.means.send());
      } catch (error) {
        // Only the guard's refusal ends the attack: a vault that is empty by now does not.
        if (!(error instanceof RpcError)) throw error;
        this.isRefused = /blocked by directive/.test(error.message);
        if (this.isRefused) this.tell.refused(error.message);
      }
      await this.settle();
      for (let look = 1; look < LOOKS && this.open.length > 0; look += 1) {
        await this.means.pause(LOOK_EVERY_MS);
        await this.settle();
      }
      if (!this.isRefused) await this.means.pause(EVERY_MS);
    }
  }
}
