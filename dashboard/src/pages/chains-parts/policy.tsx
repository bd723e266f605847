import type { ReactNode } from 'react';
import { useNow } from '../../lib/clock';
import { count } from '../../lib/format';
import { useAsk, viewsOrFail } from '../../lib/live';
import { GUARD } from '../../lib/modules';
import type { Chain } from '../../lib/rpc';
import type { Hex } from '../../lib/types';
import { t } from '../../strings';
import { Facts, Panel } from '../../ui/basics';
import { Address, Until } from '../../ui/values';

/** Addresses that are asked for of each list: the module's own limit. */
const MOST = 256n;
const NOBODY = /^0x0{40}$/;

interface Own {
  warden: Hex;
  spared: readonly Hex[];
  sparedLeft: number;
  blocked: readonly { target: Hex; until: number }[];
  blockedLeft: number;
}

type Spared = readonly [page: readonly Hex[], total: bigint];
type Blocked = readonly [targets: readonly Hex[], ends: readonly bigint[], total: bigint];

async function ask(chain: Chain, signal: AbortSignal): Promise<Own> {
  const args = [0n, MOST];
  const views = [{ ...GUARD, name: 'warden' }, { ...GUARD, name: 'protectedAddresses', args }, { ...GUARD, name: 'ownDirectives', args }];
  const [warden, [spared, sparedOf], [targets, ends, blockedOf]] = (await viewsOrFail(chain, views, signal)) as [Hex, Spared, Blocked];
  return {
    warden,
    spared,
    sparedLeft: Number(sparedOf) - spared.length,
    blocked: targets.map((target, index) => ({ target, until: Number(ends[index]) })),
    blockedLeft: Number(blockedOf) - targets.length,
  };
}

/** What is listed, and how many are not. */
const List = ({ children, left }: { children: ReactNode[]; left: number }) => (
  <>
    {children.length === 0 ? t.common.none : <ul>{children}</ul>}
    {left > 0 && <p className="text-muted">{t.common.more(count(left))}</p>}
  </>
);

function rows(chain: Chain, { warden, spared, sparedLeft, blocked, blockedLeft }: Own, now: number): [string, ReactNode][] {
  const holds = blocked.filter(({ until }) => until * 1_000 > now);
  return [
    [t.chains.warden, NOBODY.test(warden) ? t.chains.noWarden : <Address key="w" of={warden} chain={chain} />],
    [
      t.chains.neverBlocks,
      <List key="s" left={sparedLeft}>
        {spared.map((target) => (
          <li key={target}>
            <Address of={target} chain={chain} />
          </li>
        ))}
      </List>,
    ],
    [
      t.chains.ownDirectives,
      <List key="o" left={blockedLeft}>
        {holds.map(({ target, until }) => (
          <li key={target}>
            <Address of={target} chain={chain} />, <Until ms={until * 1_000} over={t.alert.over} />
          </li>
        ))}
      </List>,
    ],
  ];
}

/** Whom a zone blocks and never blocks by its own policy, and who decides on that. */
export function Policy({ chain }: { chain: Chain }) {
  const now = useNow();
  const own = useAsk<Own>(chain, ['own-policy'], (signal) => ask(chain, signal), { on: [GUARD.to] });
  return (
    <Panel title={t.chains.ownPolicy} source={own}>
      {own.data && <Facts rows={rows(chain, own.data, now)} />}
    </Panel>
  );
}
