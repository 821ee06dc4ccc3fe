/** The keys: what they make of a text. `¦` is the cursor, `‹…›` the selection. */
import { EditorState, type StateCommand } from "@codemirror/state";
import { describe, expect, test } from "vitest";
import { indentItem, listKind, outdentItem, setHeading, toggleList, toggleQuote } from "../src/commands/blocks";
import { insertLink, toggleMark } from "../src/commands/inline";
import { ENTRIES, filled, matching } from "../src/commands/slash";
import { cellsOf, inTable, nextCell, previousCell } from "../src/commands/tables";

function stateOf(marked: string): EditorState {
  const [from, end] = [marked.search(/[¦‹]/), marked.indexOf("›")];
  const doc = marked.replace(/[¦‹›]/g, "");
  return EditorState.create({ doc, selection: { anchor: from, head: end < 0 ? from : end - 1 } });
}

function run(command: StateCommand, marked: string): string {
  const state = stateOf(marked);
  let after = state;
  command({ state, dispatch: (transaction) => (after = transaction.state) });
  const { from, to } = after.selection.main;
  const doc = after.sliceDoc();
  return from === to ? `${doc.slice(0, from)}¦${doc.slice(from)}`
    : `${doc.slice(0, from)}‹${doc.slice(from, to)}›${doc.slice(to)}`;
}

describe("marks around words", () => {
  test.each([
    ["**", "a ‹word› b", "a **‹word›** b"],
    ["**", "a **‹word›** b", "a ‹word› b"],
    ["**", "a ‹**word**› b", "a ‹word› b"],
    ["**", "a wo¦rd b", "a **wo¦rd** b"],
    ["**", "a **wo¦rd** b", "a wo¦rd b"],
    ["**", "a ¦ b", "a **¦** b"],
    ["*", "**‹word›**", "***‹word›***"],
    ["*", "***‹word›***", "**‹word›**"],
    ["`", "‹code›", "`‹code›`"],
    ["~~", "‹gone›", "~~‹gone›~~"],
  ])("%s on %s gives %s", (mark, before, after) => {
    expect(run(toggleMark(mark), before)).toBe(after);
  });

  test("a link takes the selection as words, or as the address when it is one", () => {
    expect(run(insertLink, "see ‹this›")).toBe("see [this](‹url›)");
    expect(run(insertLink, "see ‹https://example.com›")).toBe("see [¦](https://example.com)");
    expect(run(insertLink, "see ¦")).toBe("see [¦](url)");
  });

  test("a read-only page is not changed", () => {
    const state = EditorState.create({ doc: "a", extensions: EditorState.readOnly.of(true) });
    const refuse = (): never => { throw new Error("changed"); };
    for (const command of [toggleMark("**"), insertLink, setHeading(1), toggleQuote]) {
      expect(command({ state, dispatch: refuse })).toBe(false);
    }
  });
});

describe("lines", () => {
  test.each<[string, StateCommand, string, string]>([
    ["heading 2", setHeading(2), "wor¦d", "## wor¦d"],
    ["another level", setHeading(3), "## wor¦d", "### wor¦d"],
    ["the same level again", setHeading(2), "## wor¦d", "wor¦d"],
    ["text", setHeading(0), "# wor¦d", "wor¦d"],
    ["bullets", toggleList("bullet"), "‹one\ntwo›", "- ‹one\n- two›"],
    ["bullets off", toggleList("bullet"), "- on¦e", "on¦e"],
    ["numbers", toggleList("number"), "‹one\n\ntwo›", "1. ‹one\n\n2. two›"],
    ["bullets to numbers", toggleList("number"), "  - on¦e", "  1. on¦e"],
    ["tasks keep their ticks off and on", toggleList("task"), "- [x] don¦e", "don¦e"],
    ["bullet to task", toggleList("task"), "- d¦o", "- [ ] d¦o"],
    ["quote", toggleQuote, "sai¦d", "> sai¦d"],
    ["quote off", toggleQuote, "> sai¦d", "sai¦d"],
    ["indent", indentItem, "- on¦e", "  - on¦e"],
    ["indent a numbered one", indentItem, "1. on¦e", "   1. on¦e"],
    ["outdent", outdentItem, "  - on¦e", "- on¦e"],
  ])("%s", (_name, command, before, after) => {
    expect(run(command, before)).toBe(after);
  });

  test("plain text is not indented as an item", () => {
    const state = EditorState.create({ doc: "text" });
    expect(indentItem({ state, dispatch: () => {} })).toBe(false);
    expect(outdentItem({ state, dispatch: () => {} })).toBe(false);
  });

  test("kinds of list", () => {
    expect(["- a", "3. a", "* [x] a", "text"].map(listKind)).toEqual(["bullet", "number", "task", null]);
  });
});

describe("tables", () => {
  const TABLE = "| a | b |\n| --- | --- |\n| c |  |";

  test("Tab goes from cell to cell, over the rule", () => {
    const first = EditorState.create({ doc: TABLE, selection: { anchor: 2 } });
    const visited: string[] = [];
    let state = first;
    for (let index = 0; index < 3; index += 1) {
      nextCell({ state, dispatch: (transaction) => (state = transaction.state) });
      visited.push(state.sliceDoc(state.selection.main.from, state.selection.main.to));
    }
    expect(visited).toEqual(["b", "c", ""]);
  });

  test("after the last cell there is a new row", () => {
    let state = EditorState.create({ doc: TABLE, selection: { anchor: TABLE.length - 1 } });
    nextCell({ state, dispatch: (transaction) => (state = transaction.state) });
    expect(state.sliceDoc()).toBe(`${TABLE}\n|  |  |`);
    expect(state.selection.main.head).toBe(TABLE.length + 3);
  });

  test("Shift+Tab goes back", () => {
    let state = EditorState.create({ doc: TABLE, selection: { anchor: TABLE.indexOf("c") } });
    previousCell({ state, dispatch: (transaction) => (state = transaction.state) });
    expect(state.sliceDoc(state.selection.main.from, state.selection.main.to)).toBe("b");
  });

  test("an escaped bar is no border, and text is no table", () => {
    expect(cellsOf({ text: "| a \\| b | c |", from: 0 }).length).toBe(2);
    expect(inTable(EditorState.create({ doc: "text | text" }), 0)).toBe(false);
  });
});

describe("the slash menu", () => {
  test.each([["req", "Requirement"], ["h2", "Heading 2"], ["todo", "Task list"], ["numb", "Numbered list"]])(
    "/%s finds %s", (typed, label) => {
      expect(matching(typed)[0]?.label).toBe(label);
    });

  test("nothing typed shows everything, nonsense nothing", () => {
    expect(matching("").length).toBe(ENTRIES.length);
    expect(matching("zzz")).toEqual([]);
  });

  test("each entry says where the cursor goes", () => {
    for (const entry of ENTRIES) {
      const { text, cursor } = filled(entry, "- [REQ-007] x");
      expect(cursor).toBeGreaterThanOrEqual(0);
      expect(text).not.toContain("⌶");
    }
  });

  test("a requirement takes the page's next number", () => {
    const entry = ENTRIES.find((one) => one.label === "Requirement")!;
    expect(filled(entry, "- [PAY-09] x").text).toBe("- [PAY-10] ");
  });
});
