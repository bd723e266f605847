import { useState } from 'react';
import { encodeFunctionData } from 'viem/utils';
import { big, bps, count, parseEther } from '../../lib/format';
import { useEpoch, useOperators } from '../../lib/league';
import { useRpc } from '../../lib/live';
import { STAKING } from '../../lib/modules';
import { HUB } from '../../lib/rpc';
import type { Delegation, Exposure, Hex, Operator } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Empty, field, Panel } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Ether, Text } from '../../ui/values';
import { Submit } from '../../wallet/submit';

/** The node previews at most so many operators that fail together. */
const MAX_TOGETHER = 8;
/** Conflicting finalize: the fault that costs most by default. */
const WORST_KIND = 1;

interface Preview {
  operatorId: number;
  name: string;
  amount: Hex;
  loss?: Hex;
}

/** "If A and B fail together, I lose X." */
function Risk({ of, operators }: { of: Hex; operators: { operatorId: number; name: string }[] }) {
  const [chosen, setChosen] = useState<number[]>(operators.slice(0, MAX_TOGETHER).map(({ operatorId }) => operatorId));
  const preview = useRpc<Preview[]>(HUB, 'hansa_previewSlash', [chosen, WORST_KIND, of], { enabled: chosen.length > 0 });
  const loss = (preview.data ?? []).reduce((sum, { loss: one }) => sum + big(one), 0n);
  const toggle = (id: number): void => setChosen((before) => (before.includes(id) ? before.filter((other) => other !== id) : [...before, id].slice(-MAX_TOGETHER)));
  return (
    <fieldset className="mt-3 rounded-md border border-line p-3">
      <legend className="px-1 text-xs text-muted">{t.stake.together}</legend>
      <div className="flex flex-wrap gap-3">
        {operators.map(({ operatorId, name }) => (
          <label key={operatorId} className="flex items-center gap-1.5">
            <input type="checkbox" checked={chosen.includes(operatorId)} onChange={() => toggle(operatorId)} /> <Text of={name} most={40} />
          </label>
        ))}
      </div>
      <p className="mt-2" aria-live="polite">
        {chosen.length === 0 ? t.stake.chooseSome : <>{t.stake.youLose} <strong><Ether of={loss} digits={6} /></strong></>}
      </p>
    </fieldset>
  );
}

const maxLoss = (operator: Operator): { conflictingNotarize: number; conflictingFinalize: number; nullifyAndFinalize: number } => ({
  conflictingNotarize: Math.max(operator.riskBps.conflictingNotarize, operator.nextRiskBps.conflictingNotarize),
  conflictingFinalize: Math.max(operator.riskBps.conflictingFinalize, operator.nextRiskBps.conflictingFinalize),
  nullifyAndFinalize: Math.max(operator.riskBps.nullifyAndFinalize, operator.nextRiskBps.nullifyAndFinalize),
});

function Change({ positions }: { positions: Delegation[] }) {
  const all = useOperators().data?.operators ?? [];
  const epoch = useEpoch().data;
  const open = all.filter(({ exited, slashedOut }) => !exited && !slashedOut);
  const [kind, setKind] = useState<'delegate' | 'undelegate'>('delegate');
  const choices = kind === 'delegate' ? open : all.filter(({ id }) => positions.some(({ operatorId, amount }) => operatorId === id && big(amount) > 0n));
  const [id, setId] = useState<number | null>(null);
  const operator = choices.find((of) => of.id === id) ?? choices[0];
  const [text, setText] = useState('');
  const amount = parseEther(text);
  const has = big(positions.find(({ operatorId }) => operatorId === operator?.id)?.amount);
  const tooMuch = kind === 'undelegate' && amount !== null && amount > has;
  const isRight = operator !== undefined && amount !== null && amount > 0n && !tooMuch;
  const intent = !isRight
    ? null
    : kind === 'delegate'
      ? { chain: HUB, to: STAKING.to, value: amount, data: encodeFunctionData({ abi: STAKING.abi, functionName: 'delegate', args: [BigInt(operator.id), maxLoss(operator)] }) }
      : { chain: HUB, to: STAKING.to, data: encodeFunctionData({ abi: STAKING.abi, functionName: 'undelegate', args: [BigInt(operator.id), amount] }) };
  return (
    <div className="mt-3 flex flex-col gap-3 rounded-md border border-line p-3">
      <div className="flex flex-wrap items-end gap-3">
        <label className="flex flex-col gap-0.5 text-xs text-muted">
          {t.stake.change}
          <select value={kind} onChange={(event) => setKind(event.target.value as 'delegate' | 'undelegate')} className={field}>
            <option value="delegate">{t.stake.delegate}</option>
            <option value="undelegate">{t.stake.undelegate}</option>
          </select>
        </label>
        <label className="flex flex-col gap-0.5 text-xs text-muted">
          {t.stake.operator}
          <select value={operator?.id ?? ''} onChange={(event) => setId(Number(event.target.value))} className={field}>
            {choices.map(({ id: of, name }) => (
              <option key={of} value={of}>
                {name.slice(0, 40)}
              </option>
            ))}
          </select>
        </label>
        <label className="flex flex-col gap-0.5 text-xs text-muted">
          {t.messages.amount}
          <input value={text} onChange={(event) => setText(event.target.value)} inputMode="decimal" placeholder="10" maxLength={32} className={`${field} w-28`} />
        </label>
      </div>
      {text && amount === null && <p role="alert" className="text-bad">{t.messages.noAmount}</p>}
      {tooMuch && <p role="alert" className="text-bad">{t.stake.tooMuch} <Ether of={has} digits={6} /></p>}
      <Submit
        key={`${kind}${operator?.id}${text}`}
        intent={intent}
        label={t.messages.look}
        says={
          operator && amount !== null ? (
            kind === 'delegate' ? (
              <>
                <Ether of={amount} digits={6} /> {t.stake.goesTo} <Text of={operator.name} most={40} />. {t.stake.signs(bps(Math.max(...Object.values(maxLoss(operator)))), bps(operator.commissionBps))}
              </>
            ) : (
              <>
                <Ether of={amount} digits={6} /> {t.stake.leaves} <Text of={operator.name} most={40} />. {t.stake.unbonds(count((epoch?.epoch ?? 0) + 1))}
              </>
            )
          ) : null
        }
      />
    </div>
  );
}

