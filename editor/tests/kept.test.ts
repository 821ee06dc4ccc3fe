/** What a device keeps: the book of pages, whose they are, and taking them away. */
import "fake-indexeddb/auto";
import { beforeEach, expect, test } from "vitest";
import { IDBFactory } from "fake-indexeddb";
import { openDB } from "idb";
import { Book, MOST_PAGES, blank, surplus, type Key } from "../src/kept/book";
import { erasePage, erasePerson, storageName } from "../src/kept/erase";
import { addressOf, placeOf } from "../src/kept/place";
import { amount, span, use } from "../src/kept/words";
import { Shelf } from "./shelf";

const ADA = { id: "ada", name: "Ada", color: "#336699" };
const key = (pagePath = "docs/a.md", personId = "ada"): Key => [personId, "main", pagePath];
const unsent = { changes: 2, words: 5, since: 1 };

let book: Book;
beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  book = (await Book.open())!;
});

async function documents(personId: string, ...ids: string[]) {
  const db = await openDB(storageName(personId), 1, { upgrade: (made) => void made.createObjectStore("documents") });
  for (const id of ids) await db.put("documents", { binary: new Uint8Array([1]) }, [id, "snapshot", "x"]);
  return db;
}

test("a page is found by its address, however that was written", async () => {
  await book.write(key(), (page) => ({ ...page, tails: ["docs/a"] }));
  for (const tail of ["main/docs/a.md", "docs/a"]) expect((await book.find("ada", tail))?.pagePath).toBe("docs/a.md");
  expect(await book.find("ada", "main/docs/b.md")).toBeNull();
});

test("what is kept for one person is not there for another", async () => {
  await book.write(key(), (page) => page);
  expect(await book.list("bob")).toEqual([]);
  expect(await book.find("bob", "main/docs/a.md")).toBeNull();
});

test("the device knows who was last signed in, and forgets", async () => {
  expect(await book.who()).toBeNull();
  await book.enter(ADA);
  expect(await book.who()).toEqual(ADA);
  await book.leave();
  expect(await book.who()).toBeNull();
});

test("a change keeps what it does not touch", async () => {
  await book.write(key(), (page) => ({ ...page, html: "<p>x</p>" }));
  await book.write(key(), (page) => ({ ...page, unsent }));
  expect(await book.get(key())).toMatchObject({ html: "<p>x</p>", unsent });
});

test("the oldest page goes when there are too many, never one with unsent text", async () => {
  await book.write(key("first.md"), (page) => ({ ...page, unsent }), 0);
  for (let n = 1; n < MOST_PAGES; n += 1) await book.write(key(`${n}.md`), (page) => page, n);
  const gone = await book.write(key("last.md"), (page) => page, 1_000);
  expect(gone.map((page) => page.pagePath)).toEqual(["1.md"]);
  expect(await book.get(key("1.md"))).toBeNull();
  expect(await book.get(key("first.md"))).not.toBeNull();
});

test("nothing goes while all of it is unsent", () => {
  const pages = ["a", "b"].map((name) => ({ ...blank(key(name), 1), unsent }));
  expect(surplus(pages, 1)).toEqual([]);
});

test("removing a page takes its documents and notes, and leaves the others", async () => {
  const shelf = new Shelf();
  const db = await documents("ada", "one", "two", "three");
  shelf.setItem("prdgen.page:ada:main:docs/a.md", JSON.stringify({ documentUrl: "automerge:one", stored: null }));
  shelf.setItem("prdgen.owed:ada:main:docs/a.md", JSON.stringify(["automerge:two"]));
  shelf.setItem("prdgen.journal:ada:one:tab", "[]");
  shelf.setItem("prdgen.journal:ada:three:tab", "[]");
  await book.write(key(), (page) => page);
  await erasePage(book, shelf, (await book.get(key()))!);
  expect(await db.getAllKeys("documents")).toEqual([["three", "snapshot", "x"]]);
  expect([shelf.length, shelf.key(0)]).toEqual([1, "prdgen.journal:ada:three:tab"]);
  expect(await book.list("ada")).toEqual([]);
});

test("signing out leaves nothing of the person, also while another tab is open, and all of others", async () => {
  const shelf = new Shelf();
  const open = await documents("ada", "one");
  const other = await documents("bob", "one");
  for (const id of ["ada", "bob"]) {
    await book.write(key("docs/a.md", id), (page) => page);
    shelf.setItem(`prdgen.journal:${id}:one:tab`, "[]");
  }
  await book.enter(ADA);
  await erasePerson(book, shelf, "ada");
  expect(await open.getAllKeys("documents")).toEqual([]);
  expect(await other.getAllKeys("documents")).toHaveLength(1);
  expect(await book.list("ada")).toEqual([]);
  expect(await book.list("bob")).toHaveLength(1);
  expect([shelf.length, shelf.key(0)]).toEqual([1, "prdgen.journal:bob:one:tab"]);
  expect(await book.who()).toBeNull();
});

test("signing out of a device that keeps nothing is no error", async () => {
  await erasePerson(null, null, "ada");
});

test.each([
  ["/edit/main/docs/a%20b.md", { kind: "edit", tail: "main/docs/a b.md" }],
  ["/p/main/docs/%E0%A4%A.md", { kind: "read", tail: "main/docs/%E0%A4%A.md" }],
  ["/edit/", { kind: "other", tail: "" }],
  ["/pages", { kind: "other", tail: "" }],
])("the place of %s", (pathname, place) => {
  expect(placeOf(pathname)).toEqual(place);
});

test("an address and its place are each other's way back", () => {
  const [branch, pagePath] = ["draft/x", "docs/ünï #1?.md"];
  expect(placeOf(addressOf("edit", branch, pagePath))).toEqual({ kind: "edit", tail: `${branch}/${pagePath}` });
});

test("amounts, spans and uses in words", () => {
  expect([amount({ words: 1, changes: 3 }), amount({ words: 1200, changes: 3 }), amount({ words: 0, changes: 1 })])
    .toEqual(["1 word", "1,200 words", "1 change"]);
  expect([span(1), span(60_000 * 90), span(3 * 86_400_000)]).toEqual(["1 minute", "2 hours", "3 days"]);
  expect(use({ config: null, html: "<p>" })).toBe("to read");
});
