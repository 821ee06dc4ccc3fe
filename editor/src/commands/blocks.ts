/** What begins a line: headings, lists, tasks, quotes; and how deep a list item stands. */
import type { ChangeSpec, EditorState, Line, StateCommand } from "@codemirror/state";

const LIST = /^(\s*)(?:([-*+])|(\d+)([.)]))(\s+)(\[[ xX]\]\s+)?/;
const QUOTE = /^(\s*)> ?/;

export type ListKind = "bullet" | "number" | "task";

/** The lines the selections touch, each once. */
export function selectedLines(state: EditorState): Line[] {
  const lines = new Map<number, Line>();
  for (const range of state.selection.ranges) {
    for (let at = range.from; ; ) {
      const line = state.doc.lineAt(at);
      lines.set(line.number, line);
      if (line.to >= range.to) break;
      at = line.to + 1;
    }
  }
  return [...lines.values()];
}

/** A command that edits each selected line (empty ones too when there is just one). */
function eachLine(edit: (line: Line, index: number, all: readonly Line[]) => ChangeSpec | null): StateCommand {
  return ({ state, dispatch }) => {
    if (state.readOnly) return false;
    const lines = selectedLines(state);
    const used = lines.length === 1 ? lines : lines.filter((line) => line.text.trim());
    const changes = used.map((line, index) => edit(line, index, used)).filter((one) => one !== null);
    if (changes.length === 0) return false;
    const set = state.changes(changes);
    const selection = state.selection.map(set, 1);
    dispatch(state.update({ changes: set, selection, userEvent: "input.format", scrollIntoView: true }));
    return true;
  };
}

/** Level 1–6, or 0 for plain text. The level a line already has turns it back into text. */
export function setHeading(level: number): StateCommand {
  return eachLine((line) => {
    const old = /^(#{1,6})\s+/.exec(line.text)?.[0] ?? "";
    const same = old.trim().length === level;
    const insert = level === 0 || same ? "" : `${"#".repeat(level)} `;
    return old === insert ? null : { from: line.from, to: line.from + old.length, insert };
  });
}

/** Make the lines items of a list of this kind; if all of them are already, make them text. */
export function toggleList(kind: ListKind): StateCommand {
  return eachLine((line, index, all) => {
    const off = all.every((one) => listKind(one.text) === kind);
    const old = LIST.exec(line.text);
    const indent = old?.[1] ?? /^\s*/.exec(line.text)![0];
    const mark = kind === "number" ? `${index + 1}. ` : kind === "task" ? "- [ ] " : "- ";
    const kept = kind === "task" && old?.[6] ? `- ${old[6]}` : mark;
    const length = old ? old[0].length : indent.length;
    return { from: line.from, to: line.from + length, insert: indent + (off ? "" : kept) };
  });
}

/** What kind of list item a line is, or null. */
export function listKind(text: string): ListKind | null {
  const match = LIST.exec(text);
  if (!match) return null;
  if (match[6]) return "task";
  return match[3] ? "number" : "bullet";
}

/** Quote the lines, or take the quote away when all are quoted. */
export const toggleQuote: StateCommand = eachLine((line, _index, all) => {
  const off = all.every((one) => QUOTE.test(one.text));
  const old = QUOTE.exec(line.text)?.[0].length ?? 0;
  if (off) return { from: line.from, to: line.from + old };
  return old > 0 ? null : { from: line.from, insert: "> " };
});

/** Deeper by the width of the item's mark (so that it becomes a child of the item above). */
export const indentItem: StateCommand = (target) => {
  if (!selectedLines(target.state).every((line) => LIST.test(line.text))) return false;
  return eachLine((line) => ({ from: line.from, insert: " ".repeat(markWidth(line.text)) }))(target);
};

/** Back by the width of the item's mark. */
export const outdentItem: StateCommand = (target) => {
  if (!selectedLines(target.state).every((line) => LIST.test(line.text))) return false;
  return eachLine((line) => {
    const depth = /^\s*/.exec(line.text)![0].length;
    const less = Math.min(depth, markWidth(line.text));
    return less === 0 ? null : { from: line.from, to: line.from + less };
  })(target);
};

function markWidth(text: string): number {
  const match = LIST.exec(text);
  return match?.[3] ? match[3].length + 2 : 2;
}
