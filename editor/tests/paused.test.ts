/** What keeps the text from its file is said, once, and taken back. */
import { describe, expect, test } from "vitest";
import { spoken } from "../src/paused";

describe("paused", () => {
  test("a rebase and a hook are told in words, calm is not", () => {
    expect(spoken({ paused: "a rebase is under way" })).toContain("a rebase is under way");
    expect(spoken({ paused: "x", refused: "no tabs, please" })).toContain("no tabs, please");
    expect(spoken({ paused: null, refused: null })).toBeNull();
    expect(spoken({})).toBeNull();
  });
});
