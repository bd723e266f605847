import { count, num } from '../../lib/format';
import { useStatus } from '../../lib/league';
import { useAsk } from '../../lib/live';
import { useRecognised } from '../../lib/recognised';
import { useRoute, whole, withQuery } from '../../lib/route';
import type { Chain } from '../../lib/rpc';
import { logsBelow, type Past, SCAN_EVERY_MS } from '../../lib/scan';
import type { Hex } from '../../lib/types';
import { t } from '../../strings';
import { Empty, Panel } from '../../ui/basics';
import { LogLine } from '../../ui/decoded';
import { Ago, BlockLink, TxLink } from '../../ui/values';

/** Logs of one page, or as many more as its last block has. */
const LISTED = 25;

/** What a contract wrote: the newest logs, or those below the block that the place names. */
export function Logs({ chain, address }: { chain: Chain; address: Hex }) {
  const route = useRoute();
  const before = whole(route.query.get('logs'));
  const first = useStatus(chain).data?.oldestBlock;
  const oldest = num(first);
  const page = useAsk<Past>(chain, ['logs', address, before], (signal) => logsBelow(chain, { address }, LISTED, before, oldest, signal), { enabled: first !== undefined, ...(before === null ? { everyMs: SCAN_EVERY_MS } : { fixed: true }) });
  useRecognised(chain, [address]);
  const { logs = [], bottom = 0, top = 0, left = 0 } = page.data ?? {};
  const all = before === null && bottom <= oldest;
  return (
    <Panel title={before === null ? t.explorer.logs : t.explorer.logsBelow(count(before))} source={page} flush className="mt-3">
      {logs.length === 0 && <Empty next={all ? t.explorer.noLogsOfNext : undefined}>{all ? t.explorer.noLogsOf : t.explorer.noLogsThere}</Empty>}
      <ul aria-label={t.explorer.logs} className="divide-y divide-line">
        {logs.map((log) => (
          <li key={`${log.blockHash}${log.logIndex}`} className="flex min-w-0 flex-col gap-1 px-3 py-2">
            <p className="flex flex-wrap items-center gap-x-3 text-xs text-muted">
              <span>
                {t.common.block} <BlockLink chain={chain} number={num(log.blockNumber)} />
              </span>
              <TxLink chain={chain} hash={log.transactionHash} />
              {log.blockTimestamp && <Ago ms={num(log.blockTimestamp) * 1_000} />}
            </p>
            <LogLine of={log} chain={chain} />
          </li>
        ))}
      </ul>
      {left > 0 && (
        <p className="border-t border-line px-3 py-2 text-muted">
          {t.common.more(count(left))} {t.wallet.inBlock} <BlockLink chain={chain} number={bottom} />
        </p>
      )}
      <p className="flex flex-wrap gap-x-4 border-t border-line px-3 py-2 text-muted">
        {top >= bottom && <span>{t.chains.looked(count(bottom), count(top))}</span>}
        {before !== null && <a href={withQuery(route, { logs: '' })}>{t.common.newest}</a>}
        {bottom > oldest && <a href={withQuery(route, { logs: bottom })}>{t.common.older}</a>}
      </p>
    </Panel>
  );
}
