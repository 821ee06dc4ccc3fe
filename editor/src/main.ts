/** The entry: read the shell, open the page, and hold on to the text until it is safe. */
import wasmUrl from "@automerge/automerge/automerge.wasm?url";
import { initializeWasm } from "@automerge/automerge-repo/slim";
import "./styles/tokens.css";
import "./styles/app.css";
import "./styles/text.css";
import "./styles/prose.css";
import { Api, ApiError } from "./api/http";
import { readConfig, type EditorConfig } from "./config";
import { Frame } from "./frame";
import { Live } from "./live";
import { Model } from "./machine/model";
import { Page } from "./page";
import { Rescue } from "./rescue";
import { Journal } from "./sync/journal";
import { Registry } from "./sync/registry";
import { openShelf, openStorage } from "./sync/storage";
import { Succession } from "./succession";

async function start(root: HTMLElement): Promise<void> {
  const config = readConfig(root.dataset["config"]);
  const shelf = openShelf();
  const frame = new Frame(root, config, shelf);
  const model = new Model();
  model.listen((words) => frame.status.show(words));
  const api = new Api(config.csrfToken, undefined, () => freshToken(config.homeUrl));
  if (config.documentUrl) await startLive(config, frame, model, api, new Registry(shelf, config.person.id));
  else await startReading(config, frame, model, api);
}

/** The form token of the session there is now; the home page has it, and opens no document. */
async function freshToken(homeUrl: string): Promise<string | null> {
  const answer = await fetch(homeUrl, { credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok) return null;
  const home = new DOMParser().parseFromString(await answer.text(), "text/html");
  return home.querySelector<HTMLInputElement>("input[name=csrf]")?.value ?? null;
}

/** A page that is not live: its text, read-only, with the reason. */
async function startReading(config: EditorConfig, frame: Frame, model: Model, api: Api): Promise<void> {
  model.learn({ readOnlyReason: config.readOnlyReason ?? "this page cannot be edited live", connected: true });
  model.happen("fetch");
  try {
    const text = config.textUrl ? await api.text(config.textUrl) : "";
    new Page(config, api, frame, model, null, null, text.replace(/\r\n?/g, "\n"));
    model.happen("success");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    model.learn({ failure: error.message });
    model.happen("failed");
  }
}

async function startLive(
  config: EditorConfig, frame: Frame, model: Model, api: Api, registry: Registry,
): Promise<void> {
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
      page?.connected();
      void rescue.settle();
      void succession.tryNow();
    },
    closed: () => page?.disconnected(),
    replaced: (next) => succession.follow(next),
    stranded: (why) => strand(live, rescue, frame, why),
    untaken: () => frame.notices.show(
      "The document did not take your last words. They are on the screen and are tried again; copy them to be safe.",
      { kind: "bad", name: "untaken" }),
  });
  const succession = new Succession(live, rescue, () => page);
  guard(live, model, rescue, () => page);
  const handle = await live.open();
  page = new Page(config, api, frame, model, live, handle, handle.doc().content);
  void succession.tryNow();
  void rescue.settle();
}

/** What is here cannot arrive as changes: send the text whole, if all of it is in the document. */
function strand(live: Live, rescue: Rescue, frame: Frame, why: string): void {
  live.flush();
  if (live.session.handle && !live.binding?.waiting) {
    void rescue.carry(live.session.documentUrl, live.session.bytes(), why);
    return;
  }
  const link = { href: location.href, text: "Load the page again" };
  frame.notices.show(why, { kind: "bad", name: "rescue", link });
}

/** Closing the tab: ask when something is not stored, and keep it on this device in any case. */
function guard(live: Live, model: Model, rescue: Rescue, page: () => Page | null): void {
  addEventListener("beforeunload", (event) => {
    live.secure();
    if (rescue.leaving) return;
    if (model.words.unsaved && model.facts.readOnlyReason === null) event.preventDefault();
  });
  addEventListener("pagehide", (event) => {
    live.secure();
    if (event.persisted) return; // it may come back from the back/forward cache
    page()?.leave();
    void live.leave();
  });
  document.addEventListener("visibilitychange", () => live.secure());
}

const root = document.getElementById("editor");
if (root) {
  start(root).catch((error: unknown) => {
    console.error(error);
    root.append(`The editor could not start: ${String(error)}`);
  });
}
