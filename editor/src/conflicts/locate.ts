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

/** Both versions, one below the other, of which one may have been typed on in since; or null when they
 * stand there no longer. */
export function locate(text: string, conflict: Conflict): Located | null {
  const first = trimmed(conflict.ours.text);
  const second = trimmed(conflict.theirs.text);
  const both = [first, second].filter((part) => part !== "").join("\n");
  if (both === "") return null;
  const at = wholeLines(text, both);
  if (at >= 0) {
    const middle = at + first.length + (first && second ? 1 : 0);
    return {
      conflict,
      first: { from: at, to: at + first.length },
      second: { from: middle, to: middle + second.length },
    };
  }
  return first === "" || second === "" ? null : typedOn(text, first, second, conflict);
}

/** One version is whole, and the lines beside it still are, by most of its words, the other one. */
function typedOn(text: string, first: string, second: string, conflict: Conflict): Located | null {
  for (let at = wholeLines(text, second); at >= 0; at = wholeLines(text, second, at + 1)) {
    let from = at;
    for (let lines = count(first); lines > 0 && from > 0; lines--) from = lineStart(text, from - 1);
    const above = { from, to: Math.max(from, at - 1) };
    if (alike(text.slice(above.from, above.to), first))
      return { conflict, first: above, second: { from: at, to: at + second.length } };
  }
  for (let at = wholeLines(text, first); at >= 0; at = wholeLines(text, first, at + 1)) {
    const from = Math.min(text.length, at + first.length + 1);
    let to = from - 1;
    for (let lines = count(second); lines > 0 && to < text.length; lines--) to = lineEnd(text, to + 1);
    const below = { from, to: Math.max(from, to) };
    if (alike(text.slice(below.from, below.to), second))
      return { conflict, first: { from: at, to: at + first.length }, second: below };
  }
  return null;
}

/** Whether at least half of the words that were recorded are there. */
function alike(now: string, recorded: string): boolean {
  const wanted = words(recorded);
  const there = new Set(words(now));
  return wanted.length > 0 && 2 * wanted.filter((word) => there.has(word)).length >= wanted.length;
}

function words(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+/gu) ?? [];
}

function count(text: string): number {
  return text.split("\n").length;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
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

function wholeLines(text: string, wanted: string, after = 0): number {
  for (let at = text.indexOf(wanted, after); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const end = at + wanted.length;
    const begins = at === 0 || text[at - 1] === "\n";
    if (begins && (end === text.length || text[end] === "\n")) return at;
  }
  return -1;
}
