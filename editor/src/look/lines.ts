/** A class on each line for what it belongs to: heading, code, quote, table, front matter. */
import { syntaxTree } from "@codemirror/language";
import { RangeSetBuilder, type EditorState, type Extension } from "@codemirror/state";
import { Decoration, ViewPlugin, type DecorationSet, type EditorView, type ViewUpdate } from "@codemirror/view";

const LINE_CLASSES: Readonly<Record<string, string>> = {
  ATXHeading1: "ln-h ln-h1", ATXHeading2: "ln-h ln-h2", ATXHeading3: "ln-h ln-h3",
  ATXHeading4: "ln-h ln-h4", ATXHeading5: "ln-h ln-h4", ATXHeading6: "ln-h ln-h4",
  SetextHeading1: "ln-h ln-h1", SetextHeading2: "ln-h ln-h2",
  FencedCode: "ln-code", CodeBlock: "ln-code", Blockquote: "ln-quote",
  Table: "ln-table", HTMLBlock: "ln-html", HorizontalRule: "ln-rule", Frontmatter: "ln-front",
};

/** The classes of the lines between two offsets, by the line's first offset. */
export function lineClasses(state: EditorState, from: number, to: number): Map<number, string> {
  const found = new Map<number, string>();
  syntaxTree(state).iterate({
    from,
    to,
    enter(node) {
      const name = LINE_CLASSES[node.name];
      if (!name) return;
      const end = Math.min(node.to, to);
      let line = state.doc.lineAt(Math.max(node.from, from));
      for (;;) {
        found.set(line.from, found.has(line.from) ? `${found.get(line.from)} ${name}` : name);
        if (line.to + 1 >= end || line.number === state.doc.lines) break;
        line = state.doc.line(line.number + 1);
      }
    },
  });
  return found;
}

function build(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const all = new Map<number, string>();
  for (const { from, to } of view.visibleRanges) {
    for (const [at, name] of lineClasses(view.state, from, to)) all.set(at, name);
  }
  for (const at of [...all.keys()].sort((a, b) => a - b)) {
    builder.add(at, at, Decoration.line({ class: all.get(at)! }));
  }
  return builder.finish();
}

class LineLook {
  decorations: DecorationSet;
  #tree: unknown;

  constructor(view: EditorView) {
    this.decorations = build(view);
    this.#tree = syntaxTree(view.state);
  }

  update(update: ViewUpdate): void {
    const tree = syntaxTree(update.state);
    if (!update.docChanged && !update.viewportChanged && tree === this.#tree) return;
    this.#tree = tree;
    this.decorations = build(update.view);
  }
}

export function lineLook(): Extension {
  return ViewPlugin.fromClass(LineLook, { decorations: (look) => look.decorations });
}
