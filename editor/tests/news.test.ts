/** What others did while this editor was without the server. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { Away, WORTH_MILLISECONDS, type Version } from "../src/news/absence";
import { howMany, keepRinging, type Bell } from "../src/news/bell";
import { changedSections, lineOf, sections } from "../src/news/sections";
import { welcome } from "../src/news/homecoming";
import { listed, sentence, who, type Writer } from "../src/news/words";
import type { Api } from "../src/api/http";
import { ApiError } from "../src/api/http";
import type { EditorConfig } from "../src/config";
import type { Notices } from "../src/ui/notices";

const PAGE = "---\ntitle: x\n---\n# Shop\n\nHello.\n\n## Goals\n\nOne.\n\n## Scope\n\nTwo.\n";

describe("the parts of a page", () => {
  test("go from heading to heading; front matter and fenced code have none", () => {
    const text = "---\n# no: heading\n---\nTop\n\n```\n# no\n~~~\n```\n\n# One *big*\n\nTwo\n---\n\n- a\n---\n## [Link](x) ##\n";
    expect(sections(text).map(({ title, line }) => [title, line]))
      .toEqual([["", 1], ["One big", 11], ["Two", 13], ["Link", 18]]);
  });

  test("with the same words are told apart", () => {
    expect(sections("# A\n# A\n").map(({ title, nth }) => [title, nth])).toEqual([["", 0], ["A", 0], ["A", 1]]);
  });

  test.each<[string, string, [string, string][]]>([
    ["nothing", PAGE, []],
    ["blank lines at an end", `${PAGE}\n\n`, []],
    ["a word", PAGE.replace("One.", "One, two."), [["Goals", "changed"]]],
    ["a new part", PAGE.replace("## Scope", "## Risks\n\nMany.\n\n## Scope"), [["Risks", "new"]]],
    ["a part less", PAGE.replace("## Goals\n\nOne.\n\n", ""), [["Goals", "removed"]]],
    ["the front matter", PAGE.replace("title: x", "title: y"), [["", "changed"]]],
    ["a page emptied", "", [["", "changed"], ["Shop", "removed"], ["Goals", "removed"], ["Scope", "removed"]]],
  ])("%s", (_name, after, changed) => {
    expect(changedSections(PAGE, after).map(({ title, how }) => [title, how])).toEqual(changed);
  });

  test("are found again wherever they went", () => {
    expect(lineOf(`Before.\n${PAGE}`, { title: "Goals", nth: 0 })).toBe(9);
    expect(lineOf(PAGE, { title: "Gone", nth: 0 })).toBeNull();
  });
});

const BOB: Writer = { id: "bob", name: "Bob", origin: "peer" };
const DISK: Writer = { id: null, name: null, origin: "file" };

describe("the words", () => {
  test("lists stay short", () => {
    expect([1, 2, 3, 5].map((count) => listed(["a", "b", "c", "d", "e"].slice(0, count), 3)))
      .toEqual(["a", "a and b", "a, b and c", "a, b, c and 2 more"]);
  });

  test("people by their names, the disk and Git by what they are", () => {
    expect(who([BOB, BOB, DISK], "ada")).toBe("Bob and someone on disk");
    expect(who([{ ...BOB, id: "ada", name: "Ada" }], "ada")).toBe("You, elsewhere,");
    // What was typed here, as the server took it over into a document that followed.
    expect(who([BOB, { id: "ada", name: "Ada", origin: "late" }], "ada")).toBe("Bob");
    expect(who([{ id: null, name: null, origin: "unknown" }], "ada")).toBe("Someone");
  });

  test("one sentence", () => {
    const changed = changedSections(PAGE, PAGE.replace("One.", "1.").replace("## Scope", "## Extent"));
    expect(sentence(changed, [BOB], "ada", 2 * 3_600_000)).toBe(
      "While you were away for 2 hours, Bob changed “Goals”, “Extent” (new) and “Scope” (removed). It is merged with your text.");
    expect(sentence(changed.slice(0, 1), [], "ada", null)).toMatch(/^Meanwhile, someone changed “Goals”\./);
  });
});

describe("being away", () => {
  const version = (text: string): Version => ({ documentUrl: "automerge:x", heads: [], text });

  test("counts from the first cut to the last word of the server, with the text of the return", () => {
    const away = new Away();
    away.gone(1_000);
    away.gone(5_000);
    away.back(version("mine"));
    expect(away.caughtUp(1_000 + WORTH_MILLISECONDS)).toEqual({ away: WORTH_MILLISECONDS, before: version("mine") });
    expect(away.caughtUp(99_000)).toBeNull();
  });

  test("for a moment is not worth a word", () => {
    const away = new Away();
    away.gone(1_000);
    away.back(version("mine"));
    expect(away.caughtUp(1_500)).toBeNull();
  });

  test("a connection that never was away says nothing", () => {
    const away = new Away();
    away.back(version("mine"));
    expect(away.caughtUp(99_000)).toBeNull();
  });

  test("for an unknown time is always worth a word", () => {
    const away = new Away();
    away.gone(null);
    away.back(version("mine"));
    expect(away.caughtUp(1)?.away).toBeNull();
  });
});

describe("the return", () => {
  const config = { person: { id: "ada" }, writersUrl: "/w/{id}" } as EditorConfig;
  const absence = { away: null, before: { documentUrl: "automerge:x", heads: [], text: PAGE } };
  const after = PAGE.replace("Two.", "2.");

  function met(get: Api["get"]) {
    const show = vi.fn<Notices["show"]>();
    const goTo = vi.fn();
    const done = welcome(absence, new Map([["x", ["aa", "bb"]]]), { text: () => after, goTo }, config, { get },
      { show } as unknown as Notices);
    return { done, show, goTo };
  }

  test("names who it was, and leads there", async () => {
    const get = vi.fn(async () => ({ items: [BOB] })) as unknown as Api["get"];
    const { done, show, goTo } = met(get);
    await done;
    expect(get).toHaveBeenCalledWith("/w/x?actors=aa%2Cbb");
    const [words, options] = show.mock.calls[0]!;
    expect(words).toContain("Bob changed “Scope”");
    options!.actions![0]!.act();
    expect(goTo).toHaveBeenCalledWith(12);
  });

  test("goes on without names when the server does not give them", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const { done, show } = met(async () => { throw new ApiError("no", 500); });
    await done;
    expect(show.mock.calls[0]![0]).toContain("someone changed “Scope”");
  });
});

describe("the bell", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("says how many, up to a hundred", () => {
    expect([howMany(3), howMany(99), howMany(100)]).toEqual(["3", "99", "99+"]);
  });

  test("asks when the page is looked at, and not while the server is away", async () => {
    const looked: (() => void)[] = [];
    const page = {
      visibilityState: "hidden", addEventListener: (_: string, act: () => void) => looked.push(act), removeEventListener: vi.fn(),
    };
    vi.stubGlobal("document", page);
    vi.spyOn(console, "info").mockImplementation(() => {});
    const said: number[] = [];
    const answers = [async () => ({ unread: 2 }), async () => { throw new ApiError("away", 0); }, async () => ({ unread: 3 })];
    const get = vi.fn(() => answers.shift()!());
    const stop = keepRinging({ show: (unread: number) => said.push(unread) } as unknown as Bell, { get } as unknown as Api, "/unread");
    await Promise.resolve();
    expect(get).not.toHaveBeenCalled();
    page.visibilityState = "visible";
    for (let times = 0; times < 3; times++) {
      looked[0]!();
      await new Promise((done) => setTimeout(done, 0));
    }
    stop();
    expect(said).toEqual([2, 3]);
    expect(page.removeEventListener).toHaveBeenCalledOnce();
  });
});
