/** What may not enter a page's text: carriage returns, NUL, halves of surrogate pairs. */
import { EditorState, type Extension, type TransactionSpec } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { isHigh, isLow } from "../binding/splices";
import { remote } from "../binding/plugin";

/** The text with LF only, no NUL, and U+FFFD for each half of a pair that stands alone. */
export function clean(text: string): string {
  return text.replace(/\r\n?/g, "\n").replaceAll("\0", "").toWellFormed();
}

/** Is `position` between the two halves of a pair? */
export function insidePair(text: string, position: number): boolean {
  return (
    position > 0 && isHigh(text.charCodeAt(position - 1)) && isLow(text.charCodeAt(position))
  );
}

/** The edits again, clean and never cutting a pair in two; null when they already are. */
function mended(state: EditorState, changes: TransactionSpec["changes"]): TransactionSpec["changes"] | null {
  const set = state.changes(changes);
  const edits: { from: number; to: number; insert: string }[] = [];
  let bad = false;
  set.iterChanges((fromA, toA, _fromB, _toB, inserted) => {
    const given = inserted.sliceString(0);
    const around = state.sliceDoc(Math.max(0, fromA - 1), toA + 1);
    const cutsFrom = insidePair(around, Math.min(1, fromA));
    const cutsTo = insidePair(around, Math.min(1, fromA) + (toA - fromA));
    const insert = clean(given);
    bad ||= insert !== given || cutsFrom || cutsTo;
    edits.push({ from: cutsFrom ? fromA - 1 : fromA, to: cutsTo ? toA + 1 : toA, insert });
  });
  return bad ? edits : null;
}

/** Keeps the text clean, whatever way an edit comes in. */
export function cleanText(): Extension {
  return [
    // Only LF ends a line, so that an offset here is an offset in the document.
    EditorState.lineSeparator.of("\n"),
    EditorView.clipboardInputFilter.of(clean),
    EditorState.transactionFilter.of((transaction) => {
      if (!transaction.docChanged || transaction.annotation(remote)) return transaction;
      const edits = mended(transaction.startState, transaction.changes);
      return edits ? { changes: edits, scrollIntoView: true } : transaction;
    }),
  ];
}
