import { useState } from 'react';
import { encodeFunctionData } from 'viem/utils';
import { count } from '../../lib/format';
import { useMembers } from '../../lib/league';
import { EXCHANGE } from '../../lib/modules';
import { indicator, MAX_FILE_BYTES, type Read, readFile } from '../../lib/publish';
import { to } from '../../lib/route';
import { HUB } from '../../lib/rpc';
import { useWallet } from '../../lib/wallet';
import { t } from '../../strings';
import { field, Panel, Title } from '../../ui/basics';
import { Text } from '../../ui/values';
import { Submit } from '../../wallet/submit';
import { Tabs } from '../exchange';

/** What is listed of a file. */
const LISTED = 20;

function Outcome({ of, unmarked }: { of: Read; unmarked: 0 | 1 }) {
  const { address } = useWallet();
  const member = (useMembers().data ?? []).find(({ account }) => account.toLowerCase() === address?.toLowerCase());
  const [done, setDone] = useState(false);
  const args = [of.entries.map(({ uuid, objectType, version, tlp, content }) => ({ uuid, objectType, version, tlp, content }))];
  const intent = of.entries.length > 0 ? { chain: HUB, to: EXCHANGE.to, data: encodeFunctionData({ abi: EXCHANGE.abi, functionName: 'publish', args }) } : null;
  return (
    <div className="mt-3 flex flex-col gap-2">
      <p>{t.publish.found(count(of.entries.length), count(of.refused.length))}</p>
      <ul className="text-sm">
        {of.entries.slice(0, LISTED).map(({ id }) => (
          <li key={id}>{done ? <a href={to('exchange', 'object', id)}>{id}</a> : <Text of={id} />}</li>
        ))}
        {of.refused.slice(0, LISTED).map(({ id, why }, index) => (
          <li key={index} className="text-warn">
            <Text of={id} most={100} />: {why}
          </li>
        ))}
      </ul>
      {address && !member && <p className="text-warn">{t.publish.notMember}</p>}
      {intent && <Submit intent={intent} label={t.messages.look} says={t.publish.says(count(of.entries.length), unmarked === 0 ? 'CLEAR' : 'GREEN')} onDone={() => setDone(true)} />}
    </div>
  );
}

function FromForm({ tlp }: { tlp: 0 | 1 }) {
  const [address, setAddress] = useState('');
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  // One id and one time for as long as the form says the same.
  const [made, setMade] = useState<{ key: string; read: Read } | null>(null);
  const key = JSON.stringify([address, name, description, tlp]);
  const isRight = /^0x[0-9a-fA-F]{40}$/.test(address.trim()) && name.trim().length > 0;
  const make = (): void => {
    const now = Date.now();
    const object = indicator({ address: address.trim().toLowerCase(), name: name.trim(), description: description.trim(), tlp }, crypto.randomUUID(), now - 2_000);
    setMade({ key, read: readFile(JSON.stringify(object), tlp, now) });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        make();
      }}
      className="flex flex-col gap-2"
    >
      <label className="flex flex-col gap-0.5 text-xs text-muted">
        {t.publish.address}
        <input value={address} onChange={(event) => setAddress(event.target.value)} placeholder="0x…" maxLength={42} className={`${field} font-mono`} />
      </label>
      <label className="flex flex-col gap-0.5 text-xs text-muted">
        {t.publish.name}
        <input value={name} onChange={(event) => setName(event.target.value)} maxLength={120} className={field} />
      </label>
      <label className="flex flex-col gap-0.5 text-xs text-muted">
        {t.publish.description}
        <textarea value={description} onChange={(event) => setDescription(event.target.value)} rows={3} maxLength={4_000} className={field} />
      </label>
      <div>
        <button type="submit" disabled={!isRight} className="rounded-md border border-line bg-raised px-2.5 py-1 font-medium hover:border-accent disabled:opacity-50">
          {t.publish.make}
        </button>
      </div>
      {made?.key === key && <Outcome of={made.read} unmarked={tlp} />}
    </form>
  );
}

function FromFile({ tlp }: { tlp: 0 | 1 }) {
  const [read, setRead] = useState<Read | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const take = async (file: File | undefined): Promise<void> => {
    setRead(null);
    setWrong(null);
    if (!file) return;
    try {
      if (file.size > MAX_FILE_BYTES) throw new Error(t.publish.tooLarge(count(MAX_FILE_BYTES / 1_000_000)));
      setRead(readFile(await file.text(), tlp, Date.now()));
    } catch (error) {
      setWrong((error as Error).message);
    }
  };
  return (
    <>
      <label className="flex flex-col gap-1 text-xs text-muted">
        {t.publish.file}
        <input type="file" accept=".json,application/json" onChange={(event) => void take(event.target.files?.[0])} className="text-sm text-ink file:mr-2 file:rounded-md file:border file:border-line file:bg-raised file:px-2.5 file:py-1 file:font-medium" />
      </label>
      {wrong && (
        <p role="alert" className="mt-2 text-bad">
          {wrong}
        </p>
      )}
      {read && <Outcome of={read} unmarked={tlp} />}
    </>
  );
}

export function PublishPage() {
  const [tlp, setTlp] = useState<0 | 1>(1);
  return (
    <>
      <Title aside={<Tabs at="publish" />}>{t.publish.title}</Title>
      <p className="mb-3 max-w-[80ch] text-muted">{t.publish.what}</p>
      <label className="mb-3 flex items-center gap-2">
        <span className="text-muted">{t.publish.tlp}</span>
        <select value={tlp} onChange={(event) => setTlp(Number(event.target.value) as 0 | 1)} className={field}>
          <option value={0}>TLP:CLEAR</option>
          <option value={1}>TLP:GREEN</option>
        </select>
      </label>
      <div className="grid items-start gap-3 lg:grid-cols-2">
        <Panel title={t.publish.form}>
          <FromForm tlp={tlp} />
        </Panel>
        <Panel title={t.publish.fromFile}>
          <FromFile key={tlp} tlp={tlp} />
        </Panel>
      </div>
    </>
  );
}
