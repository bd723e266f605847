import { isUp } from '../../lib/health';
import { big, bps, count } from '../../lib/format';
import { useOperators, usePeers, useStatus } from '../../lib/league';
import { to } from '../../lib/route';
import { line } from '../../lib/safe';
import type { Zone } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Facts, Failed, Nothing, Panel, Title, Waiting } from '../../ui/basics';
import { Address, Chosen, Ether, Hash, Text } from '../../ui/values';
import { Performance } from './history';
import { Allocations, Reward, Slashes, State } from './lists';

/** One operator: what it has at stake, what it keeps, how it does, and what it did wrong. */
export function OperatorPage({ id, zones }: { id: string; zones: Zone[] }) {
  const operators = useOperators();
  const peers = usePeers().data;
  const status = useStatus().data;
  if (operators.isError && !operators.data) return <Failed title={t.stake.operator} error={operators.error} />;
  if (!operators.data) return <Waiting />;
  const of = operators.data.operators.find((operator) => String(operator.id) === id);
  if (!of) return <Nothing title={t.stake.operator} next={<a href={to('stake')}>{t.stake.allOperators}</a>}>{t.stake.noOperator(line(id, 40))}</Nothing>;
  const rows: [string, React.ReactNode][] = [
    [t.stake.stake, <Ether key="s" of={big(of.stake)} />],
    [t.stake.own, <Ether key="o" of={big(of.selfStake)} />],
    [t.stake.unbonding, <Ether key="u" of={big(of.unbonding)} />],
    [t.stake.commission, bps(of.commissionBps)],
    [t.stake.reward(count(of.rewardRate.epochs)), <Reward key="r" of={of} />],
    [t.stake.risk, t.stake.riskTitle(bps(of.riskBps.conflictingNotarize), bps(of.riskBps.conflictingFinalize), bps(of.riskBps.nullifyAndFinalize))],
    [t.stake.owner, <Address key="w" of={of.owner} />],
    [t.stake.feeRecipient, <Address key="f" of={of.feeRecipient} />],
    [t.stake.key, <Hash key="k" of={of.key} what={t.stake.key} />],
  ];
  if (of.endpoint) rows.push([t.node.address, <Text key="e" of={of.endpoint} most={200} />]);
  if (of.metadata) rows.push([t.stake.says, <Text key="m" of={of.metadata} most={400} lines />]);
  return (
    <>
      <p className="mb-1 text-xs text-muted">
        <a href={to('stake')}>← {t.stake.allOperators}</a>
      </p>
      <Title aside={<State of={of} up={peers && status ? isUp(of, status, peers) : null} />}>
        <Chosen of={of.name} most={60} /> <span className="text-muted">#{of.id}</span>
      </Title>
      <Panel title={t.explorer.details} source={operators} className="mb-3" aside={of.offences > 0 && <Badge tone="warn">{t.stake.offences(count(of.offences))}</Badge>}>
        <Facts rows={rows} />
      </Panel>
      <Performance only={of.id} />
      <Allocations zones={zones} only={of.id} />
      <Slashes zones={zones} only={of.id} />
    </>
  );
}
