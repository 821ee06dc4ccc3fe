/** `[ ]` and `[x]` as boxes to tick, where the cursor is not. */
import { syntaxTree } from "@codemirror/language";
import type { EditorState, Extension, Range, TransactionSpec } from "@codemirror/state";
import { Decoration, WidgetType, type EditorView } from "@codemirror/view";
import { decorate, touched } from "./replace";

/** The edit that ticks or unticks the box at `position`, or null when there is none. */
export function toggleTask(state: EditorState, position: number): TransactionSpec | null {
  const found = /\[[ xX]\]/.exec(state.sliceDoc(position, position + 3));
  if (!found) return null;
  const done = found[0] !== "[ ]";
  const changes = { from: position + 1, to: position + 2, insert: done ? " " : "x" };
  return { changes, userEvent: "input.task" };
}

class Box extends WidgetType {
  constructor(private readonly done: boolean, private readonly label: string) {
    super();
  }

  override eq(other: Box): boolean {
    return other.done === this.done && other.label === this.label;
  }

  override toDOM(view: EditorView): HTMLElement {
    const box = document.createElement("input");
    box.type = "checkbox";
    box.className = "task-box";
    box.checked = this.done;
    box.disabled = view.state.readOnly;
    box.setAttribute("aria-label", this.label);
    return box;
  }

  override ignoreEvent(): boolean {
    return false;
  }
}

function find(view: EditorView, from: number, to: number): Range<Decoration>[] {
  const found: Range<Decoration>[] = [];
  syntaxTree(view.state).iterate({
    from,
    to,
    enter(node) {
      if (node.name !== "TaskMarker" || touched(view.state, node.from, node.to)) return;
      const done = view.state.sliceDoc(node.from, node.to) !== "[ ]";
      const line = view.state.doc.lineAt(node.from);
      const label = view.state.sliceDoc(node.to, line.to).trim() || "Task";
      found.push(Decoration.replace({ widget: new Box(done, label) }).range(node.from, node.to));
    },
  });
  return found;
}

function onClick(event: Event, view: EditorView): boolean {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !box.classList.contains("task-box")) return false;
  event.preventDefault();
  const edit = view.state.readOnly ? null : toggleTask(view.state, view.posAtDOM(box));
  if (edit) view.dispatch(edit);
  return true;
}

export function taskBoxes(): Extension {
  return decorate(find, { mousedown: onClick });
}
