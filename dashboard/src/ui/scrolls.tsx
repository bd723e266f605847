// What scrolls sideways by itself where it does not fit; the keyboard can do so too. While there is more to the right, it is seen.
import { type ReactNode, useEffect, useRef, useState } from 'react';

/** Less than this is a rounding of sizes, px. */
const SLACK = 2;

export function Scrolls({ label, children, className = '' }: { label: string; children: ReactNode; className?: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [isMore, setMore] = useState(false);
  const look = (): void => {
    const { scrollWidth = 0, scrollLeft = 0, clientWidth = 0 } = box.current ?? {};
    setMore(scrollWidth - scrollLeft - clientWidth > SLACK);
  };
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const sized = new ResizeObserver(look);
    for (const of of [element, ...element.children]) sized.observe(of);
    return () => sized.disconnect();
  }, []);
  return (
    <div className="relative min-w-0">
      <div ref={box} onScroll={look} className={`overflow-x-auto ${className}`} tabIndex={0} role="region" aria-label={label}>
        {children}
      </div>
      {isMore && (
        <span aria-hidden="true" data-more="" className="more">
          ›
        </span>
      )}
    </div>
  );
}
