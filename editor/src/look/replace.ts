/** Decorations over what a pattern or the tree finds, rebuilt when text, viewport or cursor move. */
import { RangeSet, type EditorState, type Extension, type Range } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, type DecorationSet, type ViewUpdate } from "@codemirror/view";
import { syntaxTree } from "@codemirror/language";

export type Find = (view: EditorView, from: number, to: number) => readonly Range<Decoration>[];

/** Does a cursor or selection touch the range? There the Markdown itself is shown. */
export function touched(state: EditorState, from: number, to: number): boolean {
  return state.selection.ranges.some((range) => range.from <= to && range.to >= from);
}

/** The extension that shows what `find` finds in the visible text. */
export function decorate(find: Find, handlers: Readonly<Record<string, (event: Event, view: EditorView) => boolean>> = {}): Extension {
  class Finder {
    decorations: DecorationSet;
    #tree: unknown;

    constructor(view: EditorView) {
      this.#tree = syntaxTree(view.state);
      this.decorations = this.#build(view);
    }

    update(update: ViewUpdate): void {
      const tree = syntaxTree(update.state);
      const same = tree === this.#tree && !update.docChanged && !update.viewportChanged;
      if (same && !update.selectionSet && !update.focusChanged) return;
      this.#tree = tree;
      this.decorations = this.#build(update.view);
    }

    #build(view: EditorView): DecorationSet {
      const all: Range<Decoration>[] = [];
      for (const { from, to } of view.visibleRanges) all.push(...find(view, from, to));
      return RangeSet.of(all, true);
    }
  }
  return ViewPlugin.fromClass(Finder, {
    decorations: (finder) => finder.decorations,
    eventHandlers: handlers,
  });
}
