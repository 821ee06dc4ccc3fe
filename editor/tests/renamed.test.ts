/** A page renamed while it is open: later calls name the new path. */
import { afterEach, expect, test, vi } from "vitest";
import { asking, goOn, movedTo, relink, told } from "../src/renamed";
import type { EditorConfig } from "../src/config";

const config = {
  branch: "main", pagePath: "site/old.md", pageUrl: "/p/main/site/old.md", historyUrl: "/history/main/site/old.md",
  statusUrl: "/api/documents/main/site/old.md", documentUrl: "automerge:abc",
  exportUrls: { pdf: "/export/main/site/old.md?format=pdf", md: "/export/main/site/old.md?format=md" },
} as EditorConfig;

afterEach(() => vi.unstubAllGlobals());

test("the same path changes nothing, nor does an answer of an older server", () => {
  expect(movedTo(config, { branch: "main", page_path: "site/old.md" })).toBeNull();
  expect(movedTo(config, {})).toBeNull();
});

test("another path changes every address", () => {
  expect(movedTo(config, { page_path: "site/new name.md" })).toEqual({
    branch: "main",
    pagePath: "site/new name.md",
    pageUrl: "/p/main/site/new%20name.md",
    historyUrl: "/history/main/site/new%20name.md",
    statusUrl: "/api/documents/main/site/new%20name.md",
    conflictsUrl: "/api/conflicts?branch=main&page_path=site%2Fnew+name.md",
    exportUrls: {
      pdf: "/export/main/site/new%20name.md?format=pdf", md: "/export/main/site/new%20name.md?format=md",
    },
  });
  expect(movedTo({ ...config, statusUrl: null }, { page_path: "site/new.md" })).not.toHaveProperty("statusUrl");
});

test("the document goes along with what is asked, and the words name the new path", () => {
  expect(asking(config)).toBe("/api/documents/main/site/old.md?document=automerge%3Aabc");
  expect(told(config, { ...config, pagePath: "site/new.md" })).toBe("This page is now called site/new.md.");
});

test("the editor goes on under the new address, and it is said once", () => {
  const replaceState = vi.fn();
  vi.stubGlobal("history", { state: null, replaceState });
  vi.stubGlobal("document", { querySelectorAll: () => [] });
  const mine = { ...config };
  const [keeping, notices] = [{ renamed: vi.fn() }, { show: vi.fn() }];
  for (let answers = 0; answers < 2; answers++) goOn(mine, { page_path: "site/new.md" }, keeping as never, notices as never);
  expect(mine.pagePath).toBe("site/new.md");
  expect(replaceState.mock.calls).toEqual([[null, "", "/edit/main/site/new.md"]]);
  expect(keeping.renamed).toHaveBeenCalledOnce();
  expect(notices.show).toHaveBeenCalledOnce();
});

test("another branch changes them, too, with the draft it is", () => {
  const drafted = { ...config, branch: "draft/a", draftUrl: "/drafts/draft/a" };
  const now = { ...drafted, ...movedTo(drafted, { branch: "plan#2", page_path: "site/old.md" }) } as EditorConfig;
  expect(now).toMatchObject({ branch: "plan#2", pageUrl: "/p/plan%232/site/old.md", draftUrl: "/drafts/refs/heads/plan%232" });
  expect(told(drafted, now)).toBe("The branch of this draft is now called plan#2. You go on in it.");
  expect(told(drafted, { ...now, pagePath: "b.md" })).toContain("plan#2, and this page b.md.");
});

test("links to the page lead to its new addresses, others stay", () => {
  const link = (href: string): Element => {
    let now = href;
    return { getAttribute: () => now, setAttribute: (_: string, to: string) => (now = to) } as unknown as Element;
  };
  const links = ["/p/main/site/old.md", "/export/main/site/old.md?format=pdf", "/", "/p/main/site/old.md.md"].map(link);
  const now = { ...config, ...movedTo(config, { page_path: "site/new.md" }) } as EditorConfig;
  relink(links, config, now);
  expect(links.map((one) => one.getAttribute("href")))
    .toEqual(["/p/main/site/new.md", "/export/main/site/new.md?format=pdf", "/", "/p/main/site/old.md.md"]);
});
