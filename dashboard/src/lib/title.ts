// The title of the window: the page's own, and the league's.
import { line } from './safe';

/** Longest part of it. */
const MOST = 80;

let now = { page: '', league: 'Hansa' };

export const titled = ({ page, league }: typeof now): string => [page, league].map((part) => line(part, MOST)).filter(Boolean).join(' · ');

export function entitle(change: Partial<typeof now>): void {
  now = { ...now, ...change };
  document.title = titled(now);
}
