/** Text that waits on a device: what of it is sent, from where, and what is forgotten then. */
import "fake-indexeddb/auto";
import { beforeEach, expect, test, vi } from "vitest";
import { IDBFactory } from "fake-indexeddb";
import type { EditorConfig } from "../src/config";
import { Book, type Key } from "../src/kept/book";
import { erasePerson } from "../src/kept/erase";
import { Keeping } from "../src/kept/keeping";
import { amountSent, deliverAddress, sendWaiting, titleOf, type Post } from "../src/kept/sending";
import { Journal } from "../src/sync/journal";
import { Shelf } from "./shelf";

const key = (pagePath: string, personId = "ada"): Key => [personId, "main", pagePath];
const bytes = (...all: number[]) => new Uint8Array(all);
const ANSWER = { edit: "/edit/main/docs/a.md", taken: 1 };

let book: Book;
let shelf: Shelf;
let journal: Journal;
beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  vi.spyOn(console, "warn").mockImplementation(() => {});
  book = (await Book.open())!;
  shelf = new Shelf();
  journal = new Journal(shelf, "ada", "site");
});

/** A page of which `id` waits, whole when bytes are given. */
async function waits(pagePath: string, id: string, parcel: Uint8Array | null = bytes(1, 2), personId = "ada") {
  const documentUrl = `automerge:${id}`;
  await book.write(key(pagePath, personId), (page) => ({
    ...page, config: { documentUrl } as EditorConfig,
    unsent: { changes: 2, words: 5, since: 1, ...(parcel ? { parcel: { documentUrl, bytes: parcel } } : {}) },
  }));
}

/** What a tab wrote down as it was closed. */
function closing(id: string, change: Uint8Array, tab = "tab", personId = "ada") {
  new Journal(shelf, personId, tab).write(id, [change]);
}

const taking = () => vi.fn<Post>(async () => ANSWER);
const unsent = async (pagePath: string) => (await book.get(key(pagePath)))!.unsent;

test("goes to the document's address, and nothing waits any more", async () => {
  await waits("a.md", "one");
  const post = taking();
  const sent = await sendWaiting(book, journal, "ada", post);
  expect(post).toHaveBeenCalledExactlyOnceWith("/api/documents/one/changes", bytes(1, 2));
  expect(sent.map(({ page, edit }) => [page!.pagePath, edit])).toEqual([["a.md", ANSWER.edit]]);
  expect(await unsent("a.md")).toBeNull();
});

test("the last words of closing tabs go behind the document, and are struck out", async () => {
  await waits("a.md", "one");
  closing("one", bytes(3), "tab1");
  closing("one", bytes(4), "tab2");
  const post = taking();
  await sendWaiting(book, journal, "ada", post);
  expect(post).toHaveBeenCalledExactlyOnceWith("/api/documents/one/changes", bytes(1, 2, 3, 4));
  expect(shelf.length).toBe(0);
});

test("last words go by themselves where the book has nothing", async () => {
  await waits("a.md", "one", null);
  closing("one", bytes(3));
  closing("two", bytes(4));
  const post = taking();
  const sent = await sendWaiting(book, journal, "ada", post);
  expect(post.mock.calls).toEqual([["/api/documents/one/changes", bytes(3)], ["/api/documents/two/changes", bytes(4)]]);
  expect(sent.map(({ page }) => page?.pagePath)).toEqual(["a.md", undefined]);
  // The editor may have more of it than what was written down.
  expect(await unsent("a.md")).not.toBeNull();
});

test("what the server does not take waits on, and keeps nothing else from going", async () => {
  await waits("a.md", "one");
  await waits("b.md", "two");
  closing("one", bytes(3));
  const post = vi.fn<Post>(async (url) => {
    if (url.includes("one")) throw new Error("409");
    return ANSWER;
  });
  expect(await sendWaiting(book, journal, "ada", post)).toHaveLength(1);
  expect([(await unsent("a.md")) !== null, await unsent("b.md"), shelf.length]).toEqual([true, null, 1]);
});

test("what was typed meanwhile is not taken for sent", async () => {
  await waits("a.md", "one");
  closing("one", bytes(3));
  await sendWaiting(book, journal, "ada", async () => {
    await waits("a.md", "one", bytes(1, 3));
    closing("one", bytes(4));
    return ANSWER;
  });
  expect((await unsent("a.md"))!.parcel!.bytes).toEqual(bytes(1, 3));
  expect(journal.all().get("one")!.changes).toEqual([bytes(4)]);
});

test("what was signed out of meanwhile does not come back", async () => {
  await waits("a.md", "one");
  await sendWaiting(book, journal, "ada", async () => {
    await erasePerson(book, shelf, "ada");
    return ANSWER;
  });
  expect(await book.get(key("a.md"))).toBeNull();
});

test("the editor at work here sends its own", async () => {
  await waits("a.md", "one");
  await waits("b.md", "two");
  closing("one", bytes(3));
  const sent = await sendWaiting(book, journal, "ada", taking(), key("a.md"));
  expect(sent.map(({ page }) => page!.pagePath)).toEqual(["b.md"]);
  expect([(await unsent("a.md")) !== null, shelf.length]).toEqual([true, 1]);
});

test("nothing of other people's, and nothing where nothing waits", async () => {
  await waits("a.md", "one", bytes(1), "bob");
  closing("one", bytes(2), "tab", "bob");
  await waits("b.md", "two", null);
  const post = taking();
  await sendWaiting(book, journal, "ada", post);
  expect(post).not.toHaveBeenCalled();
  expect(shelf.length).toBe(1);
});

test("each version is put down whole, however like the last one it looks", async () => {
  const keeping = new Keeping(book, null, { person: { id: "ada" }, branch: "main", pagePath: "a.md" } as EditorConfig);
  for (const [version, last] of [["x", 2], ["y", 3]] as const) {
    keeping.unsent({ changes: 1, words: 1, documentUrl: "automerge:one", version, bytes: () => bytes(1, last) });
    await keeping.flush();
    expect((await unsent("a.md"))!.parcel!.bytes).toEqual(bytes(1, last));
  }
  keeping.unsent(null);
  await keeping.flush();
  expect(await unsent("a.md")).toBeNull();
});

test("in words", async () => {
  await waits("a.md", "one");
  const page = (await book.get(key("a.md")))!;
  expect([amountSent({ ...ANSWER, page }), titleOf({ ...ANSWER, page: { ...page, title: "A" } })]).toEqual(["5 words", "A"]);
  expect([amountSent({ ...ANSWER, page: null }), titleOf({ ...ANSWER, page: null })]).toEqual(["1 change", "a.md"]);
  expect(deliverAddress("automerge:one", "/d/{id}")).toBe("/d/one");
});
