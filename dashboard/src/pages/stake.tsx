import { useState } from 'react';
import { big, bps, count, isMistyped } from '../lib/format';
import { isUp } from '../lib/health';
import { useEpoch, useOperators, usePeers, useStatus, useZones } from '../lib/league';
import { useRpc } from '../lib/live';
import { STAKING } from '../lib/modules';
import { setQuery, to, useRoute } from '../lib/route';
import { HUB } from '../lib/rpc';
import { line } from '../lib/safe';
import { useStream } from '../lib/stream';
import type { Exposure } from '../lib/types';
import { useWallet } from '../lib/wallet';
import { t } from '../strings';
import { Badge, Empty, field, Panel, Stat, Stats, Title, useAsOf } from '../ui/basics';
import { Cell, Table } from '../ui/tables';
import { Address, Chosen, Ether, Hash } from '../ui/values';
import { Changes, Performance } from './stake-parts/history';
import { Allocations, Reward, Slashes, State } from './stake-parts/lists';
import { OperatorPage } from './stake-parts/operator';
import { Positions } from './stake-parts/positions';
import { SlashPage } from './stake-parts/slash';

function Epochs() {
  const epochs = useEpoch();
  const epoch = epochs.data;
  const { head } = useStream(HUB);
  const exposure = useRpc<Exposure>(HUB, 'hansa_exposure', [], { on: [STAKING.to] });
  const { concentration } = exposure.data ?? {};
  const listed = useOperators();
  const operators = listed.data?.operators ?? [];
  const [epochAt, exposureAt, operatorsAt] = [useAsOf(epochs), useAsOf(exposure), useAsOf(listed)];
  const number = head ? Number(head.number) : Number(epoch?.block ?? 0);
  const seats = operators.filter(({ seat }) => seat).length;
  return (
    <Stats label={t.stake.now} columns="sm:grid-cols-5">
      <Stat label={t.stake.total} note="" at={exposureAt}>
        {concentration ? <Ether of={big(concentration.total)} digits={2} /> : '–'}
      </Stat>
      <Stat label={t.stake.seats} note={t.league.ofTotal(count(operators.length))} at={operatorsAt}>
        {listed.data ? count(seats) : '–'}
      </Stat>
      <Stat label={t.stake.epoch} note={epoch ? t.stake.blocks(count(Number(epoch.firstBlock)), count(Number(epoch.lastBlock))) : ''} at={epochAt}>
        {epoch ? count(epoch.epoch) : '–'}
      </Stat>
      <Stat label={t.stake.nextCommittee} note={epoch ? (number < Number(epoch.freezeBlock) ? t.stake.fixedIn(count(Number(epoch.freezeBlock) - number)) : t.stake.fixed) : ''} at={epochAt}>
        {epoch ? t.stake.inBlocks(count(Math.max(0, Number(epoch.lastBlock) - number + 1))) : '–'}
      </Stat>
      <Stat label={t.stake.nakamoto} note={t.stake.nakamotoNote} at={exposureAt}>
        {concentration ? count(concentration.nakamoto) : '–'}
      </Stat>
    </Stats>
  );
}

function Operators() {
  const operators = useOperators();
  const peers = usePeers().data;
  const status = useStatus().data;
  const all = operators.data?.operators ?? [];
  return (
    <Panel title={t.stake.operators} source={operators} className="mb-3" flush>
      <Table label={t.stake.operators} head={[t.stake.operator, t.explorer.state, { right: t.stake.stake }, { right: t.stake.own }, { right: t.stake.commission }, { right: t.stake.reward(count(Math.max(0, ...all.map(({ rewardRate }) => rewardRate.epochs)))) }, { right: t.stake.risk }, { right: t.stake.unbonding }, t.stake.owner, t.stake.key]}>
        {all.map((of) => (
          <tr key={of.id}>
            <Cell>
              <a href={to('stake', 'operator', of.id)}>
                <Chosen of={of.name} />
              </a>{' '}
              <span className="text-muted">#{of.id}</span>
            </Cell>
            <Cell>
              <State of={of} up={peers && status ? isUp(of, status, peers) : null} />{' '}
              {of.offences > 0 && <Badge tone="warn">{t.stake.offences(count(of.offences))}</Badge>}
            </Cell>
            <Cell right>
              <Ether of={big(of.stake)} />
            </Cell>
            <Cell right>
              <Ether of={big(of.selfStake)} />
            </Cell>
            <Cell right>{bps(of.commissionBps)}</Cell>
            <Cell right>
              <Reward of={of} />
            </Cell>
            <Cell right>
              <span title={t.stake.riskTitle(bps(of.riskBps.conflictingNotarize), bps(of.riskBps.conflictingFinalize), bps(of.riskBps.nullifyAndFinalize))}>{bps(Math.max(of.riskBps.conflictingNotarize, of.riskBps.conflictingFinalize, of.riskBps.nullifyAndFinalize))}</span>
            </Cell>
            <Cell right>
              <Ether of={big(of.unbonding)} />
            </Cell>
            <Cell>
              <Address of={of.owner} />
            </Cell>
            <Cell>
              <Hash of={of.key} what={t.stake.key} />
            </Cell>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

/** Whose positions are shown: the wallet's, or those of an address that was typed. */
function Whose() {
  const { query } = useRoute();
  const { address } = useWallet();
  const [text, setText] = useState(query.get('address') ?? '');
  const asked = query.get('address');
  const isAddress = /^0x[0-9a-fA-F]{40}$/.test(asked ?? '');
  const of = asked ? (isAddress ? asked : undefined) : address;
  return (
    <>
      <form
        className="mb-3 flex flex-wrap items-end gap-2 text-sm"
        onSubmit={(event) => {
          event.preventDefault();
          setQuery({ address: text.trim() });
        }}
      >
        <label className="flex flex-1 flex-wrap items-center gap-2">
          <span className="text-muted">{t.stake.whose}</span>
          <input value={text} onChange={(event) => setText(event.target.value)} placeholder={address ?? '0x…'} maxLength={42} className={`${field} flex-1 basis-64 font-mono`} />
        </label>
        <button type="submit" className="rounded-md border border-line bg-raised px-2.5 py-1 font-medium hover:border-accent">
          {t.stake.show}
        </button>
      </form>
      {asked && isAddress && isMistyped(asked) && <p role="alert" className="mb-3 rounded-lg border border-warn bg-warn-soft px-3 py-2">{t.explorer.mistyped}</p>}
      {asked && !isAddress ? (
        <Empty next={t.explorer.noAddressNext}>{t.explorer.noAddress(line(asked, 80))}</Empty>
      ) : of ? <Positions key={of} of={of as `0x${string}`} own={of.toLowerCase() === address?.toLowerCase()} /> : <Empty next={t.stake.nobodyNext}>{t.stake.nobody}</Empty>}
    </>
  );
}

export default function StakePage({ parts }: { parts: string[] }) {
  const [kind, id] = parts;
  const zones = useZones().data ?? [];
  if (kind === 'slash' && id) return <SlashPage key={id} id={id} />;
  if (kind === 'operator' && id) return <OperatorPage key={id} id={id} zones={zones} />;
  return (
    <>
      <Title>{t.nav.stake}</Title>
      <p className="mb-3 max-w-[80ch] text-muted">{t.stake.what}</p>
      <Epochs />
      <Operators />
      <Panel title={t.stake.positions} className="mb-3">
        <Whose />
      </Panel>
      <Performance />
      <Allocations zones={zones} />
      <Changes />
      <Slashes zones={zones} />
    </>
  );
}
