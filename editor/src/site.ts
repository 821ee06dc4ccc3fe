/** What the server's own pages do for the time without the server. They work without it, too. */
import type { Person } from "./config";
import { Book } from "./kept/book";
import { erasePage } from "./kept/erase";
import { imagesOf, pictures } from "./kept/images";
import { guardSigningOut } from "./kept/leaving";
import { addressOf, placeOf } from "./kept/place";
import { afterLoading, registerWorker } from "./kept/register";
import { amountSent, sendWaiting, titleOf, type Delivered } from "./kept/sending";
import { tell } from "./kept/tabs";
import { amount } from "./kept/words";
import { Journal } from "./sync/journal";
import { openShelf } from "./sync/shelf";
import { h } from "./ui/dom";

const PATIENCE_MILLISECONDS = 15_000;

async function begin(): Promise<void> {
  const { session, person: id, personName: name, personColor: color, workerUrl } = document.body.dataset;
  // Neither: an error page that could not look; whoever was signed in still is.
  if (session !== "in" && session !== "out") return;
  const book = await Book.open();
  if (session === "out") {
    await book?.leave();
    return;
  }
  if (!id || !name || !color) return;
  const person = { id, name, color };
  for (const form of document.querySelectorAll<HTMLFormElement>("form[action='/sign-out']")) {
    guardSigningOut(form, book, openShelf(), person, async () => book ? sendUnsent(book, person) : undefined);
  }
  tell({ type: "signed-in", personId: id });
  if (!book) return;
  await book.enter(person);
  await sendUnsent(book, person);
  await showUnsent(book, person);
  await keepReading(book, person);
  if (workerUrl) afterLoading(() => void registerWorker(workerUrl, false));
}

/** Text that waits here goes to the server now, without its page being opened. */
async function sendUnsent(book: Book, person: Person): Promise<void> {
  const token = document.querySelector<HTMLInputElement>("form[action='/sign-out'] input[name=csrf]")?.value;
  if (!token) return;
  const sent = await sendWaiting(book, new Journal(openShelf(), person.id, ""), person.id, async (url, bytes) => {
    const headers = { "Content-Type": "application/octet-stream", "X-CSRF-Token": token };
    const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS);
    const answer = await fetch(url, { method: "POST", headers, body: new Uint8Array(bytes), credentials: "same-origin", signal });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    return answer.json() as Promise<Delivered>;
  });
  // What the server had already was sent while the editor closed.
  for (const one of sent.filter(({ taken }) => taken > 0)) {
    document.getElementById("main")?.prepend(h("div", { class: "notice good sent", role: "status" },
      `What you typed on this device (${amountSent(one)}) is on the server now: `, h("a", { href: one.edit }, titleOf(one)), "."));
  }
}

/** Text on this device that no open page is sending is named on every page. */
async function showUnsent(book: Book, person: Person): Promise<void> {
  const unsent = (await book.list(person.id)).filter((page) => page.unsent);
  if (unsent.length === 0) return;
  const links = unsent.flatMap((page) => [
    h("a", { href: addressOf("edit", page.branch, page.pagePath) }, page.title), ` (${amount(page.unsent!)})`, ", ",
  ]).slice(0, -1);
  const notice = h("div", { class: "notice unsent", role: "status" },
    "You typed text on this device that is not on the server yet: ", ...links, ". Open the page to send it.");
  document.getElementById("main")?.prepend(notice);
}

/** A page that is read is kept for reading. */
async function keepReading(book: Book, person: Person): Promise<void> {
  const article = document.querySelector<HTMLElement>("article[data-page-path]");
  const { branch, pagePath, title } = article?.dataset ?? {};
  if (!article || !branch || !pagePath) return;
  const body = article.cloneNode(true) as HTMLElement;
  for (const extra of body.querySelectorAll(".facts")) extra.remove();
  const { tail } = placeOf(location.pathname);
  const gone = await book.write([person.id, branch, pagePath], (page) => ({
    ...page,
    title: title || page.title,
    tails: tail === `${branch}/${pagePath}` || page.tails.includes(tail) ? page.tails : [...page.tails, tail],
    html: body.innerHTML,
    keptAt: Date.now(),
  }));
  for (const page of gone) await erasePage(book, openShelf(), page);
  await imagesOf(person.id)?.keep(pictures(article));
}

begin().catch((error: unknown) => console.error(error));
