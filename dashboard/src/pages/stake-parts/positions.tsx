import { useState } from 'react';
import { encodeFunctionData } from 'viem/utils';
import { FAULTS } from '../../lib/evidence';
import { big, bps, count, parseEther } from '../../lib/format';
import { useEpoch, useOperators } from '../../lib/league';
import { useAsk, useRpc } from '../../lib/live';
import { STAKING } from '../../lib/modules';
import { KINDS, type Preview, together } from '../../lib/risk';
import { all, HUB } from '../../lib/rpc';
import { quoted } from '../../lib/safe';
import type { Delegation, Exposure, Hex, Operator } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Empty, field, Labelled, Panel, Problem } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Chosen, Ether } from '../../ui/values';
import { Submit } from '../../wallet/submit';

/** The node previews at most so many operators that fail together. */
const MAX_TOGETHER = 8;
/** "If A and B fail together, I lose X." */
function Risk({ of, positions }: { of: Hex; positions: Delegation[] }) {
  const [chosen, setChosen] = useState<number[]>(positions.slice(0, MAX_TOGETHER).map(({ operatorId }) => operatorId));
  const epoch = useEpoch();
  const previews = useAsk<Preview[][]>(
    HUB,
    ['together', chosen, of],
    (signal) => all(HUB, KINDS.map((_, kind) => ['hansa_previewSlash', [chosen, kind, of]]), signal),
    // What counts changes with the epoch too.
    { enabled: chosen.length > 0, on: [STAKING.to] },
  );
  const toggle = (id: number): void => setChosen((before) => (before.includes(id) ? before.filter((other) => other !== id) : [...before, id].slice(-MAX_TOGETHER)));
  const found = previews.data && epoch.data && !previews.isError ? together(previews.data, positions.filter(({ operatorId }) => chosen.includes(operatorId)), epoch.data.epoch) : null;
  return (
    <fieldset className="mt-3 rounded-md border border-line p-3">
      <legend className="px-1 text-xs text-muted">{t.stake.together}</legend>
      <div className="flex flex-wrap gap-3">
        {positions.map(({ operatorId, name }) => (
          <label key={operatorId} className="flex items-center gap-1.5">
            <input type="checkbox" checked={chosen.includes(operatorId)} onChange={() => toggle(operatorId)} /> <Chosen of={name} />
          </label>
        ))}
      </div>
      <div className="mt-2" aria-live="polite">
        {chosen.length === 0 ? (
          t.stake.chooseSome
        ) : (
          <p>
            {t.stake.youLose} <strong>{found ? <Ether of={found.loss} digits={6} /> : '–'}</strong>
            {found && found.loss > 0n && <span className="text-muted"> ({FAULTS[found.kind]})</span>}
            {found?.soon && (
              <>
                . {t.stake.countsFrom(count(found.soon.epoch))} <strong><Ether of={found.soon.loss} digits={6} /></strong>
              </>
            )}
          </p>
        )}
        {chosen.length > 0 && previews.isError && <Problem error={previews.error} />}
      </div>
    </fieldset>
  );
}

/** What one slash takes of a position at most: now, and once all of it counts. */
function Worst({ of, now, epoch }: { of: Delegation; now: Hex | undefined; epoch: number | undefined }) {
  if (now === undefined || epoch === undefined) return <>–</>;
  const { loss, soon } = together(KINDS.map(() => [{ operatorId: of.operatorId, name: of.name, amount: of.amount, loss: now }]), [of], epoch);
  return (
    <>
      <Ether of={loss} digits={6} />
      {soon && (
        <span className="block text-xs text-muted">
          {t.stake.fromEpoch(count(soon.epoch))} <Ether of={soon.loss} digits={6} />
        </span>
      )}
    </>
  );
}

const maxLoss = (operator: Operator): { conflictingNotarize: number; conflictingFinalize: number; nullifyAndFinalize: number } => ({
  conflictingNotarize: Math.max(operator.riskBps.conflictingNotarize, operator.nextRiskBps.conflictingNotarize),
  conflictingFinalize: Math.max(operator.riskBps.conflictingFinalize, operator.nextRiskBps.conflictingFinalize),
  nullifyAndFinalize: Math.max(operator.riskBps.nullifyAndFinalize, operator.nextRiskBps.nullifyAndFinalize),
});

type Kind = 'delegate' | 'undelegate' | 'redelegate';

