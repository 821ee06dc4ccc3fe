/** Where the words looked for stand: how many places, and which of them is selected. */
import type { SearchQuery } from "@codemirror/search";
import type { EditorState } from "@codemirror/state";

export interface Matches {
  readonly count: number;
  /** Which of them is selected, from 1; 0: none. */
  readonly current: number;
  /** There are more than were counted. */
  readonly more: boolean;
}

/** More are not counted: nobody reads the number, and a letter stands everywhere. */
export const MOST_COUNTED = 1_000;

/** Count the places of a query. */
export function matches(state: EditorState, query: SearchQuery): Matches {
  let [count, current] = [0, 0];
  if (!query.valid || !query.search) return { count, current, more: false };
  const { from, to } = state.selection.main;
  const cursor = query.getCursor(state);
  for (let step = cursor.next(); !step.done; step = cursor.next()) {
    if (count === MOST_COUNTED) return { count, current, more: true };
    count += 1;
    if (step.value.from === from && step.value.to === to) current = count;
  }
  return { count, current, more: false };
}

/** The count in words: `3 of 12`, `12 found`, `1,000+ found`, `Nothing found`. */
export function found({ count, current, more }: Matches): string {
  if (count === 0) return "Nothing found";
  const all = `${count.toLocaleString("en")}${more ? "+" : ""}`;
  return current > 0 ? `${current.toLocaleString("en")} of ${all}` : `${all} found`;
}
