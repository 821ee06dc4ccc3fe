/** The words that people commented on, marked in the text. */
import { RangeSet, StateEffect, StateField, type Extension, type Range } from "@codemirror/state";
import { Decoration, EditorView, type DecorationSet } from "@codemirror/view";
import { locate, summary, type Span, type Thread } from "./locate";

const setThreads = StateEffect.define<readonly Thread[]>();

/** Marks go along with what is typed; who types between the words types into the mark. */
const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects)
      if (effect.is(setThreads)) return build(transaction.state.sliceDoc(), effect.value);
    return marks.map(transaction.changes);
  },
  provide: (self) => EditorView.decorations.from(self),
});

function build(text: string, threads: readonly Thread[]): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  for (const thread of threads) {
    const span = locate(text, thread);
    if (!span) continue;
    const attributes = { title: `${thread.number} · ${summary(thread)}`, "data-thread": thread.id };
    ranges.push(Decoration.mark({ class: "comment-mark", attributes, thread: thread.id }).range(span.from, span.to));
  }
  return RangeSet.of(ranges, true);
}

export const commentMarks: Extension = field;

/** Mark these threads' words. */
export function showThreads(view: EditorView, threads: readonly Thread[]): void {
  view.dispatch({ effects: setThreads.of(threads) });
}

/** Where a thread's words are now; null: nowhere in the text. */
export function placeOf(view: EditorView, id: string): Span | null {
  let found: Span | null = null;
  view.state.field(field).between(0, view.state.doc.length, (from, to, mark) => {
    if (mark.spec["thread"] !== id) return;
    found = { from, to };
  });
  return found;
}
