/** Text coming in, counted, and cut into splices. */
import { ChangeSet, EditorState, type TransactionSpec } from "@codemirror/state";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromPatches, replacement, toSplices } from "../src/binding/splices";
import { clean, cleanText, insidePair } from "../src/text/clean";
import { countBytes, countWords, sizeWarning } from "../src/text/count";

function typed(doc: string, spec: TransactionSpec): string {
  const state = EditorState.create({ doc, extensions: cleanText() });
  return state.update(spec).state.sliceDoc();
}

describe("what may come in", () => {
  test("CRLF, lone CR, NUL and half pairs do not", () => {
    expect(clean("a\r\nb\rc\0d\ud83de")).toBe("a\nb\ncd\ufffde");
  });

  test("an edit that brings them is mended", () => {
    expect(typed("ab", { changes: { from: 1, insert: "\r\nx\ud83d" } })).toBe("a\nx\ufffdb");
  });

  test("an edit that would cut an emoji takes all of it", () => {
    expect(typed("a🙂b", { changes: { from: 2, to: 3 } })).toBe("ab");
    expect(typed("a🙂b", { changes: { from: 2, insert: "x" } })).toBe("axb");
    expect(typed("🙂🙂", { changes: { from: 1, to: 3, insert: "-" } })).toBe("-");
  });

  test("an ordinary edit beside an emoji is left alone", () => {
    expect(typed("a🙂b", { changes: { from: 3, insert: "x" } })).toBe("a🙂xb");
    expect(typed("a🙂b", { changes: { from: 1, to: 3 } })).toBe("ab");
  });

  test("a carriage return that a peer wrote counts as one unit", () => {
    const state = EditorState.create({ doc: "a\r\nb", extensions: cleanText() });
    expect([state.doc.length, state.sliceDoc()]).toEqual([4, "a\r\nb"]);
  });

  test("knows the middle of a pair", () => {
    expect([0, 1, 2].map((at) => insidePair("🙂", at))).toEqual([false, true, false]);
  });

  test("whatever is typed, the text is clean after it", () => {
    const anyText = fc.string({ unit: "binary", maxLength: 8 });
    fc.assert(fc.property(anyText, fc.nat(8), fc.nat(8), anyText, (doc, from, length, insert) => {
      const start = clean(doc);
      const at = Math.min(from, start.length);
      const after = typed(start, { changes: { from: at, to: Math.min(start.length, at + length), insert } });
      expect(after).toBe(clean(after));
    }));
  });
});

describe("splices", () => {
  test("each is in terms of the text after the one before", () => {
    const set = ChangeSet.of([{ from: 1, to: 2 }, { from: 4, insert: "xy" }], 6, "\n");
    expect(toSplices(set)).toEqual([
      { position: 1, remove: 1, insert: "" }, { position: 3, remove: 0, insert: "xy" },
    ]);
  });

  test("the smallest replacement never cuts a pair", () => {
    expect(replacement("a🙂b", "a🙃b")).toEqual({ position: 1, remove: 2, insert: "🙃" });
    expect(replacement("same", "same")).toBeNull();
  });

  test("a replacement does what it says", () => {
    fc.assert(fc.property(fc.string(), fc.string(), (before, after) => {
      const one = replacement(before, after);
      const done = one
        ? before.slice(0, one.position) + one.insert + before.slice(one.position + one.remove) : before;
      expect(done).toBe(after);
    }));
  });

  test("patches of other keys are not of the text", () => {
    const set = fromPatches([{ action: "put", path: ["successor"], value: "x" }], 3);
    expect(set?.empty).toBe(true);
  });

  test("a replaced text object is no edit", () => {
    expect(fromPatches([{ action: "put", path: ["content"], value: "" }], 3)).toBeNull();
    expect(fromPatches([{ action: "inc", path: ["content", 1] }], 3)).toBeNull();
  });

  test("patches apply one after the other", () => {
    const set = fromPatches([
      { action: "del", path: ["content", 0], length: 2 },
      { action: "splice", path: ["content", 1], value: "new" },
      { action: "mark", path: ["content", 0] },
    ], 5);
    expect(set?.apply(EditorState.create({ doc: "abcde" }).doc).toString()).toBe("cnewde");
  });
});

describe("counting", () => {
  test("front matter is not words, numbers and compounds are", () => {
    expect(countWords("---\ntitle: Not counted\n---\n# Don't stop: well-known v1.2, 42 %")).toBe(5);
    expect(countWords("")).toBe(0);
  });

  test("bytes are UTF-8", () => {
    expect(countBytes("é🙂")).toBe(6);
  });

  test("a page near or over the limit is told so", () => {
    expect(sizeWarning(100, 1024)).toBeNull();
    expect(sizeWarning(1000, 1024)).toContain("can be edited live");
    expect(sizeWarning(2048, 1024)).toContain("over the live limit of 1 KiB");
  });
});
