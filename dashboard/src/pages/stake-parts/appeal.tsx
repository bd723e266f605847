import { encodeFunctionData } from 'viem/utils';
import { onSlash, type OnSlash } from '../../lib/acts';
import { decodeLog } from '../../lib/decode';
import { big, count, num } from '../../lib/format';
import { useEpoch, useMembers, useStatus } from '../../lib/league';
import { useAsk, useRpc, viewsOrFail } from '../../lib/live';
import { MEMBERS, STAKING } from '../../lib/modules';
import { HUB } from '../../lib/rpc';
import { quoted } from '../../lib/safe';
import { scan } from '../../lib/scan';
import type { Hex, Log, Slash } from '../../lib/types';
import { useWallet } from '../../lib/wallet';
import { t } from '../../strings';
import { Panel } from '../../ui/basics';
import { Address, Ether } from '../../ui/values';
import { Submit } from '../../wallet/submit';
import { topicOf } from './history';

const [APPROVED, APPEALED] = [topicOf('AppealApproved'), topicOf('SlashAppealed')];
/** Logs that are looked for: each member approves once, and the appeal itself is one. */
const MAX_LOGS = 257;

interface Approvals {
  members: Hex[];
  /** As counted after the newest of them; nothing without one. */
  approving: number;
  total: number;
  /** All blocks since the appeal were looked at. */
  whole: boolean;
}

/** Approvals out of the newest logs of an appeal, newest first: they are all where the appeal itself is among them. */
export function approvals(logs: Log[]): Approvals {
  const read = logs.filter(({ topics }) => topics[0] === APPROVED).map((log) => Object.fromEntries((decodeLog(HUB, log)?.arguments ?? []).map(({ name, value }) => [name, value])));
  return { members: read.map(({ member }) => member as Hex), approving: Number(read[0]?.approving ?? 0), total: Number(read[0]?.total ?? 0), whole: logs.some(({ topics }) => topics[0] === APPEALED) };
}

const useApprovals = (slash: Slash) => {
  const oldest = useStatus().data?.oldestBlock;
  const epoch = useEpoch().data;
  return useAsk<Approvals>(
    HUB,
    ['approvals', slash.id],
    async (signal) => {
      const since = num(epoch?.firstBlock) - ((epoch?.epoch ?? 0) - slash.epoch) * num(epoch?.epochBlocks);
      const topics: (Hex | Hex[])[] = [[APPROVED, APPEALED], `0x${slash.id.toString(16).padStart(64, '0')}`];
      return approvals((await scan(HUB, { address: STAKING.to, topics }, MAX_LOGS, null, Math.max(num(oldest), since), signal)).logs);
    },
    { enabled: slash.appellant !== null && oldest !== undefined && epoch !== undefined, on: [STAKING.to, MEMBERS.to] },
  );
};

interface Terms {
  appealBond: bigint;
  appealEpochs: bigint;
}

/** Where the slash stands, in a sentence. */
function stands(slash: Slash, epoch: number): string {
  if (slash.state === 'settled') return t.slash.settled;
  if (slash.state === 'reversed') return t.slash.reversed;
  if (epoch >= slash.settlesAt) return t.slash.due;
  return (slash.appellant ? t.slash.openWindow : t.slash.window)(count(slash.settlesAt), t.slash.epochs(count(slash.settlesAt - epoch)));
}

function Counted({ of: { members, approving, total, whole } }: { of: Approvals }) {
  if (members.length === 0) return whole ? null : <p>{t.slash.approvalsUnknown}</p>;
  return (
    <div>
      <p>{(whole ? t.slash.approvals : t.slash.approvalsAtLeast)(count(approving), count(total))}</p>
      <p className="mt-1 flex flex-wrap gap-x-4">
        <span className="text-muted">{t.slash.approvedBy}</span>
        {members.map((member) => (
          <Address key={member} of={member} />
        ))}
      </p>
    </div>
  );
}

/** How far an appeal is, and what the connected account can do about the slash. */
export function Appeal({ slash, owner }: { slash: Slash; owner: Hex | undefined }) {
  const { address } = useWallet();
  const epoch = useEpoch().data?.epoch;
  const members = useMembers().data ?? [];
  const counted = useApprovals(slash).data;
  const isOpen = slash.state === 'pending';
  const terms = useAsk<Terms>(HUB, ['staking-parameters'], async (signal) => (await viewsOrFail(HUB, [{ ...STAKING, name: 'parameters' }], signal))[0] as Terms, { enabled: isOpen, on: [STAKING.to, MEMBERS.to] }).data;
  // What it takes from the account also tells whether the account answers for it.
  const own = useRpc<{ slashes: Slash[] }>(HUB, 'hansa_slashes', [slash.id - 1, 1, address], { enabled: address !== null, on: [STAKING.to] });
  const share = big(own.data?.slashes[0]?.share);
  if (epoch === undefined) return null;
  const is = (one: string | undefined): boolean => address !== null && one?.toLowerCase() === address.toLowerCase();
  const me = members.find(({ account }) => is(account));
  const weight = me?.status === 1 ? me.weight : 0;
  const approved = counted?.members.some(is) ?? false;
  const answers = is(owner) || share > 0n;
  const act = onSlash(slash, epoch, { answers, weight, approved });
  const name = quoted(slash.name, 40);
  const call = (functionName: string) => ({ chain: HUB, to: STAKING.to, data: encodeFunctionData({ abi: STAKING.abi, functionName, args: [BigInt(slash.id)] }) });
  const offer = (of: OnSlash) => {
    if (of === 'settle') return <Submit key={of} intent={call('settleSlash')} label={t.slash.settle} says={t.slash.settleSays(name)} />;
    if (of === 'approve') return <Submit key={of} intent={call('approveAppeal')} label={t.slash.approve} says={t.slash.approveSays} />;
    if (!terms) return null;
    return <Submit key={of} intent={{ ...call('appeal'), value: terms.appealBond }} label={t.slash.appeal} says={<>{t.slash.appealSays(name, t.slash.epochs(count(terms.appealEpochs)))} <Ether of={terms.appealBond} digits={6} /></>} />;
  };
  const canLook = address !== null && own.data !== undefined;
  return (
    <Panel title={t.slash.act}>
      <div className="flex flex-col gap-3">
        <p>{stands(slash, epoch)}</p>
        {slash.appellant && counted && <Counted of={counted} />}
        {share > 0n && (
          <p>
            {t.slash.takes} <Ether of={share} digits={6} />.
          </p>
        )}
        {isOpen && approved && <p className="text-muted">{t.slash.approved}</p>}
        {isOpen && !address && <p className="text-muted">{t.slash.connect}</p>}
        {canLook && act && offer(act)}
        {canLook && isOpen && !act && !approved && <p className="text-muted">{slash.appellant ? t.slash.notMember : t.slash.notAnswerable}</p>}
      </div>
    </Panel>
  );
}
