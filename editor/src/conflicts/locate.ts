/** Where a conflict's two versions stand in the text: found by content, as text moves. */

export interface Conflict {
  readonly id: string;
  readonly ours: { readonly text: string };
  readonly theirs: { readonly text: string };
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The first version stands directly above the second one; either may be empty. */
export interface Located {
  readonly conflict: Conflict;
  readonly first: Span;
  readonly second: Span;
}

export type Choice = "first" | "second" | "both";

/** Both versions, whole and one below the other, or null when someone has edited them since. */
export function locate(text: string, conflict: Conflict): Located | null {
  const first = trimmed(conflict.ours.text);
  const second = trimmed(conflict.theirs.text);
  const both = [first, second].filter((part) => part !== "").join("\n");
  if (both === "") return null;
  const at = wholeLines(text, both);
  if (at < 0) return null;
  const middle = at + first.length + (first && second ? 1 : 0);
  return {
    conflict,
    first: { from: at, to: at + first.length },
    second: { from: middle, to: middle + second.length },
  };
}

/** The edit that keeps what was chosen; null for both. */
export function resolution(text: string, located: Located, choice: Choice): Span | null {
  if (choice === "both") return null;
  const gone = choice === "first" ? located.second : located.first;
  if (gone.from === gone.to) return null;
  // One line break goes with the lines: the one after them, or at the end of the page the one before.
  if (text[gone.to] === "\n") return { from: gone.from, to: gone.to + 1 };
  return { from: Math.max(0, gone.from - 1), to: gone.to };
}

function trimmed(text: string): string {
  return text.replace(/\n+$/, "");
}

function wholeLines(text: string, wanted: string): number {
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const end = at + wanted.length;
    const begins = at === 0 || text[at - 1] === "\n";
    if (begins && (end === text.length || text[end] === "\n")) return at;
  }
  return -1;
}