/** What can be taken out of a position, or put back into it. */
function Collect({ of }: { of: Delegation }) {
  const epoch = useEpoch().data?.epoch ?? 0;
  const call = (functionName: string) => ({ chain: HUB, to: STAKING.to, data: encodeFunctionData({ abi: STAKING.abi, functionName, args: [BigInt(of.operatorId)] }) });
  const rewards = big(of.rewards);
  const due = of.unbonding.filter(({ claimableAt, to }) => claimableAt <= epoch && to === null).reduce((sum, { amount }) => sum + big(amount), 0n);
  return (
    <div className="flex flex-wrap gap-2">
      {rewards > 0n && <Submit intent={call('claimRewards')} label={t.stake.claim} says={<>{t.stake.claimSays} <Ether of={rewards} digits={8} /></>} />}
      {rewards > 0n && <Submit intent={call('restake')} label={t.stake.restake} says={<><Ether of={rewards} digits={8} /> {t.stake.restakeSays}</>} />}
      {due > 0n && <Submit intent={call('withdraw')} label={t.stake.withdraw} says={<>{t.stake.withdrawSays} <Ether of={due} digits={8} /></>} />}
    </div>
  );
}

/** What an account has at stake; with `own`, what it can do about it. */
export function Positions({ of, own }: { of: Hex; own: boolean }) {
  const positions = useRpc<Delegation[]>(HUB, 'hansa_delegations', [of]);
  const exposure = useRpc<Exposure>(HUB, 'hansa_exposure', [of]);
  const all = positions.data ?? [];
  const worst = (id: number): bigint => big(exposure.data?.operators?.find(({ operatorId }) => operatorId === id)?.worstLoss);
  return (
    <Panel title={own ? t.stake.yours : t.stake.theirs} source={positions} level={3} flush>
      {all.length === 0 ? (
        <Empty next={own ? t.stake.noneYoursNext : undefined}>{t.stake.noneYours}</Empty>
      ) : (
        <Table label={t.stake.positions} head={[t.stake.operator, { right: t.stake.amount }, { right: t.stake.rewards }, { right: t.stake.worst }, t.stake.unbonding, { right: t.stake.limit }, '']}>
          {all.map((position) => (
            <tr key={position.operatorId}>
              <Cell>
                <Text of={position.name} most={40} />
              </Cell>
              <Cell right>
                <Ether of={big(position.amount)} />
              </Cell>
              <Cell right>
                <Ether of={big(position.rewards)} digits={8} /> {position.autoRestake && <Badge>{t.stake.auto}</Badge>}
              </Cell>
              <Cell right>
                <Ether of={worst(position.operatorId)} digits={6} />
              </Cell>
              <Cell>
                {position.unbonding.length === 0
                  ? '–'
                  : position.unbonding.map((part) => (
                      <span key={`${part.from}${part.until}${part.amount}`} className="block">
                        <Ether of={big(part.amount)} /> <span className="text-muted">{t.stake.claimable(count(part.claimableAt))}</span>
                      </span>
                    ))}
              </Cell>
              <Cell right>{bps(Math.max(position.maxLossBps.conflictingNotarize, position.maxLossBps.conflictingFinalize, position.maxLossBps.nullifyAndFinalize))}</Cell>
              <Cell>{own ? <Collect of={position} /> : null}</Cell>
            </tr>
          ))}
        </Table>
      )}
      <div className="px-3 pb-3">
        {all.length > 0 && <Risk of={of} operators={all} />}
        {own && <Change positions={all} />}
      </div>
    </Panel>
  );
}