function Choose({ label, of, value, onChange }: { label: string; of: Operator[]; value: number | undefined; onChange: (id: number) => void }) {
  return (
    <Labelled label={label}>
      <select value={value ?? ''} onChange={(event) => onChange(Number(event.target.value))} className={field}>
        {of.map(({ id, name }) => (
          <option key={id} value={id}>
            {quoted(name, 40)}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

/** What is about to happen to the stake, before it is signed. */
function Says({ kind, amount, operator, target, epoch }: { kind: Kind; amount: bigint; operator: Operator; target: Operator | undefined; epoch: number }) {
  const taker = kind === 'redelegate' ? target : operator;
  const terms = taker && t.stake.signs(bps(Math.max(...Object.values(maxLoss(taker)))), bps(taker.commissionBps));
  return (
    <>
      <Ether of={amount} digits={6} /> {kind === 'delegate' ? t.stake.goesTo : t.stake.leaves} <Chosen of={operator.name} />
      {kind === 'redelegate' && target && (
        <>
          {' '}
          {t.stake.andGoesTo} <Chosen of={target.name} />
        </>
      )}
      . {kind !== 'delegate' && t.stake.unbonds(count(epoch + 1))} {kind === 'redelegate' && t.stake.moves} {kind !== 'undelegate' && terms}
    </>
  );
}

function Change({ positions }: { positions: Delegation[] }) {
  const all = useOperators().data?.operators ?? [];
  const epoch = useEpoch().data;
  const open = all.filter(({ exited, slashedOut }) => !exited && !slashedOut);
  const [kind, setKind] = useState<Kind>('delegate');
  const choices = kind === 'delegate' ? open : all.filter(({ id }) => positions.some(({ operatorId, amount }) => operatorId === id && big(amount) > 0n));
  const [id, setId] = useState<number | null>(null);
  const [targetId, setTargetId] = useState<number | null>(null);
  const operator = choices.find((of) => of.id === id) ?? choices[0];
  const targets = open.filter((of) => of.id !== operator?.id);
  const target = targets.find((of) => of.id === targetId) ?? targets[0];
  const [text, setText] = useState('');
  const amount = parseEther(text);
  const has = big(positions.find(({ operatorId }) => operatorId === operator?.id)?.amount);
  const tooMuch = kind !== 'delegate' && amount !== null && amount > has;
  const isRight = operator !== undefined && amount !== null && amount > 0n && !tooMuch && (kind !== 'redelegate' || target !== undefined);
  const call = (functionName: string, args: unknown[], value?: bigint) => ({ chain: HUB, to: STAKING.to, data: encodeFunctionData({ abi: STAKING.abi, functionName, args }), ...(value ? { value } : {}) });
  const intent = !isRight
    ? null
    : kind === 'delegate'
      ? call('delegate', [BigInt(operator.id), maxLoss(operator)], amount)
      : kind === 'undelegate'
        ? call('undelegate', [BigInt(operator.id), amount])
        : call('redelegate', [BigInt(operator.id), BigInt((target as Operator).id), amount, maxLoss(target as Operator)]);
  return (
    <div className="mt-3 flex flex-col gap-3 rounded-md border border-line p-3">
      <div className="flex flex-wrap items-end gap-3">
        <Labelled label={t.stake.change}>
          <select value={kind} onChange={(event) => setKind(event.target.value as Kind)} className={field}>
            <option value="delegate">{t.stake.delegate}</option>
            <option value="undelegate">{t.stake.undelegate}</option>
            <option value="redelegate">{t.stake.redelegate}</option>
          </select>
        </Labelled>
        <Choose label={kind === 'delegate' ? t.stake.operator : t.common.from} of={choices} value={operator?.id} onChange={setId} />
        {kind === 'redelegate' && <Choose label={t.common.to} of={targets} value={target?.id} onChange={setTargetId} />}
        <Labelled label={t.messages.amount}>
          <input value={text} onChange={(event) => setText(event.target.value)} inputMode="decimal" placeholder="10" maxLength={32} className={`${field} w-28`} />
        </Labelled>
      </div>
      {choices.length === 0 && <p className="text-muted">{t.stake.nothingThere}</p>}
      {text && amount === null && <p role="alert" className="text-bad">{t.messages.noAmount}</p>}
      {tooMuch && <p role="alert" className="text-bad">{t.stake.tooMuch} <Ether of={has} digits={6} /></p>}
      <Submit
        key={`${kind}${operator?.id}${target?.id}${text}`}
        intent={intent}
        label={t.messages.look}
        says={operator && amount !== null ? <Says kind={kind} amount={amount} operator={operator} target={target} epoch={epoch?.epoch ?? 0} /> : null}
      />
    </div>
  );
}

/** What can be taken out of a position, or put back into it. */
function Collect({ of, whose }: { of: Delegation; whose: Hex }) {
  const epoch = useEpoch().data?.epoch ?? 0;
  const call = (functionName: string, ...more: unknown[]) => ({ chain: HUB, to: STAKING.to, data: encodeFunctionData({ abi: STAKING.abi, functionName, args: [BigInt(of.operatorId), ...more] }) });
  const rewards = big(of.rewards);
  const due = of.unbonding.filter(({ claimableAt, to }) => claimableAt <= epoch && to === null).reduce((sum, { amount }) => sum + big(amount), 0n);
  const moved = of.unbonding.filter(({ claimableAt, to }) => claimableAt <= epoch && to !== null).reduce((sum, { amount }) => sum + big(amount), 0n);
  return (
    <div className="flex flex-wrap gap-2">
      {moved > 0n && <Submit intent={call('completeRedelegation', whose)} label={t.stake.complete} says={<><Ether of={moved} digits={8} /> {t.stake.completeSays}</>} />}
      {rewards > 0n && <Submit intent={call('claimRewards')} label={t.stake.claim} says={<>{t.stake.claimSays} <Ether of={rewards} digits={8} /></>} />}
      {rewards > 0n && <Submit intent={call('restake')} label={t.stake.restake} says={<><Ether of={rewards} digits={8} /> {t.stake.restakeSays}</>} />}
      {due > 0n && <Submit intent={call('withdraw')} label={t.stake.withdraw} says={<>{t.stake.withdrawSays} <Ether of={due} digits={8} /></>} />}
    </div>
  );
}

/** What an account has at stake; with `own`, what it can do about it. */
export function Positions({ of, own }: { of: Hex; own: boolean }) {
  const positions = useRpc<Delegation[]>(HUB, 'hansa_delegations', [of], { on: [STAKING.to] });
  const exposure = useRpc<Exposure>(HUB, 'hansa_exposure', [of], { on: [STAKING.to] });
  const operators = useOperators().data?.operators ?? [];
  const nameOf = (id: number): string => {
    const found = operators.find((of) => of.id === id);
    return found ? quoted(found.name, 40) : `#${id}`;
  };
  const held = positions.data ?? [];
  const epoch = useEpoch().data?.epoch;
  const worst = (id: number): Hex | undefined => (exposure.isError ? undefined : exposure.data?.operators?.find(({ operatorId }) => operatorId === id)?.worstLoss);
  return (
    <Panel title={own ? t.stake.yours : t.stake.theirs} source={positions} level={3} flush>
      {held.length === 0 ? (
        <Empty next={own ? t.stake.noneYoursNext : undefined}>{t.stake.noneYours}</Empty>
      ) : (
        <Table label={t.stake.positions} head={[t.stake.operator, { right: t.stake.amount }, { right: t.stake.rewards }, { right: t.stake.worst }, t.stake.unbonding, { right: t.stake.limit }, '']}>
          {held.map((position) => (
            <tr key={position.operatorId}>
              <Cell>
                <Chosen of={position.name} />
              </Cell>
              <Cell right>
                <Ether of={big(position.amount)} />
              </Cell>
              <Cell right>
                <Ether of={big(position.rewards)} digits={8} /> {position.autoRestake && <Badge>{t.stake.auto}</Badge>}
              </Cell>
              <Cell right>
                <Worst of={position} now={worst(position.operatorId)} epoch={epoch} />
              </Cell>
              <Cell>
                {position.unbonding.length === 0
                  ? '–'
                  : position.unbonding.map((part) => (
                      <span key={`${part.from}${part.until}${part.amount}`} className="block">
                        <Ether of={big(part.amount)} /> <span className="text-muted">{part.to === null ? t.stake.claimable(count(part.claimableAt)) : t.stake.movesTo(nameOf(part.to), count(part.claimableAt))}</span>
                      </span>
                    ))}
              </Cell>
              <Cell right>{bps(Math.max(position.maxLossBps.conflictingNotarize, position.maxLossBps.conflictingFinalize, position.maxLossBps.nullifyAndFinalize))}</Cell>
              <Cell>{own ? <Collect of={position} whose={of} /> : null}</Cell>
            </tr>
          ))}
        </Table>
      )}
      <div className="px-3 pb-3">
        {held.length > 0 && exposure.isError && <Problem error={exposure.error} />}
        {held.length > 0 && <Risk of={of} positions={held} />}
        {own && <Change positions={held} />}
      </div>
    </Panel>
  );
}
