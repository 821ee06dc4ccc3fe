/** Text under typed text changes, and both stay. */
import { ChangeSet, Text } from "@codemirror/state";
import { describe, expect, test } from "vitest";
import { inParts, onTop, type Splice } from "../src/binding/splices";

describe("onTop", () => {
  test("typed text stays where it was typed when the text under it changes", () => {
    const pending = ChangeSet.of({ from: 5, insert: "TYPED" }, 10);
    const { changes, pending: rest } = onTop("helloworld", "NEW helloworld", pending);
    const screen = changes.apply(Text.of(["helloTYPEDworld"])).toString();
    expect(screen).toBe("NEW helloTYPEDworld");
    expect(rest!.apply(Text.of(["NEW helloworld"])).toString()).toBe(screen);
  });

  test("both at one place, with nothing pending, and with nothing changed", () => {
    const pending = ChangeSet.of({ from: 1, insert: "x" }, 2);
    const { changes, pending: rest } = onTop("ab", "a!b", pending);
    expect(changes.apply(Text.of(["axb"])).toString()).toBe(rest!.apply(Text.of(["a!b"])).toString());
    expect(onTop("ab", "b", null).changes.apply(Text.of(["ab"])).toString()).toBe("b");
    expect(onTop("ab", "ab", pending).changes.empty).toBe(true);
  });
});

describe("inParts", () => {
  const applied = (text: string, splices: readonly Splice[]): string =>
    splices.reduce((now, { position, remove, insert }) => now.slice(0, position) + insert + now.slice(position + remove), text);

  test("little stays one group", () => {
    const splices = [{ position: 1, remove: 2, insert: "xy" }, { position: 5, remove: 0, insert: "z" }];
    expect(inParts(splices, 10)).toEqual([splices]);
    expect(inParts([], 10)).toEqual([[]]);
  });

  test("a large paste comes in parts that do the same, and end in no pair", () => {
    const insert = "a😀b".repeat(20);
    const splices = [{ position: 2, remove: 3, insert }, { position: 90, remove: 1, insert: "end" }];
    const groups = inParts(splices, 7);
    const text = "0123456789".repeat(4);
    expect(applied(text, groups.flat())).toBe(applied(text, splices));
    expect(groups.length).toBeGreaterThan(10);
    for (const part of groups.flat()) expect(part.insert.isWellFormed()).toBe(true);
    for (const group of groups) {
      expect(group.reduce((sum, { remove, insert: text }) => sum + remove + text.length, 0)).toBeLessThanOrEqual(7);
    }
  });
});
