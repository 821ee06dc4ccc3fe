/**
 * A bound on nesting. What walks the syntax tree calls itself once a level, and the browser's stack ends
 * somewhere: five thousand `>` in one line must not take the page's look away.
 */
import type { BlockContext, InlineContext, Line, MarkdownConfig } from "@lezer/markdown";

/** Quotes and lists inside each other; deeper ones are plain text. */
export const MOST_BLOCKS = 100;
/** Marks that may open something in one paragraph; more are plain text. */
export const MOST_MARKS = 1_000;

const OPENING = new Set([..."*_~[!"].map((letter) => letter.charCodeAt(0)));
const counts = new WeakMap<InlineContext, number>();

function deepBlock(cx: BlockContext, line: Line): boolean {
  if (cx.depth < MOST_BLOCKS) return false;
  const from = cx.lineStart + line.pos;
  const to = cx.lineStart + line.text.length;
  if (to <= from) return false;
  cx.addElement(cx.elt("Paragraph", from, to));
  cx.nextLine();
  return true;
}

function manyMarks(cx: InlineContext, next: number, position: number): number {
  if (!OPENING.has(next)) return -1;
  const count = (counts.get(cx) ?? 0) + 1;
  counts.set(cx, count);
  return count > MOST_MARKS ? position + 1 : -1;
}

/** For the Markdown parser. */
export const bounded: MarkdownConfig = {
  parseBlock: [{ name: "DeepBlock", parse: deepBlock, before: "IndentedCode" }],
  parseInline: [{ name: "ManyMarks", parse: manyMarks, before: "Escape" }],
};
