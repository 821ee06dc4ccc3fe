/** The service worker: what it touches, and that a shell is whole, private to nobody, and replaced cleanly. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { away, editorParts, renewed, shellParts, way } from "../src/worker/rules";
import { Shell } from "../src/worker/shell";

const ORIGIN = "https://prd.example";

describe("what is touched", () => {
  test.each([
    ["navigate", "/", "page"], ["navigate", "/edit/main/a.md", "page"], ["navigate", "/site/a/", "page"],
    ["navigate", "/offline", "page"], ["navigate", "/raw/main/a.md", "pass"], ["navigate", "/export/main/a.pdf", "pass"],
    ["navigate", "/api/pages", "pass"], ["cors", "/static/editor/assets/main-x.js", "asset"],
    ["no-cors", "/static/prdgen.css?v=1", "asset"], ["cors", "/static/editor/tokens.css", "pass"],
    ["no-cors", "/raw/main/a.png", "picture"], ["cors", "/api/preview", "pass"], ["cors", "/healthz", "pass"],
  ])("%s %s: %s", (mode, path, expected) => {
    expect(way({ method: "GET", mode, url: ORIGIN + path }, ORIGIN)).toBe(expected);
  });

  test("nothing that changes something, and nothing of other servers", () => {
    expect(way({ method: "POST", mode: "navigate", url: `${ORIGIN}/sign-in/x` }, ORIGIN)).toBe("pass");
    expect(way({ method: "GET", mode: "navigate", url: "https://other.example/edit/a" }, ORIGIN)).toBe("pass");
  });

  test("a proxy's word that the server is away counts as away, a refusal does not", () => {
    expect([502, 503, 504].map(away)).toEqual([true, true, true]);
    expect([200, 403, 404, 500].map(away)).toEqual([false, false, false, false]);
  });
});

test("a page names its files, each once", () => {
  const html = '<link href="/static/a.css?v=1&amp;x"><script src="/static/b.js"></script><div data-parts="/static/b.js /c">';
  expect(shellParts(html)).toEqual(["/static/a.css?v=1&x", "/static/b.js", "/c"]);
  expect(editorParts('<div data-editor-parts="/a /b">')).toEqual(["/a", "/b"]);
});

test("a nonce is never given twice", () => {
  const fresh = renewed('<div data-nonce="old">', "style-src 'self' 'nonce-old'", "new");
  expect(fresh).toEqual({ html: '<div data-nonce="new">', policy: "style-src 'self' 'nonce-new'" });
  expect(renewed("<p>", "", "new")).toEqual({ html: "<p>", policy: "" });
});

/** `CacheStorage`, as far as the shell uses it. */
class Caches {
  readonly held = new Map<string, Map<string, Response>>();

  async keys() {
    return [...this.held.keys()];
  }

  async delete(name: string) {
    return this.held.delete(name);
  }

  async match(url: string) {
    for (const cache of this.held.values()) if (cache.has(url)) return cache.get(url)!.clone();
    return undefined;
  }

  async open(name: string) {
    const cache = this.held.get(name) ?? new Map<string, Response>();
    this.held.set(name, cache);
    const urlOf = (asked: string | { url: string }): string => typeof asked === "string" ? asked : asked.url;
    return {
      match: async (asked: string | { url: string }) => cache.get(urlOf(asked))?.clone(),
      put: async (asked: string | { url: string }, answer: Response) => void cache.set(urlOf(asked), answer),
      addAll: async (urls: string[]) => {
        for (const url of urls) cache.set(url, await fetch(url));
      },
    };
  }
}

describe("the shell", () => {
  let caching: Caches;
  let html: string;
  let status: number;
  const shell = (version: string): Shell => new Shell(version, caching as unknown as CacheStorage);
  const page = (version: string): string =>
    `<link href="/static/${version}.js"><div data-nonce="old" data-editor-parts="/editor-${version}">${version}</div>`;

  beforeEach(() => {
    caching = new Caches();
    status = 200;
    html = page("one");
    vi.stubGlobal("fetch", async () =>
      new Response(html, { status, headers: { "Content-Security-Policy": "style-src 'nonce-old'" } }));
  });
  afterEach(() => void vi.unstubAllGlobals());

  test("is kept whole, and answers with a nonce of its own", async () => {
    await shell("one").install();
    const answer = await shell("one").page("fresh");
    expect(await answer!.text()).toContain('data-nonce="fresh"');
    expect(answer!.headers.get("Content-Security-Policy")).toBe("style-src 'nonce-fresh'");
    expect(await caching.match("/static/one.js")).toBeDefined();
  });

  test.each([["an error", 503, ""], ["a proxy's sign-in page", 200, "<p>Sign in</p>"]])(
    "%s is not taken for it", async (_name, answered, text) => {
      [status, html] = [answered, text];
      await expect(shell("one").install()).rejects.toThrow("no shell");
      expect(await shell("one").page("x")).toBeNull();
    });

  test("brings the editor along only where it was used", async () => {
    await shell("one").install();
    expect(await caching.match("/editor-one")).toBeUndefined();
    await shell("one").keepEditor();
    expect(await caching.match("/editor-one")).toBeDefined();
    html = page("two");
    await shell("two").install();
    expect(await caching.match("/editor-two")).toBeDefined();
  });

  test("a new version takes over; the one before stays for open tabs, older ones go", async () => {
    for (const version of ["one", "two", "three"]) {
      html = page(version);
      await shell(version).install();
      await shell(version).tidy();
    }
    expect(await caching.keys()).toEqual(["prdgen-shell-two", "prdgen-shell-three"]);
    expect(await (await shell("three").page("x"))!.text()).toContain("three");
    const old = await shell("three").asset({ url: "/static/two.js" } as Request);
    expect(await old.text()).toContain("two");
  });
});
