/** The keys people try without reading, and the table the help sheet shows. */
import { completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import { deleteMarkupBackward, insertNewlineContinueMarkup } from "@codemirror/lang-markdown";
import { nextDiagnostic } from "@codemirror/lint";
import { searchKeymap } from "@codemirror/search";
import { Prec, type Extension } from "@codemirror/state";
import { keymap, type KeyBinding } from "@codemirror/view";
import { indentItem, outdentItem, setHeading, toggleList, toggleQuote } from "./blocks";
import { openReplace } from "../find/panel";
import { insertLink, toggleMark } from "./inline";
import { nextCell, previousCell } from "./tables";

export const bold = toggleMark("**");
export const italic = toggleMark("*");
export const code = toggleMark("`");
export const strike = toggleMark("~~");

const FORMAT: readonly KeyBinding[] = [
  { key: "Mod-b", run: bold, preventDefault: true },
  { key: "Mod-i", run: italic, preventDefault: true },
  { key: "Mod-e", run: code, preventDefault: true },
  { key: "Mod-Shift-x", run: strike, preventDefault: true },
  { key: "Mod-k", run: insertLink, preventDefault: true },
  ...[0, 1, 2, 3, 4].map((level) => ({
    key: `Alt-${level}`, run: setHeading(level), preventDefault: true,
  })),
  { key: "Mod-Shift-7", run: toggleList("number"), preventDefault: true },
  { key: "Mod-Shift-8", run: toggleList("bullet"), preventDefault: true },
  { key: "Mod-Shift-9", run: toggleList("task"), preventDefault: true },
  { key: "Mod-Shift-b", run: toggleQuote, preventDefault: true },
  { key: "Tab", run: (view) => nextCell(view) || indentItem(view) || indentMore(view) },
  { key: "Shift-Tab", run: (view) => previousCell(view) || outdentItem(view) || indentLess(view) },
  { key: "Mod-h", run: openReplace, preventDefault: true },
  { key: "F8", run: nextDiagnostic },
  { key: "Enter", run: insertNewlineContinueMarkup },
  { key: "Backspace", run: deleteMarkupBackward },
];

/** The editor's keys; ours come before CodeMirror's. */
export function pageKeys(): Extension {
  const theirs = [
    ...completionKeymap, ...searchKeymap, ...historyKeymap,
    ...defaultKeymap,
  ];
  return [Prec.high(keymap.of(FORMAT)), keymap.of(theirs)];
}

export type HelpRow = readonly [keys: string, what: string];

/** `Mod` stands for Ctrl, or ⌘ on a Mac. */
export const HELP: readonly (readonly [section: string, rows: readonly HelpRow[]])[] = [
  ["Text", [
    ["Mod+B", "Bold"], ["Mod+I", "Italic"], ["Mod+E", "Code"], ["Mod+Shift+X", "Strike through"],
    ["Mod+K", "Link"], ["Alt+0 … Alt+4", "Text, heading 1–4"],
    ["Mod+Shift+7 / 8 / 9", "Numbered, bullet, task list"], ["Mod+Shift+B", "Quote"],
    ["/", "Menu of everything that can be put in"],
    ["Tab, Shift+Tab", "Indent a list item; next cell of a table"],
    ["Alt+↑, Alt+↓", "Move the line"], ["Mod+Z, Mod+Y", "Undo, redo your own edits"],
  ]],
  ["Page", [
    ["Mod+S", "Save a version"], ["Mod+F, Mod+H", "Find, replace"],
    ["Mod+Shift+S or Alt+E", "Source, both, reading"], ["Mod+\\", "Side panel"],
    ["F8", "Next problem"], ["? or F1", "This help"],
    ["Esc, then Tab", "Leave the text with the keyboard"],
  ]],
];
