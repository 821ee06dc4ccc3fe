/** Text under typed text changes, and both stay. */
import { ChangeSet, Text } from "@codemirror/state";
import { describe, expect, test } from "vitest";
import { onTop } from "../src/binding/splices";

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
