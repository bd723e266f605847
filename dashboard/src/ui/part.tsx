// A component whose code comes later (lib/parts.ts). While the node is away its place says so, and it comes by itself.
import { type ComponentType, type ReactNode, useEffect, useState } from 'react';
import { NotLoaded, Part } from '../lib/parts';
import { HUB } from '../lib/rpc';
import { useStream } from '../lib/stream';
import { t } from '../strings';
import { Button, Empty, Nothing, Waiting } from './basics';

/** What did not come is asked for again after this, and as soon as the node is back. */
const AGAIN_MS = 3_000;

/** What stands in the place of a part that is not there: of a whole page, of something in a panel, or nothing. */
type Stand = 'page' | 'panel' | 'nothing';

function Missing({ isNodeThere, as }: { isNodeThere: boolean; as: Stand }) {
  const [what, next] = isNodeThere ? [t.parts.gone, <Button key="r" onClick={() => location.reload()}>{t.parts.reload}</Button>] : [t.parts.away, t.parts.awayNext];
  return as === 'page' ? <Nothing title={t.parts.title} next={next}>{what}</Nothing> : <Empty next={next}>{what}</Empty>;
}

export function part<P extends object>(ask: () => Promise<{ default: ComponentType<P> }>, as: Stand = 'panel'): ComponentType<P> {
  const code = new Part(ask);
  return function Place(props: P): ReactNode {
    const { state } = useStream(HUB);
    const [isThere, setThere] = useState(code.loaded !== null);
    const [missing, setMissing] = useState<NotLoaded | null>(null);
    useEffect(() => {
      if (isThere) return;
      let isOver = false;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const look = async (): Promise<void> => {
        try {
          await code.load();
          if (!isOver) setThere(true);
        } catch (error) {
          if (isOver || !(error instanceof NotLoaded)) return;
          setMissing(error);
          // What the node does not have does not come any more.
          if (!error.isNodeThere) timer = setTimeout(() => void look(), AGAIN_MS);
        }
      };
      void look();
      return () => {
        isOver = true;
        clearTimeout(timer);
      };
    }, [isThere, state]);
    const Of = code.loaded?.default;
    if (Of) return <Of {...props} />;
    if (as === 'nothing') return null;
    return missing ? <Missing isNodeThere={missing.isNodeThere} as={as} /> : <Waiting />;
  };
}
