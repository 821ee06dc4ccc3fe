/** Markdown tables edited as tables: Tab goes from cell to cell and adds a row at the end. */
import type { EditorState, Line, StateCommand } from "@codemirror/state";

export interface Cell {
  readonly from: number;
  readonly to: number;
}

const RULE = /^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$/;

/** The trimmed cells of a row, as offsets in the page; empty for a line that is no row. */
export function cellsOf(line: Pick<Line, "text" | "from">): Cell[] {
  if (!/^\s*\|.*\|\s*$/.test(line.text)) return [];
  const cells: Cell[] = [];
  let start = line.text.indexOf("|") + 1;
  for (let at = start; at < line.text.length; at += 1) {
    if (line.text[at] !== "|" || line.text[at - 1] === "\\") continue;
    const raw = line.text.slice(start, at);
    const lead = raw.trim() ? raw.length - raw.trimStart().length : Math.min(1, raw.length);
    const from = line.from + start + lead;
    cells.push({ from, to: from + raw.trim().length });
    start = at + 1;
  }
  return cells;
}

/** Is the line a row of a table (its header, rule or body)? */
export function inTable(state: EditorState, position: number): boolean {
  return cellsOf(state.doc.lineAt(position)).length > 0;
}

/** To the next cell; after the last one a new row. */
export const nextCell: StateCommand = ({ state, dispatch }) => {
  const head = state.selection.main.head;
  const line = state.doc.lineAt(head);
  const cells = cellsOf(line);
  if (cells.length === 0) return false;
  const here = cells.find((cell) => cell.from > head);
  const target = here ?? firstBelow(state, line);
  if (target) {
    dispatch(state.update({ selection: { anchor: target.from, head: target.to }, scrollIntoView: true }));
    return true;
  }
  if (state.readOnly) return false;
  const insert = `\n|${"  |".repeat(cells.length)}`;
  dispatch(state.update({
    changes: { from: line.to, insert },
    selection: { anchor: line.to + 3 },
    userEvent: "input",
    scrollIntoView: true,
  }));
  return true;
};

/** To the cell before. */
export const previousCell: StateCommand = ({ state, dispatch }) => {
  const head = state.selection.main.from;
  const line = state.doc.lineAt(head);
  if (cellsOf(line).length === 0) return false;
  const here = cellsOf(line).filter((cell) => cell.to < head).at(-1);
  const target = here ?? lastAbove(state, line);
  if (target) dispatch(state.update({ selection: { anchor: target.from, head: target.to }, scrollIntoView: true }));
  return true;
};

function firstBelow(state: EditorState, line: Line): Cell | undefined {
  for (let number = line.number + 1; number <= state.doc.lines; number += 1) {
    const next = state.doc.line(number);
    if (!RULE.test(next.text)) return cellsOf(next)[0];
  }
  return undefined;
}

function lastAbove(state: EditorState, line: Line): Cell | undefined {
  for (let number = line.number - 1; number >= 1; number -= 1) {
    const previous = state.doc.line(number);
    if (!RULE.test(previous.text)) return cellsOf(previous).at(-1);
  }
  return undefined;
}
