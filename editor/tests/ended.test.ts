/** People in a draft are told when it ends, and who types on is told again. */
import { expect, test, vi } from "vitest";
import { Ended, told, type End } from "../src/ended";

const merged: End = {
  state: "merged", title: "Cheaper", by: "Ada", draft: "/drafts/1", page: "/p/main/a.md", on_main: true, branch_stays: true,
};

test("what became of the draft is said in words, and where words go that are typed now", () => {
  expect(told(merged, true)).toMatch(/“Cheaper” was merged into main by Ada\. .*not on main: it is kept in the branch/);
  expect(told(merged, false)).toBe("The draft “Cheaper” was merged into main by Ada.");
  expect(told({ ...merged, state: "closed" }, true)).toContain("closed by Ada; it can be opened again");
  const deleted: End = { ...merged, state: "deleted", title: "draft/x", by: null, branch_stays: false };
  expect(told(deleted, true)).toMatch(/draft\/x was deleted; what was committed on it is on main\. .*recovered/);
  expect(told({ ...deleted, on_main: false }, false)).toBe("The branch draft/x was deleted.");
});

test("it is shown once, again with the first key, and taken away when the draft goes on", () => {
  const notices = { show: vi.fn(), clear: vi.fn() };
  const ended = new Ended(notices as never, true);
  ended.typed();
  expect(notices.show).not.toHaveBeenCalled();
  for (let answers = 0; answers < 2; answers++) ended.heard({ ...merged });
  expect(notices.show).toHaveBeenCalledOnce();
  expect(notices.show.mock.calls[0]![1]).toMatchObject({ kind: "info", link: { href: "/p/main/a.md" } });
  for (let keys = 0; keys < 3; keys++) ended.typed();
  expect(notices.show).toHaveBeenCalledTimes(2);
  expect(notices.show.mock.calls[1]![1]).toMatchObject({ kind: "warn" });
  ended.heard(null);
  expect(notices.clear).toHaveBeenCalledOnce();
});
