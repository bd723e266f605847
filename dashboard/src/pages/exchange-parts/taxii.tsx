import { useState } from 'react';
import { count } from '../../lib/format';
import { address, type Collection, DISCOVERY, type Holding, type Login, type Server, useHoldings, useLogin, useServer } from '../../lib/taxii';
import { t } from '../../strings';
import { Button, Copy, Facts, field, Labelled, Panel, Problem } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Ago, Text } from '../../ui/values';

function Place({ of, what }: { of: string; what: string }) {
  return (
    <span className="inline-flex max-w-full items-baseline gap-1">
      <code className="text-xs break-all">{of}</code> <Copy text={of} what={what} />
    </span>
  );
}

function SignIn({ wrong, onLogin }: { wrong: boolean; onLogin: (login: Login) => void }) {
  const [member, setMember] = useState('');
  const [password, setPassword] = useState('');
  return (
    <form
      className="flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (member && password) onLogin({ member, password });
      }}
    >
      <p className="max-w-[80ch]">{t.taxii.closed}</p>
      <Facts rows={[[t.taxii.discovery, <Place key="d" of={new URL(DISCOVERY, location.origin).href} what={t.common.address} />]]} />
      <div className="flex flex-wrap items-end gap-3">
        <Labelled label={t.taxii.member}>
          <input value={member} onChange={(event) => setMember(event.target.value)} autoComplete="username" maxLength={64} className={field} />
        </Labelled>
        <Labelled label={t.taxii.password}>
          <input type="password" value={password} onChange={(event) => setPassword(event.target.value)} autoComplete="current-password" maxLength={200} className={field} />
        </Labelled>
        <Button type="submit" disabled={!member || !password}>
          {t.taxii.signIn}
        </Button>
      </div>
      {wrong && (
        <p role="alert" className="text-bad">
          {t.taxii.wrong}
        </p>
      )}
    </form>
  );
}

function Row({ server, of, holds }: { server: Server; of: Collection; holds: Holding | undefined }) {
  const lastMs = Date.parse(holds?.last ?? '');
  return (
    <tr>
      <Cell wide>
        <Text of={of.title} most={80} />
        <span className="block text-xs text-muted">
          <Text of={of.description} most={160} />
        </span>
      </Cell>
      <Cell right>{holds ? (holds.more ? t.taxii.atLeast(count(holds.objects.size)) : count(holds.objects.size)) : '…'}</Cell>
      <Cell>{holds ? Number.isFinite(lastMs) ? <Ago ms={lastMs} /> : t.taxii.never : '…'}</Cell>
      <Cell wide>
        <Place of={address(server, of)} what={t.common.address} />
      </Cell>
    </tr>
  );
}

/** The collections that other tools read, and where. */
export function Taxii() {
  const [login, setLogin] = useLogin();
  const found = useServer(login);
  const holdings = useHoldings(found.data, login);
  const server = found.data;
  return (
    <Panel title={t.taxii.title} source={found} aside={server && <Text of={server.title} most={60} />} className="mt-3" flush={Boolean(server)}>
      {server === null && <SignIn wrong={login !== null} onLogin={setLogin} />}
      {server && (
        <>
          <div className="border-b border-line p-3">
            <p className="mb-2 max-w-[80ch] text-muted">{t.taxii.what}</p>
            <Facts
              rows={[
                [t.taxii.discovery, <Place key="d" of={server.discovery} what={t.common.address} />],
                [t.taxii.root, <Place key="r" of={server.root} what={t.common.address} />],
              ]}
            />
          </div>
          {holdings.isError && <Problem error={holdings.error} />}
          <Table label={t.taxii.title} head={[t.taxii.collection, { right: t.exchange.objects }, t.taxii.last, t.taxii.address]}>
            {server.collections.map((of) => (
              <Row key={of.id} server={server} of={of} holds={holdings.data?.[of.id]} />
            ))}
          </Table>
        </>
      )}
    </Panel>
  );
}
