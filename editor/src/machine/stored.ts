/** Has the server stored what is here? Answered from heads, never from a flag. */

/** The local document, as far as this question needs it. */
export interface Known {
  heads(): readonly string[];
  has(head: string): boolean;
  /** How many changes there are that are not in the history of `heads` (all of them known). */
  countSince(heads: readonly string[]): number;
}

/**
 * What is known to be stored after the server told its stored heads. When all of them are known here
 * they are the whole truth (the server may also have lost something). An unknown one is what others
 * did and has not arrived yet: it hides how much of ours is below it, so what was known stays known.
 */
export function confirmed(
  local: Known,
  before: readonly string[] | null,
  told: readonly string[],
): readonly string[] {
  const known = told.filter((head) => local.has(head));
  if (known.length === told.length) return known;
  return [...new Set([...(before ?? []), ...known])];
}

/** How many local changes are not below the `stored` heads; null: nothing is known to be stored. */
export function notStored(local: Known, stored: readonly string[] | null): number {
  const known = (stored ?? []).filter((head) => local.has(head));
  if (sameSet(known, local.heads())) return 0;
  return local.countSince(known);
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((head) => other.includes(head));
}
