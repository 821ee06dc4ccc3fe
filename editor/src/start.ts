/** Open the page, and hold on to the text until it is safe. */
import wasmUrl from "@automerge/automerge/automerge.wasm?url";
import { initializeWasm } from "@automerge/automerge-repo/slim";
import "./styles/tokens.css";
import "./styles/app.css";
import "./styles/text.css";
import "./styles/prose.css";
import { Api, ApiError } from "./api/http";
import type { EditorConfig } from "./config";
import { Frame } from "./frame";
import { Book, type KeptPage } from "./kept/book";
import { keepCursor, restoreCursor } from "./kept/cursor";
import { Keeping } from "./kept/keeping";
import { afterLoading, registerWorker } from "./kept/register";
import { amountSent, deliverAddress, titleOf, type Delivered } from "./kept/sending";
import { hear } from "./kept/tabs";
import { moment } from "./kept/words";
import { Live } from "./live";
import { Model } from "./machine/model";
import { keepRinging } from "./news/bell";
import { welcome } from "./news/homecoming";
import { Page } from "./page";
import { patch } from "./preview/patch";
import { Rescue } from "./rescue";
import { explained } from "./sync/closing";
import { Journal } from "./sync/journal";
import { Registry } from "./sync/registry";
import { openShelf } from "./sync/shelf";
import { openStorage } from "./sync/storage";
import { Succession } from "./succession";

/** Start the editor in `root`; `kept`: what this device has of the page, when the server did not answer. */
export async function start(root: HTMLElement, config: EditorConfig, kept: KeptPage | null = null): Promise<void> {
  const shelf = openShelf();
  const frame = new Frame(root, config, shelf);
  const model = new Model();
  model.listen((words) => frame.status.show(words));
  const api = new Api(config.csrfToken, undefined, () => freshToken(config));
  if (frame.bell) keepRinging(frame.bell, api, config.unreadUrl);
  const keeping = await startKeeping(config, shelf, kept);
  if (kept) showKept(frame, kept);
  const desk: Desk = { config, frame, model, api, keeping };
  if (config.documentUrl) await startLive(desk, new Registry(shelf, config.person.id), kept);
  else await startReading(desk);
}

/** What every way to open a page needs. */
interface Desk {
  readonly config: EditorConfig;
  readonly frame: Frame;
  readonly model: Model;
  readonly api: Api;
  readonly keeping: Keeping | null;
}

/** Note the page in this device's book, and look after the service worker when nothing else is to do. */
async function startKeeping(
  config: EditorConfig, shelf: Storage | null, kept: KeptPage | null,
): Promise<Keeping | null> {
  if (!config.workerUrl) return null;
  afterLoading(() => void registerWorker(config.workerUrl!, true));
  const book = await Book.open();
  if (!book) return null;
  const keeping = new Keeping(book, shelf, config);
  if (!kept) {
    await book.enter(config.person);
    keeping.opened(config, location.pathname);
    void keeping.flush(); // it may be closed again at once
  }
  return keeping;
}

/** The server is away: say whose word this is, and show its last rendering. */
function showKept(frame: Frame, kept: KeptPage): void {
  const words = `The server cannot be reached. This is the page as this device kept it on ${moment(kept.keptAt)}; `
    + "what you type is kept here, too, and sent when the server is back.";
  frame.notices.show(words, { kind: "info", name: "kept" });
  if (kept.html && patch(frame.previewBody, kept.html)) frame.previewBody.dataset["ready"] = "";
}

/** Text of other pages that waits on this device goes, too, once the server is there. */
async function sendOthers({ config, keeping, api, frame }: Desk): Promise<void> {
  const journal = new Journal(openShelf(), config.person.id, "");
  const sent = (await keeping?.sendOthers(journal, (url, bytes) => api.send<Delivered>(url, bytes))) ?? [];
  for (const one of sent.filter(({ taken }) => taken > 0)) {
    const words = `What you typed into “${titleOf(one)}” (${amountSent(one)}) is on the server now.`;
    frame.notices.show(words, { name: `sent ${one.edit}`, link: { href: one.edit, text: "Open it" } });
  }
}

