/** Comments of a draft at their words in the text. */
import { expect, test } from "vitest";
import { locate, summary, type Thread } from "../src/comments/locate";

function thread(quote: string | null, start: number, extra: Partial<Thread> = {}): Thread {
  return {
    id: "t", number: 1, page_path: "a.md", resolved: false, quote, suggestion: null,
    place: { start, end: start + (quote?.length ?? 0), how: "same" },
    comments: [{ name: "Ann", text: "Why\nso?" }], ...extra,
  };
}

test("the words nearest to their place are meant", () => {
  const text = "a day or a day or a day";
  expect(locate(text, thread("a day", 9))).toEqual({ from: 9, to: 14 });
  expect(locate(text, thread("a day", 17))).toEqual({ from: 18, to: 23 });
  expect(locate(text, thread("a day", 0))).toEqual({ from: 0, to: 5 });
});

test("a place counts letters, the text counts units", () => {
  expect(locate("😀😀x x", thread("x", 2))).toEqual({ from: 4, to: 5 });
});

test("what is not in the text has no place", () => {
  expect(locate("one two", thread("three", 0))).toBeNull();
  expect(locate("one two", thread(null, 0))).toBeNull();
  expect(locate("one two", thread("one", 0, { place: null }))).toBeNull();
});

test("a thread in a line", () => {
  expect(summary(thread("x", 0))).toBe("Ann: Why so?");
  const comments = [{ name: "Ann", text: "" }, { name: "Bob", text: "No" }];
  expect(summary(thread("x", 0, { suggestion: "y", comments }))).toBe("Ann: suggests “y” (1 answer)");
});
