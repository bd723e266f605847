import { count, num, units } from '../../lib/format';
import { useStatus } from '../../lib/league';
import { useAsk } from '../../lib/live';
import { to, useRoute, whole, withQuery } from '../../lib/route';
import type { Chain } from '../../lib/rpc';
import { SCAN_EVERY_MS } from '../../lib/scan';
import { type Holding, type Holdings as Found, holdings, type Named, naming } from '../../lib/token';
import type { Hex } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Empty, Panel } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Address, Text } from '../../ui/values';

/** Steps back through the chain that one look takes at most; contracts that are asked at first, and at most. */
const MAX_STEPS = 20;
const ASKED = 50;
const MAX_ASKED = 500;

function Row({ chain, of: { address, token, balance } }: { chain: Chain; of: Holding }) {
  return (
    <tr>
      <Cell>
        <a href={to('chains', chain, 'token', address)}>
          <Text of={token.symbol || '?'} most={24} />
        </a>{' '}
        <span className="text-muted">
          <Text of={token.name} most={40} />
        </span>
      </Cell>
      <Cell>
        <Badge>{token.standard}</Badge>
      </Cell>
      <Cell right>
        {token.standard === 'ERC-721' ? t.explorer.pieces(units(balance, 0)) : units(balance, token.decimals)} {token.standard === 'ERC-20' && <Text of={token.symbol} most={12} />}
      </Cell>
      <Cell>
        <Address of={address} chain={chain} />
      </Cell>
    </tr>
  );
}

/** Tokens that the address holds, found by the logs of transfers to and from it. */
export function Holdings({ chain, address }: { chain: Chain; address: Hex }) {
  const route = useRoute();
  const steps = whole(route.query.get('tokens'), MAX_STEPS) ?? 1;
  const most = whole(route.query.get('asked'), MAX_ASKED) ?? ASKED;
  const first = useStatus(chain).data?.oldestBlock;
  const oldest = num(first);
  const look = async (signal: AbortSignal): Promise<Found & Named> => {
    const named = await naming(chain, address, steps, oldest, signal);
    return { ...named, ...(await holdings(chain, address, named.contracts, most, signal)) };
  };
  const found = useAsk<Found & Named>(chain, ['holdings', address, steps, most], look, { enabled: first !== undefined, everyMs: SCAN_EVERY_MS, keep: true });
  const { held = [], gone = 0, mute = 0, left = 0, bottom = 0, top = 0 } = found.data ?? {};
  const notes = [gone > 0 && t.explorer.tokensGone(count(gone)), mute > 0 && t.explorer.tokensMute(count(mute)), left > 0 && t.explorer.tokensLeft(count(left))].filter((note) => note !== false);
  return (
    <Panel title={t.explorer.tokens} source={found} flush className="mt-3" aside={found.isPlaceholderData && <span role="status">{t.common.loading}</span>}>
      {held.length === 0 ? (
        <Empty>{t.explorer.noTokens}</Empty>
      ) : (
        <Table label={t.explorer.tokens} head={[t.explorer.token, t.explorer.kind, { right: t.explorer.balance }, t.explorer.contractOf]}>
          {held.map((of) => (
            <Row key={of.address} chain={chain} of={of} />
          ))}
        </Table>
      )}
      <p className="flex flex-wrap gap-x-4 border-t border-line px-3 py-2 text-xs text-muted">
        <span>
          {t.explorer.tokensRead(count(bottom), count(top))} {notes.join(' ')} {t.explorer.tokensWord}
        </span>
        {left > 0 && most < MAX_ASKED && <a href={withQuery(route, { asked: most + ASKED })}>{t.explorer.tokensMore}</a>}
        {bottom > oldest && steps < MAX_STEPS && <a href={withQuery(route, { tokens: steps + 1 })}>{t.explorer.tokensFurther}</a>}
      </p>
    </Panel>
  );
}
