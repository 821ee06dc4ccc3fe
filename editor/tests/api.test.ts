/** Calls to the server, the preview's manners, and the shell's configuration. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Api, ApiError } from "../src/api/http";
import { BadShell, readConfig, readOnlyReason, type EditorConfig } from "../src/config";
import { PreviewClient, type Preview } from "../src/preview/client";
import { nextTheme } from "../src/ui/theme";

function answer(body: unknown, status = 200, type = "application/json"): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": type } });
}

describe("the API", () => {
  test("a post carries the token and JSON", async () => {
    const fetching = vi.fn(async (_url: string, _init?: RequestInit) => answer({ ok: 1 }));
    expect(await new Api("secret", fetching).post("/x", { a: 1 })).toEqual({ ok: 1 });
    const [url, init] = fetching.mock.calls[0]!;
    expect([url, init?.method, init?.body]).toEqual(["/x", "POST", '{"a":1}']);
    expect(init?.headers).toMatchObject({ "X-CSRF-Token": "secret", "Content-Type": "application/json" });
  });

  test("whoever signed in again goes on with the new session's token", async () => {
    const fetching = vi.fn(async (_url: string, init?: RequestInit) =>
      (init?.headers as Record<string, string>)["X-CSRF-Token"] === "new" ? answer({ ok: 1 }) : answer({}, 403));
    const api = new Api("old", fetching, async () => "new");
    expect(await api.post("/x", {})).toEqual({ ok: 1 });
    await api.post("/x", {});
    expect(fetching).toHaveBeenCalledTimes(3);
  });

  test("bytes go as bytes, and an empty answer is empty", async () => {
    const fetching = vi.fn(async (_url: string, _init?: RequestInit) => new Response(null, { status: 204 }));
    expect(await new Api("t", fetching).send("/late", new Uint8Array([1, 2]))).toEqual({});
    expect(fetching.mock.calls[0]![1]?.headers).toMatchObject({ "Content-Type": "application/octet-stream" });
  });

  test.each(["get", "text", "post"] as const)("an answer that is cut off is said (%s)", async (how) => {
    const cut = new ReadableStream({ start: (to) => to.error(new TypeError("Failed to fetch")) });
    const api = new Api("t", async () => new Response(cut));
    const call = how === "post" ? api.post("/x", {}) : api[how]("/x");
    await expect(call).rejects.toThrowError(ApiError);
    await expect(call).rejects.toThrow("cut off");
  });

  test("a problem comes with its detail and cure", async () => {
    const problem = { title: "Refused", detail: "The hook said no.", cure: "Correct the title." };
    const api = new Api("t", async () => answer(problem, 422, "application/problem+json"));
    await expect(api.get("/x")).rejects.toMatchObject({ message: "The hook said no.", cure: "Correct the title.", status: 422 });
  });

  test("an answer that is no JSON has words, too", async () => {
    const api = new Api("t", async () => new Response("<h1>", { status: 502 }));
    await expect(api.text("/x")).rejects.toThrow("The server answered 502.");
  });

  test("a server that is away is status 0", async () => {
    const api = new Api("t", async () => { throw new TypeError("network"); });
    await expect(api.get("/x")).rejects.toMatchObject({ status: 0 });
  });
});

describe("the preview", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function client(post: (url: string, body: unknown, signal?: AbortSignal) => Promise<unknown>) {
    const page = { text: "one" };
    const shown: string[] = [];
    const trouble: (string | null)[] = [];
    const made = new PreviewClient({ post: post as Api["post"] }, "/p", { branch: "b", pagePath: "p" },
      () => page.text, { shown: (preview) => shown.push(preview.html), trouble: (words) => trouble.push(words) });
    return { made, page, shown, trouble };
  }

  const rendered = (body: unknown): Preview => ({ html: (body as { text: string }).text, problems: [], outline: [] });

  test("asks once, a moment after the last key", async () => {
    const post = vi.fn(async (_url: string, body: unknown) => rendered(body));
    const { made, page, shown } = client(post);
    made.changed();
    await vi.advanceTimersByTimeAsync(150);
    page.text = "two";
    made.changed();
    await vi.advanceTimersByTimeAsync(200);
    expect([post.mock.calls.length, shown]).toEqual([1, ["two"]]);
    expect(post.mock.calls[0]![1]).toEqual({ branch: "b", page_path: "p", text: "two" });
  });

  test("an answer that was overtaken is not shown", async () => {
    const waiting: ((preview: Preview) => void)[] = [];
    const { made, page, shown } = client((_url, body) =>
      new Promise((give) => waiting.push(() => give(rendered(body)))));
    void made.refresh();
    page.text = "two";
    void made.refresh();
    waiting[1]!({} as Preview);
    waiting[0]!({} as Preview);
    await vi.advanceTimersByTimeAsync(0);
    expect(shown).toEqual(["two"]);
  });

  test("the same text is not asked for twice", async () => {
    const post = vi.fn(async (_url: string, body: unknown) => rendered(body));
    const { made } = client(post);
    await made.refresh();
    await made.refresh();
    expect(post).toHaveBeenCalledOnce();
  });

  test("away: says so, tries again, and takes it back", async () => {
    let away = true;
    const { made, trouble, shown } = client(async (_url, body) => {
      if (away) throw new ApiError("", 0);
      return rendered(body);
    });
    await made.refresh();
    away = false;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(trouble).toEqual(["The preview waits for the server.", null]);
    expect(shown).toEqual(["one"]);
  });

  test("refused: says why and does not insist", async () => {
    const post = vi.fn(async () => { throw new ApiError("Too large.", 413); });
    const { made, trouble } = client(post);
    await made.refresh();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([trouble, post.mock.calls.length]).toEqual([["No preview: Too large."], 1]);
    made.stop();
  });
});

describe("the shell", () => {
  const least = {
    syncUrl: "/sync", branch: "main", pagePath: "a.md", title: "A", person: { id: "1", name: "A", color: "#123456" },
    previewUrl: "/p", saveVersionUrl: "/v", conflictsUrl: "/c", pageUrl: "/a", historyUrl: "/h",
    csrfToken: "t", cspNonce: "n", serverStorageId: "s",
  };

  test("gets defaults for what may be missing", () => {
    expect(readConfig(JSON.stringify(least))).toMatchObject({ documentUrl: null, canWrite: false, liveLimit: 262_144, homeUrl: "/" });
  });

  test("is told what it lacks", () => {
    expect(() => readConfig(undefined)).toThrow(BadShell);
    expect(() => readConfig(JSON.stringify({ ...least, csrfToken: undefined, title: undefined }))).toThrow("title, csrfToken");
  });

  test.each<[Partial<EditorConfig>, string | null]>([
    [{ documentUrl: "automerge:x", canWrite: true }, null],
    [{ documentUrl: "automerge:x", canWrite: false }, "your role is reader"],
    [{ documentUrl: null, canWrite: true }, "this page cannot be edited live"],
    [{ documentUrl: null, canWrite: true, readOnlyReason: "it is not UTF-8" }, "it is not UTF-8"],
  ])("%j: %s", (config, reason) => {
    expect(readOnlyReason(readConfig(JSON.stringify({ ...least, ...config })))).toBe(reason);
  });

  test("colours go round", () => {
    expect([nextTheme("system"), nextTheme("dark"), nextTheme("light")]).toEqual(["dark", "light", "system"]);
  });
});