/** The form token of the session there is now; the home page has it, and opens no document. */
async function freshToken(config: EditorConfig): Promise<string | null> {
  const answer = await fetch(config.homeUrl, { credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok) return null;
  const home = new DOMParser().parseFromString(await answer.text(), "text/html");
  // Someone else may have signed in here meanwhile: this page's text is not sent in their name.
  if (home.body.dataset["person"] && home.body.dataset["person"] !== config.person.id) return null;
  return home.querySelector<HTMLInputElement>("input[name=csrf]")?.value ?? null;
}

/** A page that is not live: its text, read-only, with the reason. */
async function startReading(desk: Desk): Promise<void> {
  const { config, frame, model, api, keeping } = desk;
  followSession(desk, null, null);
  model.learn({ readOnlyReason: config.readOnlyReason ?? "this page cannot be edited live", connected: true });
  model.happen("fetch");
  try {
    const text = config.textUrl ? await api.text(config.textUrl) : "";
    new Page(config, api, frame, model, keeping, null, null, text.replace(/\r\n?/g, "\n"));
    model.happen("success");
    void sendOthers(desk);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    model.learn({ failure: error.message });
    model.happen("failed");
  }
}

async function startLive(desk: Desk, registry: Registry, kept: KeptPage | null): Promise<void> {
  const { config, frame, model, api, keeping } = desk;
  const [storage] = await Promise.all([
    openStorage(config.person.id),
    initializeWasm(fetch(wasmUrl) as unknown as Parameters<typeof initializeWasm>[0]),
  ]);
  const journal = new Journal(openShelf(), config.person.id, crypto.randomUUID());
  const rescue = new Rescue(config, api, registry, journal, storage, frame.notices);
  rescue.note();
  let page: Page | null = null;
  const live: Live = new Live(config, storage, registry, journal, model, {
    connected: () => {
      frame.notices.clear("kept");
      page?.connected();
      void rescue.settle();
      void succession.tryNow();
      void sendOthers(desk);
    },
    closed: (why) => {
      page?.disconnected();
      const notice = explained(why, location.pathname);
      if (notice) frame.notices.show(notice.text, { kind: "warn", name: "away", ...notice.options });
    },
    replaced: (next) => succession.follow(next),
    stranded: (why) => strand(live, rescue, frame, why, () => page),
    untaken: () => frame.notices.show(
      "The document did not take your last words. They are on the screen and are tried again; copy them to be safe.",
      { kind: "bad", name: "untaken" }),
    unsent: (unsent) => {
      keeping?.unsent(unsent);
      // Not as soon as there is a connection: a server that cannot store takes one and closes it.
      if (unsent === null) frame.notices.clear("away");
    },
    home: (absence) => {
      const screen = { text: () => page!.view.state.sliceDoc(), goTo: (line: number) => page!.goTo(line) };
      if (page) void welcome(absence, live.session.actorsSince(absence.before), screen, config, api, frame.notices);
    },
  });
  const succession = new Succession(live, rescue, () => page);
  guard(desk, live, rescue, () => page);
  followSession(desk, live, rescue);
  if (storage) storage.onFailed = () => model.learn({ keeps: false });
  const handle = await live.open(kept?.keptAt ?? null);
  page = new Page(config, api, frame, model, keeping, live, handle, handle.doc().content);
  restoreCursor(page.view);
  void succession.tryNow();
  void rescue.settle();
}

/** What is here cannot arrive as changes: send the text whole, if all of it is in the document. */
function strand(live: Live, rescue: Rescue, frame: Frame, why: string, page: () => Page | null): void {
  live.flush();
  if (live.session.handle && !live.binding?.waiting) {
    const { socket } = live.session;
    const bytes = (): Uint8Array => (live.flush(), live.session.bytes());
    // What is carried as text must not come as changes as well.
    socket.disconnect();
    void rescue.carry(live.session.documentUrl, bytes, why, (on) => {
      if (on) keepCursor(page()?.view);
      frame.textBox.inert = on;
    }).then((carried) => carried || socket.hurry());
    return;
  }
  const link = { href: location.href, text: "Load the page again" };
  frame.notices.show(why, { kind: "bad", name: "rescue", link });
}

/** Closing the tab: ask only when text is neither stored nor kept on this device. */
function guard({ config, model, api, keeping }: Desk, live: Live, rescue: Rescue, page: () => Page | null): void {
  const secure = (): boolean => {
    if (rescue.leaving) return true;
    const kept = live.secure();
    void keeping?.flush();
    return kept;
  };
  addEventListener("beforeunload", (event) => {
    if (!secure() && model.words.unsaved && model.facts.readOnlyReason === null) event.preventDefault();
  });
  addEventListener("pagehide", (event) => {
    secure();
    if (event.persisted) return; // it may come back from the back/forward cache
    const rest = rescue.leaving || !model.facts.connected ? null : live.rest;
    if (rest) api.leave(deliverAddress(live.session.documentUrl, config.deliverUrl), rest);
    page()?.leave();
    void live.leave();
  });
  document.addEventListener("visibilitychange", secure);
}

/** What other tabs tell: this person signed in again, or signed out; then nothing of theirs is written here. */
function followSession({ config, keeping }: Desk, live: Live | null, rescue: Rescue | null): void {
  hear((news) => {
    if (news.personId !== config.person.id) return;
    if (news.type === "signed-in") {
      live?.session.socket.hurry();
      return;
    }
    if (rescue) rescue.leaving = true;
    keeping?.stop();
    live?.abandon();
    location.replace("/sign-in");
  });
}
