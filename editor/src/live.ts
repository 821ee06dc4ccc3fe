/** The live document behind the editor: opening, connection, saving, and documents that end. */
import type { DocHandle } from "@automerge/automerge-repo/slim";
import type { ChangeSet, Extension } from "@codemirror/state";
import { automergeText, type Binding } from "./binding/plugin";
import type { PageDocument } from "./binding/document";
import { readOnlyReason, type EditorConfig } from "./config";
import type { Waiting } from "./kept/keeping";
import type { Model } from "./machine/model";
import { Away, type Absence } from "./news/absence";
import type { Closing } from "./sync/closing";
import type { Journal } from "./sync/journal";
import type { Registry } from "./sync/registry";
import { bytesOf, Session } from "./sync/session";
import type { DeviceStorage } from "./sync/storage";
import { Watch } from "./sync/watch";

export interface LiveEvents {
  connected(): void;
  closed(why: Closing): void;
  /** The server retired the document; go on with this one. */
  replaced(handle: DocHandle<PageDocument>): void;
  /** The text here can only reach the server as a late document. */
  stranded(why: string): void;
  /** The document did not take the typed text; it is on the screen and is tried again. */
  untaken(): void;
  /** After a time without the server everything it had is here. */
  home(absence: Absence): void;
  /** The server is away and does not have this much; null: it has everything. */
  unsent(unsent: Waiting | null): void;
}

const PATIENCE_MILLISECONDS = 6_000;
const MOST_REFUSALS = 3;
/** Words are counted this long after a change: counting compares two versions. */
const COUNT_MILLISECONDS = 400;
/** The server counts as read to the end when it had nothing new for so long. */
const QUIET_MILLISECONDS = 700;

/** Everything between the text on the screen and the server's store. */
export class Live {
  readonly session: Session;
  binding: Binding | null = null;
  /** Called when typed text went into the document. */
  onFlushed: () => void = () => {};
  #refusals = 0;
  #counting = false;
  #following: string | null = null;
  #words: ReturnType<typeof setTimeout> | undefined;
  #reading: ReturnType<typeof setTimeout> | undefined;
  readonly #away = new Away();
  readonly #watch: Watch;

  constructor(
    private readonly config: EditorConfig,
    private readonly storage: DeviceStorage | undefined,
    registry: Registry,
    journal: Journal,
    private readonly model: Model,
    private readonly events: LiveEvents,
  ) {
    model.learn({ keeps: storage !== undefined, readOnlyReason: readOnlyReason(config) });
    this.session = new Session(config, storage, registry, journal, {
      connected: () => this.#connected(),
      closed: (why) => this.#closed(why),
      moved: () => this.#moved(),
      synced: () => this.#heard(),
      unavailable: () => this.events.stranded("The server no longer has this document."),
      successor: (url) => void this.#succeed(url),
    });
    this.#watch = new Watch(this.session.socket, model);
  }

  /** The document, when this device or the server has given it. */
  async open(keptAt: number | null = null): Promise<DocHandle<PageDocument>> {
    this.model.happen("fetch");
    const impatient = setTimeout(() => {
      this.model.learn({ failure: "the server cannot be reached. Trying again…" });
      this.model.happen("failed");
    }, PATIENCE_MILLISECONDS);
    const handle = await this.session.open(this.config.documentUrl!);
    clearTimeout(impatient);
    this.#retry();
    this.model.happen("success");
    this.session.follow(handle);
    if (keptAt !== null || this.session.waiting > 0) {
      this.#away.gone(keptAt, true);
      if (this.model.facts.connected) this.#away.back(this.session.version);
    }
    return handle;
  }

  /** Was anything typed into the document that is open now? */
  get typed(): boolean {
    return this.binding?.typed ?? false;
  }

  /** Binds an editor to `handle`; `pending` was typed on top of it already. */
  extension(handle: DocHandle<PageDocument>, pending: ChangeSet | null = null): Extension {
    const { model } = this;
    return automergeText(handle, {
      typed: () => model.happen("edit"),
      flushed: () => {
        this.#moved();
        this.onFlushed();
      },
      receiving: (phase) => model.happen(phase === "begin" ? "receive" : "applied"),
      failed: (error) => {
        console.error("prdgen: the document did not take the text", error);
        this.events.untaken();
      },
    }, (binding) => (this.binding = binding), pending);
  }

  /** Typed text goes into the document now. */
  flush(): void {
    this.binding?.flush();
  }

