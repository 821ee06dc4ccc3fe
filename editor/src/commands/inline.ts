/** Bold, italic, code, strike and links: marks around words. */
import { EditorSelection, type ChangeSpec, type EditorState, type StateCommand } from "@codemirror/state";

/** Put `mark` around each selection (or the word at the cursor), or take it away again. */
export function toggleMark(mark: string): StateCommand {
  return ({ state, dispatch }) => {
    if (state.readOnly) return false;
    const spec = state.changeByRange((range) => {
      const word = range.empty ? (state.wordAt(range.head) ?? range) : range;
      return marked(state, mark, word.from, word.to, range.empty ? range.head : null);
    });
    dispatch(state.update(spec, { userEvent: "input.format", scrollIntoView: true }));
    return true;
  };
}

function marked(state: EditorState, mark: string, from: number, to: number, cursor: number | null) {
  const size = mark.length;
  const before = state.sliceDoc(Math.max(0, from - size), from);
  const after = state.sliceDoc(to, to + size);
  const outside = before === mark && after === mark && !longer(state, mark, from - size, to + size);
  const inner = state.sliceDoc(from, to);
  const inside = inner.length >= 2 * size && inner.startsWith(mark) && inner.endsWith(mark);
  let changes: ChangeSpec;
  let shift = size;
  let end = to + size;
  if (outside) {
    changes = [{ from: from - size, to: from }, { from: to, to: to + size }];
    [shift, end] = [-size, to - size];
  } else if (inside) {
    changes = [{ from, to: from + size }, { from: to - size, to }];
    [shift, end] = [0, to - 2 * size];
  } else {
    changes = [{ from, insert: mark }, { from: to, insert: mark }];
  }
  const range = cursor === null
    ? EditorSelection.range(from + shift, end)
    : EditorSelection.cursor(Math.max(0, cursor + (inside ? -size : shift)));
  return { changes, range };
}

/** `*` inside `**` is bold's mark, not italic's. */
function longer(state: EditorState, mark: string, from: number, to: number): boolean {
  if (mark !== "*") return false;
  const bold = state.sliceDoc(Math.max(0, from - 1), from) === "*" && state.sliceDoc(to, to + 1) === "*";
  const both = state.sliceDoc(Math.max(0, from - 2), from) === "**";
  return bold && !both;
}

/** `[selection](url)` with the address selected, or `[](…)` with the cursor where the words go. */
export const insertLink: StateCommand = ({ state, dispatch }) => {
  if (state.readOnly) return false;
  const spec = state.changeByRange((range) => {
    const words = state.sliceDoc(range.from, range.to);
    if (/^https?:\/\/\S+$/.test(words)) {
      const changes = { from: range.from, to: range.to, insert: `[](${words})` };
      return { changes, range: EditorSelection.cursor(range.from + 1) };
    }
    const changes = { from: range.from, to: range.to, insert: `[${words}](url)` };
    const at = range.from + words.length + 3;
    if (!words) return { changes, range: EditorSelection.cursor(range.from + 1) };
    return { changes, range: EditorSelection.range(at, at + 3) };
  });
  dispatch(state.update(spec, { userEvent: "input.format", scrollIntoView: true }));
  return true;
};
