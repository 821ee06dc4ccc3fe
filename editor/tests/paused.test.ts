/** What keeps the text from its file is said, once, and taken back. */
import { describe, expect, test } from "vitest";
import type { End } from "../src/ended";
import { due, forbidden, spoken } from "../src/paused";

describe("paused", () => {
  test("a rebase and a hook are told in words, calm is not", () => {
    expect(spoken({ paused: "a rebase is under way" })).toContain("a rebase is under way");
    expect(spoken({ paused: "x", refused: "no tabs, please" })).toContain("no tabs, please");
    expect(spoken({ paused: null, refused: null })).toBeNull();
    expect(spoken({})).toBeNull();
    expect(spoken({ paused: "the branch is gone", ended: { branch_stays: false } as End })).toBeNull();
  });

  test("who may not write any more is told why, and what becomes of their words", () => {
    expect(forbidden({ may_not_write: "your role is reader" })).toMatch(/any more: your role is reader\..*kept on this device/);
    expect(forbidden({ may_not_write: null })).toBeNull();
    expect(forbidden({})).toBeNull();
  });

  test("it is asked often after typing and while something is said, and seldom when all is calm", () => {
    const now = 100_000;
    expect(due(now, now - 1_000, now - 3_000, false)).toBe(true);
    expect(due(now, now - 1_000, now - 60_000, true)).toBe(true);
    expect(due(now, now - 1_000, now - 60_000, false)).toBe(false);
    expect(due(now, now - 8_000, now - 60_000, false)).toBe(true);
  });
});
