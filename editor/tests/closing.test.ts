/** What a closed connection is told as, where the status line is too short for it. */
import { expect, test } from "vitest";
import { closing, explained } from "../src/sync/closing";

test("a full disk and a lost session are explained, the session with a way to sign in", () => {
  const full = explained(closing(1013, "PostgreSQL is not answering: No space left on device."), "/edit/main/a.md");
  expect(full).toMatchObject({ options: {} });
  expect(full!.text).toContain("No space left on device. What you type is kept on this device");
  expect(explained(closing(4401, ""), "/edit/main/a b.md")).toEqual({
    text: "You are signed out. What you type is kept on this device, and sent when you have signed in again.",
    options: { link: { href: "/sign-in?next=%2Fedit%2Fmain%2Fa%20b.md", text: "Sign in" } },
  });
  expect(explained(closing(1006, ""), "/")).toBeNull();
  expect(explained(closing(4413, "Too large"), "/")).toBeNull();
});
