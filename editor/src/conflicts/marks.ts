/** Conflicts in the text: both versions marked, with three buttons above them. */
import { RangeSet, StateEffect, StateField, type EditorState, type Extension, type Range } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, type DecorationSet } from "@codemirror/view";
import { button, h } from "../ui/dom";
import { locate, resolution, type Choice, type Conflict, type Located } from "./locate";

const setConflicts = StateEffect.define<readonly Conflict[]>();

interface Marked {
  readonly conflicts: readonly Conflict[];
  readonly located: readonly Located[];
  readonly decorations: DecorationSet;
}

export type Resolve = (view: EditorView, located: Located, choice: Choice) => void;

class Bar extends WidgetType {
  constructor(private readonly located: Located, private readonly resolve: Resolve) {
    super();
  }

  override eq(other: Bar): boolean {
    return other.located.conflict.id === this.located.conflict.id &&
      other.located.first.from === this.located.first.from;
  }

  override toDOM(view: EditorView): HTMLElement {
    const choose = (label: string, choice: Choice): HTMLElement =>
      button(label, () => this.resolve(view, this.located, choice), { class: "small" });
    const words = h("span", {}, "Two people wrote different things here.");
    const buttons = view.state.readOnly ? [] : [
      choose("Keep first", "first"), choose("Keep second", "second"), choose("Keep both", "both"),
    ];
    return h("div", { class: "conflict-bar", role: "group", "aria-label": "Conflict" }, words, ...buttons);
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

class Label extends WidgetType {
  constructor(private readonly text: string) {
    super();
  }

  override eq(other: Label): boolean {
    return other.text === this.text;
  }

  override toDOM(): HTMLElement {
    return h("div", { class: "conflict-label" }, this.text);
  }
}

function build(state: EditorState, conflicts: readonly Conflict[], resolve: Resolve): Marked {
  const text = conflicts.length > 0 ? state.sliceDoc() : "";
  const located = conflicts.map((one) => locate(text, one)).filter((one) => one !== null);
  const ranges: Range<Decoration>[] = [];
  for (const one of located) {
    const bar = Decoration.widget({ widget: new Bar(one, resolve), block: true, side: -1 });
    ranges.push(bar.range(one.first.from));
    paint(state, one.first, "conflict-first", ranges);
    if (one.first.to > one.first.from && one.second.to > one.second.from) {
      const label = Decoration.widget({ widget: new Label("or"), block: true, side: -1 });
      ranges.push(label.range(one.second.from));
    }
    paint(state, one.second, "conflict-second", ranges);
  }
  return { conflicts, located, decorations: RangeSet.of(ranges, true) };
}

function paint(state: EditorState, span: { from: number; to: number }, name: string, into: Range<Decoration>[]): void {
  if (span.from === span.to) return;
  for (let at = span.from; at <= span.to; ) {
    const line = state.doc.lineAt(at);
    into.push(Decoration.line({ class: name }).range(line.from));
    at = line.to + 1;
  }
}

/** The extension, and how to set and read what it shows. */
export function conflictMarks(resolve: Resolve) {
  const field = StateField.define<Marked>({
    create: (state) => build(state, [], resolve),
    update(marked, transaction) {
      const set = transaction.effects.find((effect) => effect.is(setConflicts));
      if (set) return build(transaction.state, set.value as readonly Conflict[], resolve);
      if (!transaction.docChanged || marked.conflicts.length === 0) return marked;
      return build(transaction.state, marked.conflicts, resolve);
    },
    provide: (self) => EditorView.decorations.from(self, (marked) => marked.decorations),
  });
  return {
    extension: field as Extension,
    show: (view: EditorView, conflicts: readonly Conflict[]) =>
      view.dispatch({ effects: setConflicts.of(conflicts) }),
    located: (view: EditorView) => view.state.field(field).located,
  };
}

/** Keep what was chosen: an ordinary edit, which can be undone. */
export function keep(view: EditorView, located: Located, choice: Choice): void {
  const text = view.state.sliceDoc();
  const now = locate(text, located.conflict);
  const span = now && resolution(text, now, choice);
  if (span) view.dispatch({ changes: span, userEvent: "delete.conflict" });
}
