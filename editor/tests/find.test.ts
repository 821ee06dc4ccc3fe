/** Finding: how many, which one, and in what words. */
import { SearchQuery } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { expect, test } from "vitest";
import { found, matches, MOST_COUNTED } from "../src/find/matches";

const TEXT = "Total total, subtotal. total";

function look(search: string, options: Partial<ConstructorParameters<typeof SearchQuery>[0]> = {}, anchor = 0, head = 0) {
  return matches(EditorState.create({ doc: TEXT, selection: { anchor, head } }), new SearchQuery({ search, ...options }));
}

test.each([
  ["any case", {}, 4], ["as written", { caseSensitive: true }, 3], ["whole words", { wholeWord: true }, 3],
  ["a pattern", { regexp: true, search: "t.t" }, 4], ["no pattern", { regexp: true, search: "(" }, 0], ["nothing", { search: "" }, 0],
])("%s", (_name, { search = "total", ...options }: { search?: string } & Record<string, unknown>, count) => {
  expect(look(search, options).count).toBe(count);
});

test("the selected place has its number", () => {
  expect(look("total", {}, 6, 11).current).toBe(2);
  expect(look("total", {}, 6, 10).current).toBe(0);
});

test("a letter that stands everywhere is not counted to the end", () => {
  const state = EditorState.create({ doc: "a".repeat(5_000) });
  expect(matches(state, new SearchQuery({ search: "a" }))).toMatchObject({ count: MOST_COUNTED, more: true });
});

test("in words", () => {
  expect([[0, 0, false], [1, 0, false], [12, 3, false], [1000, 0, true], [1000, 7, true]].map(([count, current, more]) =>
    found({ count: count as number, current: current as number, more: more as boolean })))
    .toEqual(["Nothing found", "1 found", "3 of 12", "1,000+ found", "7 of 1,000+"]);
});
