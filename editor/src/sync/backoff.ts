/** How long to wait before the next try to connect. */

export const FIRST_MILLISECONDS = 500;
export const LONGEST_MILLISECONDS = 5_000;
/** For refusals that only a person can cure (signed out, not allowed). */
export const HOPELESS_MILLISECONDS = 4_000;

/** Doubling from half a second to five; `spread` in 0…1 adds up to a fifth, so tabs don't march in step. */
export function delay(failures: number, hopeless: boolean, spread = Math.random()): number {
  if (hopeless) return HOPELESS_MILLISECONDS;
  const doubled = FIRST_MILLISECONDS * 2 ** Math.min(failures, 10);
  return Math.round(Math.min(doubled, LONGEST_MILLISECONDS) * (1 + spread / 5));
}
