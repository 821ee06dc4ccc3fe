/** Who is here, and where two versions stand. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { EditorView } from "@codemirror/view";
import { concerns, spoken, type PageEvent } from "../src/api/events";
import { locate, resolution, type Choice } from "../src/conflicts/locate";
import { heard, initials, isHello, isPeople, listed, people, typists, TYPING_MILLISECONDS, withoutGone, type Guest, type Hello, type Roster } from "../src/presence/roster";
import { typingWords } from "../src/panels/people";
import { Follow, type Following } from "../src/presence/follow";
import { FIRST_SCREEN, recalled, turned, withShare } from "../src/ui/mode";

function hello(peer: string, name: string, extra: Partial<Hello> = {}): Hello {
  const person = { id: name.toLowerCase(), name, color: "#336699" };
  return { type: "presence", peer, person, selection: null, ...extra };
}

describe("the roster", () => {
  const both: Roster = heard(heard(new Map(), hello("1", "Zoe"), 0), hello("2", "Ann"), 5_000);

  test("a person with two tabs is one person", () => {
    const three = heard(both, hello("3", "Ann"), 6_000);
    expect(people(three).map((guest) => [guest.person.name, guest.peer])).toEqual([["Ann", "3"], ["Zoe", "1"]]);
  });

  test("who leaves is gone at once, who is silent after ten seconds", () => {
    expect(heard(both, hello("1", "Zoe", { leaving: true }), 1).size).toBe(1);
    expect([...withoutGone(both, 10_001).keys()]).toEqual(["2"]);
    expect(withoutGone(both, 10_000)).toBe(both);
  });

  const list = {
    type: "people" as const,
    people: [
      { peerId: "me", personId: "m", name: "Me", color: "#111111" },
      { peerId: "1", personId: "z", name: "Zoe Real", color: "#222222" },
      { peerId: "9", personId: null, name: "A script", color: "blue" },
    ],
  };

  test("the server's list is the word on who is here", () => {
    const now = listed(heard(both, hello("1", "Zoe", { selection: { anchor: "a", head: "b" } }), 1), list, "me", 2);
    expect(people(now).map(({ person }) => [person.id, person.name, person.color])).toEqual([
      ["9", "A script", "#6b7280"], ["z", "Zoe Real", "#222222"],
    ]);
    expect(now.get("1")!.selection).toEqual({ anchor: "a", head: "b" });
  });

  test("nobody takes another name than the server gave", () => {
    const now = heard(listed(new Map(), list, "me", 0), hello("1", "Somebody Else"), 1);
    expect(now.get("1")!.person.name).toBe("Zoe Real");
  });

  test("who is connected but silent stays, without a place", () => {
    const before = heard(listed(new Map(), list, "me", 0), hello("1", "Zoe", { selection: { anchor: "a", head: "b" } }), 0);
    const after = withoutGone(before, 20_000);
    expect([after.size, after.get("1")!.selection]).toEqual([2, null]);
    expect(withoutGone(after, 30_000)).toBe(after);
  });

  test("a list is known by its shape", () => {
    expect([list, hello("1", "Z"), null, { type: "people" }].map(isPeople)).toEqual([true, false, false, false]);
  });

  test("messages of others' making are looked at", () => {
    expect(isHello(hello("1", "Zoe"))).toBe(true);
    const bad = [null, "x", {}, { ...hello("1", "Z"), peer: 3 },
      { ...hello("1", "Z"), person: { id: "z", name: "Z", color: "red;background:url(x)" } }];
    expect(bad.map(isHello)).toEqual([false, false, false, false, false]);
  });

  test("a very long name is cut", () => {
    expect([...heard(new Map(), hello("1", "x".repeat(500)), 0).values()][0]!.person.name.length).toBe(80);
  });

  test("initials", () => {
    expect(["Ada Lovelace", "ada", "Ada King Lovelace", "  ", "🙂 x"].map(initials)).toEqual(["AL", "A", "AL", "?", "🙂X"]);
  });
});

describe("a conflict in the text", () => {
  const conflict = { id: "1", ours: { text: "ours\n" }, theirs: { text: "theirs\n" } };
  const text = "before\nours\ntheirs\nafter";

  function kept(choice: Choice, page = text): string {
    const span = resolution(page, locate(page, conflict)!, choice);
    return span ? page.slice(0, span.from) + page.slice(span.to) : page;
  }

  test("is found by content, wherever it stands", () => {
    expect(locate(text, conflict)).toMatchObject({ first: { from: 7, to: 11 }, second: { from: 12, to: 18 } });
    expect(locate(`new line\n${text}`, conflict)!.first.from).toBe(16);
  });

  test("whole lines only, and not when either was rewritten", () => {
    expect(locate("xours\ntheirs", conflict)).toBeNull();
    expect(locate("ours\nsomething else", conflict)).toBeNull();
    expect(locate("ours\n\ntheirs", conflict)).toBeNull();
    expect(locate("ours\ntheirs!\nours\ntheirs", conflict)!.first.from).toBe(13);
  });

  test("one version may have been typed on in", () => {
    expect(locate("a\nours\ntheirs and more\nb", conflict)).toMatchObject({
      first: { from: 2, to: 6 }, second: { from: 7, to: 22 },
    });
    expect(locate("a\nours, still\ntheirs\nb", conflict)).toMatchObject({
      first: { from: 2, to: 13 }, second: { from: 14, to: 20 },
    });
    expect(kept("second", "a\nours, still\ntheirs\nb")).toBe("a\ntheirs\nb");
    expect(kept("first", "ours\ntheirs and more")).toBe("ours");
  });

  test("keeping one takes the other's lines away", () => {
    expect(kept("first")).toBe("before\nours\nafter");
    expect(kept("second")).toBe("before\ntheirs\nafter");
    expect(kept("both")).toBe(text);
  });

  test("at the end of the page as well", () => {
    expect(kept("first", "ours\ntheirs")).toBe("ours");
    expect(kept("second", "ours\ntheirs")).toBe("theirs");
  });

  test("a version that was deleted can be chosen, too", () => {
    const deleted = { id: "1", ours: { text: "" }, theirs: { text: "theirs" } };
    const found = locate("a\ntheirs\nb", deleted)!;
    expect(resolution("a\ntheirs\nb", found, "first")).toEqual({ from: 2, to: 9 });
    expect(resolution("a\ntheirs\nb", found, "second")).toBeNull();
    expect(locate("x", { id: "1", ours: { text: "" }, theirs: { text: "" } })).toBeNull();
  });
});

describe("events", () => {
  const event = (type: string, data: PageEvent["data"]): PageEvent => ({ type, data });

  test("of other pages and branches are not ours", () => {
    const of = (data: PageEvent["data"]): boolean => concerns(event("x", data), "main", "a.md");
    expect([of({}), of({ branch: "main", page_path: "a.md" }), of({ branch: "main", pages: ["a.md"] })]).toEqual([true, true, true]);
    expect([of({ branch: "other" }), of({ page_path: "b.md" }), of({ pages: ["b.md"] })]).toEqual([false, false, false]);
  });

  test("changes from outside are said calmly, typing is not", () => {
    expect(spoken(event("content.changed", { origin: "file" }))).toContain("on disk");
    expect(spoken(event("content.changed", { origin: "commit", author: "Ann" }))).toContain("Ann changed this page with Git");
    expect(spoken(event("content.changed", { origin: "editor" }))).toBeNull();
    expect(spoken(event("git.conflict.detected", {}))).toContain("Both versions");
    expect(spoken(event("prd.deleted", {}))).toContain("still here");
  });
});

describe("the screen", () => {
  test("turns source, both, reading", () => {
    const modes = [0, 1, 2].reduce((all) => [...all, turned(all.at(-1)!)], [FIRST_SCREEN]).map((one) => one.mode);
    expect(modes).toEqual(["split", "preview", "source", "split"]);
  });

  test("is recalled, whatever was written there", () => {
    expect(recalled(null)).toEqual(FIRST_SCREEN);
    expect(recalled("nonsense")).toEqual(FIRST_SCREEN);
    expect(recalled("null")).toEqual(FIRST_SCREEN);
    expect(recalled('{"mode":"source","side":true,"share":99}')).toEqual({ ...FIRST_SCREEN, mode: "source", side: true, share: 80 });
  });

  test("both panes stay usable", () => {
    expect([withShare(FIRST_SCREEN, 3).share, withShare(FIRST_SCREEN, 33.4).share]).toEqual([20, 33]);
  });
});

describe("who is typing", () => {
  const typed = heard(heard(new Map(), hello("1", "Zoe", { typing: true }), 0), hello("2", "Ann", { typing: true }), 1_000);

  test("is said for a moment after their last key, and never of oneself", () => {
    expect(typists(typed, "me", 1_500)).toEqual(["Ann", "Zoe"]);
    expect(typists(typed, "ann", 1_500)).toEqual(["Zoe"]);
    expect(typists(typed, "me", TYPING_MILLISECONDS)).toEqual(["Ann"]);
    expect(typists(heard(typed, hello("2", "Ann"), 1_200), "me", 1_500)).toEqual(["Zoe"]);
  });

  test("a name once, however many tabs", () => {
    expect(typists(heard(typed, hello("3", "Ann", { typing: true }), 1), "me", 2)).toEqual(["Ann", "Zoe"]);
  });

  test("in words", () => {
    expect([["Bob"], ["Bob", "Cleo"], ["Bob", "Cleo", "Dan"]].map(typingWords))
      .toEqual(["Bob is typing…", "Bob and Cleo are typing…", "3 people are typing…"]);
  });
});

describe("following", () => {
  const at = (head: string): Guest =>
    ({ peer: "1", person: { id: "z", name: "Zoe", color: "#222222" }, selection: { anchor: head, head }, heardAt: 0, typingAt: null, vouched: true });
  const roster = (guest: Guest): Roster => new Map([[guest.peer, guest]]);

  function setUp() {
    vi.stubGlobal("document", new EventTarget());
    const dom = new EventTarget();
    const port = { show: vi.fn<Following["show"]>(() => true), changed: vi.fn(), left: vi.fn() };
    return { dom, port, follow: new Follow({ dom } as unknown as EditorView, port) };
  }
  afterEach(() => void vi.unstubAllGlobals());

  test("goes to their place, and along when they move, not when they stay", () => {
    const { port, follow } = setUp();
    follow.toggle(at("a"));
    follow.moved(roster(at("a")));
    follow.moved(roster(at("b")));
    expect(port.show.mock.calls.map(([guest]) => guest.selection!.head)).toEqual(["a", "b"]);
  });

  test("a place that is not known yet is tried again", () => {
    const { port, follow } = setUp();
    port.show.mockReturnValueOnce(false);
    follow.toggle(at("a"));
    follow.moved(roster(at("a")));
    expect(port.show).toHaveBeenCalledTimes(2);
  });

  test.each(["wheel", "pointerdown", "keydown", "touchmove"])("ends with one's own %s", (name) => {
    const { dom, port, follow } = setUp();
    follow.toggle(at("a"));
    dom.dispatchEvent(new Event(name));
    follow.moved(roster(at("b")));
    expect([follow.guest, port.show.mock.calls.length]).toEqual([null, 1]);
    expect(port.changed).toHaveBeenLastCalledWith(null);
  });

  test("ends with a second click, and when they leave", () => {
    const { port, follow } = setUp();
    follow.toggle(at("a"));
    follow.toggle(at("a"));
    expect(follow.guest).toBeNull();
    follow.toggle(at("a"));
    follow.moved(new Map());
    expect(port.left).toHaveBeenCalledTimes(1);
    expect(follow.guest).toBeNull();
  });

  test("goes on with another tab of the same person", () => {
    const { port, follow } = setUp();
    follow.toggle(at("a"));
    follow.moved(roster({ ...at("b"), peer: "2" }));
    expect(port.show).toHaveBeenCalledTimes(2);
    expect(follow.guest!.peer).toBe("2");
  });
});
