/** Arrow keys among the tabs of a tablist. */
export function tabKey(event: KeyboardEvent, i: number, n: number, set: (i: number) => void) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (by === undefined) return;
  const to = (i + by + n) % n;
  set(to);
  event.preventDefault();
  ((event.currentTarget as HTMLElement).parentElement?.children[to] as HTMLElement | undefined)?.focus();
}
