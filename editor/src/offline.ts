/** The entry of the shell: what this device can show of an address while the server is away. */
import type { Person } from "./config";
import { Book, type KeptPage } from "./kept/book";
import { placeOf, addressOf } from "./kept/place";
import { watchServer } from "./kept/server";
import { Shelf } from "./kept/shelf";
import { amount, moment } from "./kept/words";
import { blocksOf } from "./preview/patch";
import { openShelf } from "./sync/shelf";
import { fill, h } from "./ui/dom";

interface Device {
  readonly root: HTMLElement;
  readonly main: HTMLElement;
  /** Whether the server is there, in words. */
  readonly line: HTMLElement;
  readonly book: Book | null;
  readonly who: Person | null;
}

async function begin(root: HTMLElement): Promise<void> {
  const book = await Book.open();
  const who = (await book?.who()) ?? null;
  const { kind, tail } = placeOf(location.pathname);
  const page = book && who && kind !== "other" ? await book.find(who.id, tail) : null;
  if (kind === "edit" && page?.config) return openEditor(root, page);
  const line = h("p", { class: "notice server-line", role: "status" }, "Looking for the server …");
  const device: Device = { root, main: root.querySelector("main")!, line, book, who };
  if (page?.html) read(device, page, page.html);
  else await list(device);
}

/** The editor, on what this device has; it goes on by itself when the server is back. */
async function openEditor(root: HTMLElement, page: KeptPage): Promise<void> {
  const nonce = root.dataset["nonce"] ?? "";
  for (const link of document.querySelectorAll("link[data-shell-style]")) link.remove();
  document.body.className = "editing";
  document.title = `${page.title} · edit · prdgen`;
  const { start } = await import("./start");
  fill(root);
  await start(root, { ...page.config!, cspNonce: nonce }, page);
}

/** A page to read. */
function read({ main, line }: Device, page: KeptPage, html: string): void {
  document.title = `${page.title} · prdgen`;
  document.body.dataset["view"] = "reading";
  main.className = "page";
  const edit = page.config?.documentUrl
    ? [h("a", { class: "button primary", href: addressOf("edit", page.branch, page.pagePath) }, "Edit")] : [];
  const bar = h("div", { class: "page-bar" },
    h("p", { class: "crumbs muted" }, `${page.branch} / ${page.pagePath}`),
    h("p", { class: "actions" }, ...edit, h("a", { class: "button", href: "/offline" }, "Kept on this device")));
  const article = h("article", { class: "prose" }, ...blocksOf(html));
  for (const link of article.querySelectorAll("a[target]")) link.removeAttribute("target");
  fill(main, bar, line, article);
  const without = page.unsent ? ` It is without what you typed since (${amount(page.unsent)}); that is in the editor.` : "";
  watchServer((there) => {
    const again = h("a", { href: location.href }, "Load the newest");
    if (there) fill(line, "The server is there again. ", again);
    else fill(line, `The server cannot be reached. This is the page as this device kept it on ${moment(page.keptAt)}.${without}`);
  });
}

/** The list, and why it is shown. */
async function list({ main, line, book, who }: Device): Promise<void> {
  const { kind, tail } = placeOf(location.pathname);
  const asked = location.pathname !== "/offline";
  const title = kind === "other" ? (asked ? "The server cannot be reached" : "Kept on this device")
    : "This page is not on this device";
  document.title = `${title} · prdgen`;
  const shelf = book && who ? new Shelf(book, openShelf(), who) : null;
  await shelf?.show();
  const intro = who
    ? `These pages can be opened without the server, here, by ${who.name}. Each page you open is kept, up to a hundred; signing out takes them away.`
    : "Nobody is signed in here, so nothing is shown. Text that was not sent is kept for whoever typed it, until they sign in again.";
  fill(main, h("h1", {}, title),
    ...(kind === "other" ? [] : [h("p", {}, h("strong", {}, tail), " was not opened on this device before.")]),
    line,
    ...(asked ? [h("h2", {}, "Kept on this device")] : []),
    h("p", { class: "muted" }, intro), ...(shelf ? [shelf.element] : [h("p", {}, h("a", { class: "button", href: "/sign-in" }, "Sign in"))]));
  let away = false;
  watchServer((there) => {
    // Only when it was away before: an answer that leads here again must not go round for ever.
    if (there && asked && away) location.reload();
    away ||= !there;
    const on = asked ? h("a", { href: location.href }, "Load the page") : h("a", { href: "/" }, "All pages");
    fill(line, ...(there ? ["The server is there. ", on]
      : ["The server cannot be reached. This page looks for it every few seconds."]));
  });
}

const root = document.getElementById("offline");
if (root) {
  begin(root).catch((error: unknown) => {
    console.error(error);
    root.append(`This page could not start: ${String(error)}`);
  });
}
