/** A page renamed while it is open: later calls name the new path. */
import { afterEach, expect, test, vi } from "vitest";
import { asking, goOn, movedTo, told } from "../src/renamed";
import type { EditorConfig } from "../src/config";

const config = {
  branch: "main", pagePath: "site/old.md", pageUrl: "/p/main/site/old.md", historyUrl: "/history/main/site/old.md",
  statusUrl: "/api/documents/main/site/old.md", documentUrl: "automerge:abc",
} as EditorConfig;

afterEach(() => vi.unstubAllGlobals());

test("the same path changes nothing, nor does an answer of an older server", () => {
  expect(movedTo(config, "site/old.md")).toBeNull();
  expect(movedTo(config, undefined)).toBeNull();
});

test("another path changes every address", () => {
  expect(movedTo(config, "site/new name.md")).toEqual({
    pagePath: "site/new name.md",
    pageUrl: "/p/main/site/new%20name.md",
    historyUrl: "/history/main/site/new%20name.md",
    statusUrl: "/api/documents/main/site/new%20name.md",
    conflictsUrl: "/api/conflicts?branch=main&page_path=site%2Fnew+name.md",
  });
  expect(movedTo({ ...config, statusUrl: null }, "site/new.md")).not.toHaveProperty("statusUrl");
});

test("the document goes along with what is asked, and the words name the new path", () => {
  expect(asking(config)).toBe("/api/documents/main/site/old.md?document=automerge%3Aabc");
  expect(told("site/new.md")).toContain("site/new.md");
});

test("the editor goes on under the new address, and it is said once", () => {
  const replaceState = vi.fn();
  vi.stubGlobal("history", { state: null, replaceState });
  const mine = { ...config };
  const [keeping, notices] = [{ renamed: vi.fn() }, { show: vi.fn() }];
  for (let answers = 0; answers < 2; answers++) goOn(mine, { page_path: "site/new.md" }, keeping as never, notices as never);
  expect(mine.pagePath).toBe("site/new.md");
  expect(replaceState.mock.calls).toEqual([[null, "", "/edit/main/site/new.md"]]);
  expect(keeping.renamed).toHaveBeenCalledOnce();
  expect(notices.show).toHaveBeenCalledOnce();
});
