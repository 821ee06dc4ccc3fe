/** Where the words of a comment stand in the text: found by content, as the text moves. */

export interface Comment {
  readonly name: string;
  readonly text: string;
}

/** A thread of the draft's review, as the API gives it. */
export interface Thread {
  readonly id: string;
  readonly number: number;
  readonly page_path: string | null;
  readonly resolved: boolean;
  readonly quote: string | null;
  readonly suggestion: string | null;
  /** In code points of the committed text; `how` says what became of the words. */
  readonly place: { readonly start: number; readonly end: number; readonly how: string } | null;
  readonly comments: readonly Comment[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The words, nearest to where they stand in the committed text; null: they are not in this text. */
export function locate(text: string, thread: Thread): Span | null {
  const { quote, place } = thread;
  if (!quote?.trim() || !place) return null;
  const near = units(text, place.start);
  let best: Span | null = null;
  for (let at = text.indexOf(quote); at >= 0; at = text.indexOf(quote, at + 1)) {
    if (best !== null && Math.abs(best.from - near) <= Math.abs(at - near)) break;
    best = { from: at, to: at + quote.length };
  }
  return best;
}

/** The first thing that was said, in a line. */
export function summary(thread: Thread): string {
  const first = thread.comments[0];
  const said = (first?.text || (thread.suggestion === null ? "" : `suggests “${thread.suggestion}”`)).replace(/\s+/gu, " ").trim();
  const more = thread.comments.length - 1;
  const answers = more > 0 ? ` (${more} ${more === 1 ? "answer" : "answers"})` : "";
  return `${first?.name ?? "Somebody"}: ${said}${answers}`;
}

/** An offset in code points as one in UTF-16 units. */
function units(text: string, points: number): number {
  let at = 0;
  for (let left = points; left > 0 && at < text.length; left--) at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  return at;
}
