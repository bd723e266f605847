import { decodeLog } from '../../lib/decode';
import { bps, count, num, percent } from '../../lib/format';
import { useEpoch, useOperators, useStatus } from '../../lib/league';
import { useAsk } from '../../lib/live';
import { STAKING } from '../../lib/modules';
import { type EpochPerformance, performance, SAMPLE, sample } from '../../lib/performance';
import { HUB } from '../../lib/rpc';
import { SCAN_EVERY_MS, scan } from '../../lib/scan';
import { useStream } from '../../lib/stream';
import type { Log } from '../../lib/types';
import { encodeEventTopics } from 'viem/utils';
import { t } from '../../strings';
import { Badge, Empty, Panel } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Ago, BlockLink, Chosen, Ether, OperatorName, TxLink } from '../../ui/values';

/** Changes that are listed, and operators that have a column. */
const LISTED = 50;
const MAX_COLUMNS = 24;

export const topicOf = (eventName: string): `0x${string}` => encodeEventTopics({ abi: STAKING.abi, eventName })[0] as `0x${string}`;
const CHANGES = ['OperatorRegistered', 'CommissionChanged', 'RiskChanged', 'KeyRotationRequested', 'OperatorExited', 'OperatorRejoined', 'OperatorRetired', 'OperatorUnjailed', 'ZoneShareChanged', 'SlashRaised'] as const;
export const SLASH_RAISED = topicOf('SlashRaised');

function InEpoch({ of, id }: { of: EpochPerformance; id: number }) {
  const did = of.byOperator.get(id);
  if (!did) return <span className="text-muted">{t.stake.noSeat}</span>;
  if (of.sampled === 0) return <>–</>;
  const signed = did.signed / of.sampled;
  return (
    <span title={t.stake.inEpochTitle(count(did.signed), count(did.made), count(of.sampled))} className="flex flex-col">
      <span>
        {t.stake.signedPart} <span className={signed < 0.3 ? 'font-semibold text-bad' : ''}>{percent(signed, 0)}</span>
      </span>
      <span className="text-muted">
        {t.stake.madePart} {percent(did.made / of.sampled, 0)} · <Ether of={did.stake} digits={2} />
      </span>
    </span>
  );
}

export function Performance({ only }: { only?: number }) {
  const epoch = useEpoch().data;
  const status = useStatus().data;
  const operators = (useOperators().data?.operators ?? []).filter(({ id }) => only === undefined || id === only).slice(0, MAX_COLUMNS);
  const { head } = useStream(HUB);
  const newest = num(head?.number ?? status?.head.number);
  const oldest = num(status?.oldestBlock);
  const bounds = { epoch: epoch?.epoch ?? 0, first: num(epoch?.firstBlock), last: num(epoch?.lastBlock) };
  const history = useAsk<EpochPerformance[]>(
    HUB,
    // There is something new with each block of the sample; certificates may come later.
    ['performance', epoch?.epoch, sample(bounds, newest, oldest).length],
    (signal) => performance(bounds, newest, oldest, signal),
    { enabled: epoch !== undefined && status !== undefined, everyMs: SCAN_EVERY_MS, keep: true },
  );
  return (
    <Panel title={t.stake.performance} aside={t.stake.performanceNote(count(SAMPLE))} source={history} className="mb-3" flush>
      <Table label={t.stake.performance} head={[t.stake.epoch, ...operators.map(({ id, name }) => <Chosen key={id} of={name} most={24} />)]}>
        {(history.data ?? []).map((of) => (
          <tr key={of.epoch}>
            <Cell>
              {count(of.epoch)} {of.epoch === epoch?.epoch && <Badge>{t.stake.current}</Badge>}
              <span className="block text-xs text-muted">{t.stake.blocks(count(of.first), count(of.last))}</span>
            </Cell>
            {operators.map(({ id }) => (
              <Cell key={id}>
                <InEpoch of={of} id={id} />
              </Cell>
            ))}
          </tr>
        ))}
      </Table>
      <p className="border-t border-line px-3 py-2 text-xs text-muted">{t.stake.performanceWhat}</p>
    </Panel>
  );
}

/** What an event of staking says, in words. */
export function says(log: Log): string {
  const decoded = decodeLog(HUB, log);
  const by = Object.fromEntries((decoded?.arguments ?? []).map(({ name, value }) => [name, value])) as Record<string, unknown>;
  const say = t.stake.changed;
  switch (decoded?.name) {
    case 'CommissionChanged':
      return say.commission(bps(Number(by.commissionBps)));
    case 'RiskChanged': {
      const risk = by.risk as Record<string, number>;
      const from = (by.fromEpochs as (bigint | number)[]).map(Number);
      return say.risk(bps(Math.max(...Object.values(risk).map(Number))), count(Math.max(...from)));
    }
    case 'ZoneShareChanged':
      return say.share(String(by.zoneId), bps(Number(by.bps)), count(by.fromEpoch as bigint));
    case 'SlashRaised':
      return say.slash(String(by.slashId), bps(Number(by.bps)));
    default:
      return say.others[decoded?.name ?? ''] ?? decoded?.name ?? '';
  }
}

/** SlashRaised has the operator second, the others first. */
const operatorOf = (log: Log): number => num(log.topics[log.topics[0] === SLASH_RAISED ? 2 : 1]);

export function Changes() {
  const oldest = useStatus().data?.oldestBlock;
  const operators = useOperators().data?.operators ?? [];
  const changes = useAsk<Log[]>(HUB, ['stake-changes'], async (signal) => (await scan(HUB, { address: STAKING.to, topics: [CHANGES.map(topicOf)] }, LISTED, null, num(oldest), signal)).logs.slice(0, LISTED), { enabled: oldest !== undefined, on: [STAKING.to] });
  const all = changes.data ?? [];
  return (
    <Panel title={t.stake.changes} source={changes} className="mb-3" flush>
      {all.length === 0 ? (
        <Empty next={t.stake.noChangesNext}>{t.stake.noChanges}</Empty>
      ) : (
        <Table label={t.stake.changes} head={[t.stake.operator, t.stake.whatChanged, t.common.block, t.common.age, t.common.transaction]}>
          {all.map((log) => {
            const id = operatorOf(log);
            return (
              <tr key={`${log.blockHash}${log.logIndex}`}>
                <Cell>
                  <OperatorName id={id} of={operators} />
                </Cell>
                <Cell>{says(log)}</Cell>
                <Cell>
                  <BlockLink chain={HUB} number={num(log.blockNumber)} />
                </Cell>
                <Cell>{log.blockTimestamp ? <Ago even ms={num(log.blockTimestamp) * 1_000} /> : '–'}</Cell>
                <Cell>
                  <TxLink chain={HUB} hash={log.transactionHash} />
                </Cell>
              </tr>
            );
          })}
        </Table>
      )}
    </Panel>
  );
}