  /**
   * The tab may be going away: typed text into the document, and what is unsent written down. Gives
   * whether this device keeps it all.
   */
  secure(): boolean {
    this.binding?.release();
    this.flush();
    const written = this.session.writeDown();
    if (this.session.waiting > 0) this.#tellUnsent(this.session.waitingWords);
    else if (this.model.facts.connected) this.events.unsent(null);
    return written && this.model.facts.keeps && !this.binding?.waiting;
  }

  /** What the server has not stored, as one request's bytes; null: it has everything. */
  get rest(): Uint8Array | null {
    return this.session.waiting > 0 ? this.session.unstored() : null;
  }

  /** Wait until the server has stored everything; gives whether it has. */
  async settled(milliseconds = 5_000): Promise<boolean> {
    this.flush();
    const done = (): boolean => this.model.facts.connected && !this.model.words.unsaved;
    const until = performance.now() + milliseconds;
    while (!done() && performance.now() < until) await new Promise((next) => setTimeout(next, 50));
    return done();
  }

  /** The page is left: keep what is typed, close the connection. */
  async leave(): Promise<void> {
    this.#watch.stop();
    this.binding?.stop();
    this.session.socket.disconnect();
    await this.session.repo.flush();
  }

  /** The person signed out: nothing is sent or written any more. */
  abandon(): void {
    this.#watch.stop();
    this.storage?.stop();
    this.session.socket.disconnect();
  }

  /** The server told what it has: once it is quiet, everything is here. */
  #heard(): void {
    clearTimeout(this.#reading);
    this.#reading = setTimeout(() => {
      if (!this.model.facts.connected) return;
      if (!this.session.complete) {
        this.#heard();
        return;
      }
      const absence = this.#away.caughtUp(Date.now());
      if (absence) this.events.home(absence);
    }, QUIET_MILLISECONDS);
  }

  #connected(): void {
    if (this.session.handle?.isReady()) {
      this.flush();
      this.#away.back(this.session.version);
    }
    this.#retry();
    this.model.learn({ connected: true, everConnected: true, closedReason: null, storeAway: false });
    this.#moved();
    this.events.connected();
  }

  #closed(why: Closing): void {
    if (this.model.facts.connected) this.#away.gone(Date.now());
    this.model.learn({ connected: false, closedReason: why.reason, storeAway: why.storeAway });
    this.#countSoon();
    this.events.closed(why);
    this.#refusals = why.refused ? this.#refusals + 1 : this.#refusals;
    if (this.#refusals >= MOST_REFUSALS) {
      this.#refusals = 0;
      this.events.stranded(why.reason ?? "The server refused a change.");
    }
  }

  /** From Error back through Idle to Loading, when there is hope again. */
  #retry(): void {
    if (this.model.state.name !== "Error") return;
    this.model.learn({ failure: null });
    this.model.happen("retry");
    this.model.happen("fetch");
  }

  // Counting changes asks Automerge; once for many news is enough.
  #moved(): void {
    if (this.#counting) return;
    this.#counting = true;
    queueMicrotask(() => {
      this.#counting = false;
      const waiting = this.session.waiting;
      if (waiting === 0) this.#refusals = 0;
      this.model.count(waiting, this.binding?.waiting ?? false);
      this.#countSoon();
    });
  }

  /** How much is not on the server, once that lasts longer than a moment. */
  #countSoon(): void {
    this.#words ??= setTimeout(() => {
      this.#words = undefined;
      const changes = this.session.waiting;
      if (changes === 0) {
        this.model.learn({ words: 0 });
        if (this.model.facts.connected) this.events.unsent(null);
      } else if (!this.model.facts.connected || this.model.facts.slow) {
        const words = this.session.waitingWords;
        this.model.learn({ words });
        this.#tellUnsent(words);
      }
    }, COUNT_MILLISECONDS);
  }

  #tellUnsent(words: number): void {
    const handle = this.session.handle!;
    const version = this.session.version.heads.join();
    this.events.unsent({
      changes: this.session.waiting, words, version, documentUrl: handle.url, bytes: () => bytesOf(handle),
    });
  }

  async #succeed(url: string): Promise<void> {
    if (this.#following === url) return;
    this.#following = url;
    // Nothing is flushed here: this is told by the handle at work, which would only queue a change.
    const next = await this.session.open(url);
    this.events.replaced(next);
  }
}
