/** What the text looks like where the cursor is not. */
import { markdown, markdownLanguage } from "@codemirror/lang-markdown";
import { ensureSyntaxTree } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { highlightTree, tagHighlighter, tags } from "@lezer/highlight";
import { describe, expect, test } from "vitest";
import { chipsIn, nextRequirement } from "../src/look/chips";
import { lineClasses } from "../src/look/lines";
import { pageLanguage } from "../src/look/markdown";
import { touched } from "../src/look/replace";
import { toggleTask } from "../src/look/tasks";
import { topOf, lineAt, tidy } from "../src/preview/scroll-map";
import { sameEnds, withoutLines } from "../src/preview/patch";
import { currentHeading } from "../src/panels/lists";

describe("requirement chips", () => {
  test("numbers in brackets, but no links and no words", () => {
    expect(chipsIn("- [REQ-012] a [A-1](x) [note] [SYS-PAY-3].", 10).map(({ id, from }) => [id, from]))
      .toEqual([["REQ-012", 12], ["SYS-PAY-3", 40]]);
  });

  test("the next number follows the last one's kind and width", () => {
    expect(nextRequirement("[REQ-9] [REQ-10] [PAY-001]")).toBe("PAY-002");
    expect(nextRequirement("[REQ-012] [REQ-003]")).toBe("REQ-013");
    expect(nextRequirement("none")).toBe("REQ-001");
  });
});

describe("task boxes", () => {
  test("tick and untick", () => {
    const state = EditorState.create({ doc: "- [ ] a\n- [x] b" });
    expect(state.update(toggleTask(state, 2)!).state.sliceDoc()).toBe("- [x] a\n- [x] b");
    expect(state.update(toggleTask(state, 10)!).state.sliceDoc()).toBe("- [ ] a\n- [ ] b");
    expect(toggleTask(state, 0)).toBeNull();
  });
});

describe("lines", () => {
  test("have the class of what they belong to", () => {
    const doc = "# One\n\ntext\n\n```js\ncode\n```\n\n> quote";
    const state = EditorState.create({ doc, extensions: markdown({ base: markdownLanguage }) });
    const found = [...lineClasses(state, 0, doc.length)].map(([at, name]) => [state.doc.lineAt(at).number, name]);
    expect(found).toEqual([[1, "ln-h ln-h1"], [5, "ln-code"], [6, "ln-code"], [7, "ln-code"], [9, "ln-quote"]]);
  });

  test("a range is touched by a cursor at its edge", () => {
    const state = EditorState.create({ doc: "abcdef", selection: { anchor: 3 } });
    expect([touched(state, 3, 5), touched(state, 0, 3), touched(state, 4, 5)]).toEqual([true, true, false]);
  });
});

describe("scrolling together", () => {
  const points = tidy([{ line: 11, top: 200 }, { line: 1, top: 0 }, { line: 5, top: 40 }, { line: 5, top: 60 }, { line: 7, top: 20 }]);

  test("points are sorted, one a line, never going back", () => {
    expect(points).toEqual([{ line: 1, top: 0 }, { line: 5, top: 40 }, { line: 11, top: 200 }]);
  });

  test("between two points it goes straight, outside it stays", () => {
    expect([topOf(points, 3), topOf(points, 8), topOf(points, 0), topOf(points, 99)]).toEqual([20, 120, 0, 200]);
    expect([lineAt(points, 20), lineAt(points, 120), lineAt([], 5)]).toEqual([3, 8, 0]);
  });
});

describe("a new rendering", () => {
  test("keeps the blocks at both ends that are the same", () => {
    expect(sameEnds(["a", "b", "c"], ["a", "x", "y", "c"])).toEqual({ start: 1, end: 1 });
    expect(sameEnds(["a", "a"], ["a"])).toEqual({ start: 1, end: 0 });
  });

  test("a line number alone is no change", () => {
    expect(withoutLines('<p data-line="3" class="x">a</p>')).toBe('<p class="x">a</p>');
  });

  test("the outline knows where the cursor is", () => {
    const outline = [3, 9].map((line) => ({ level: 1, text: "", slug: "", line }));
    expect([1, 3, 8, 20].map((line) => currentHeading(outline, line))).toEqual([-1, 0, 0, 1]);
  });
});

describe("nesting", () => {
  const walk = (text: string): string => {
    const state = EditorState.create({ doc: text, extensions: [pageLanguage()] });
    const tree = ensureSyntaxTree(state, text.length, 20_000)!;
    lineClasses(state, 0, text.length);
    let marked = "";
    highlightTree(tree, tagHighlighter([{ tag: tags.quote, class: "q" }, { tag: tags.strong, class: "s" }]),
      (from, to) => { marked += text.slice(from, to); });
    return marked;
  };

  test.each([
    ["quotes", ">".repeat(20_000)], ["spaced quotes", "> ".repeat(20_000)], ["lists", "- ".repeat(20_000)],
    ["numbers", "1. ".repeat(10_000)], ["both", "> - ".repeat(10_000)], ["bold", `${"**a ".repeat(20_000)}${" b**".repeat(20_000)}`],
    ["stars", "*".repeat(20_000)], ["brackets", `${"[".repeat(20_000)}x${"]".repeat(20_000)}`], ["images", "![".repeat(20_000)],
  ])("however deep the %s, the look stays", (_name, text) => {
    expect(() => walk(`${text} x\n\nAfter **all**.\n`)).not.toThrow();
  });

  test("as deep as anyone writes is read as ever", () => {
    expect(walk(`${"> ".repeat(20)}deep **bold**\n\n**after**\n`)).toContain("after");
    expect(walk(`${"> ".repeat(20)}deep\n`)).toContain("deep");
  });
});
