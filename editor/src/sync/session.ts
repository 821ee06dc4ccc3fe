/** One page's document: opened from this device and the server, followed, and never dropped. */
import * as A from "@automerge/automerge/slim";
import {
  Repo, decodeHeads, type AutomergeUrl, type DocHandle, type DocumentId, type PeerId, type StorageAdapterInterface,
  type StorageId, type UrlHeads,
} from "@automerge/automerge-repo/slim";
import type { PageDocument } from "../binding/document";
import type { EditorConfig } from "../config";
import { confirmed, notStored, type Known } from "../machine/stored";
import type { Version } from "../news/absence";
import type { Closing } from "./closing";
import type { Journal } from "./journal";
import type { Registry, Remembered } from "./registry";
import { documentIdOf } from "./late";
import { SocketAdapter } from "./socket";
import { knows, wordsSince } from "./unsent";

export interface SessionEvents {
  connected(): void;
  closed(why: Closing): void;
  /** The heads here or on the server changed: count again. */
  moved(): void;
  /** The server said what it has of the document. */
  synced(): void;
  /** The server does not have the document (any more). */
  unavailable(): void;
  /** The server retired the document; this one goes on from its text. */
  successor(documentUrl: string): void;
}

/** automerge-repo writes to IndexedDB ten times a second; this is plenty. */
const SETTLED_MILLISECONDS = 2_000;

/** The open document and its connection. */
export class Session {
  readonly repo: Repo;
  readonly socket: SocketAdapter;
  readonly peerId: string;
  handle: DocHandle<PageDocument> | null = null;
  documentUrl: string;
  #stored: readonly string[] | null = null;
  #told: readonly string[] | null = null;
  #noted = "";
  #unnoted: Remembered | null = null;
  /** Versions of some seconds ago and of a moment ago: the first is in IndexedDB by now. */
  #settled: readonly [readonly string[], readonly string[]] = [[], []];

  constructor(
    private readonly config: EditorConfig,
    storage: StorageAdapterInterface | undefined,
    private readonly registry: Registry,
    private readonly journal: Journal,
    private readonly events: SessionEvents,
  ) {
    this.documentUrl = config.documentUrl!;
    this.peerId = `editor-${crypto.randomUUID()}`;
    this.socket = new SocketAdapter(() => socketUrl(config.syncUrl), {
      connected: () => events.connected(),
      closed: (why) => events.closed(why),
      synced: (id) => {
        if (id === documentIdOf(this.documentUrl)) events.synced();
      },
      unavailable: (id) => {
        if (id === documentIdOf(this.documentUrl)) events.unavailable();
      },
    });
    this.repo = new Repo({
      peerId: this.peerId as PeerId,
      network: [this.socket],
      enableRemoteHeadsGossiping: true,
      ...(storage ? { storage } : {}),
    });
    this.repo.subscribeToRemotes([config.serverStorageId as StorageId]);
    setInterval(() => this.#settle(), SETTLED_MILLISECONDS);
  }

  /** The document, as soon as this device or the server has given it. */
  async open(documentUrl: string): Promise<DocHandle<PageDocument>> {
    const allowableStates = ["ready", "unavailable"];
    const handle = await this.repo.find<PageDocument>(documentUrl as AutomergeUrl, { allowableStates });
    // Away from the server a document that is not on this device is "unavailable" until it comes.
    if (!handle.isReady()) await new Promise<void>((ready) => whenReady(handle, ready));
    await this.#replay(handle);
    return handle;
  }

  /** Write down, at once, what IndexedDB may not have yet: the tab may be going away. Gives whether it is. */
  writeDown(): boolean {
    this.#note();
    if (!this.handle?.isReady()) return true;
    const doc = this.handle.doc();
    const changes = this.waiting === 0 ? [] : A.getChangesSince(doc, [...this.#settled[0]]);
    return this.journal.write(this.handle.documentId, changes);
  }

  async #replay(handle: DocHandle<PageDocument>): Promise<void> {
    const changes = this.journal.read(handle.documentId);
    if (changes.length === 0) return;
    handle.update((doc) => A.applyChanges(doc, changes)[0]);
    await this.repo.flush([handle.documentId]);
    this.journal.clear(handle.documentId);
  }

  /** From now on `handle` is the page's document. */
  follow(handle: DocHandle<PageDocument>): void {
    this.handle?.off("change", this.#onChange);
    this.handle?.off("remote-heads", this.#onRemoteHeads);
    this.documentUrl = handle.url;
    this.handle = handle;
    this.#told = null;
    this.#settled = [A.getHeads(handle.doc()), A.getHeads(handle.doc())];
    const remembered = this.registry.find(this.config.branch, this.config.pagePath);
    this.#stored = remembered?.documentUrl === handle.url ? remembered.stored : null;
    const sync = handle.getSyncInfo(this.config.serverStorageId as StorageId);
    if (sync) this.#told = decodeHeads(sync.lastHeads);
    handle.on("change", this.#onChange);
    handle.on("remote-heads", this.#onRemoteHeads);
    this.#recount();
    this.#onChange();
  }

  #settle(): void {
    this.#note();
    if (this.handle?.isReady()) this.#settled = [this.#settled[1], A.getHeads(this.handle.doc())];
  }

  /** How many changes here the server has not stored. */
  get waiting(): number {
    return this.handle ? notStored(known(this.handle), this.#stored) : 0;
  }

  /** Is everything here that the server told of? */
  get complete(): boolean {
    const handle = this.handle;
    if (!handle?.isReady()) return false;
    const told = handle.getSyncInfo(this.config.serverStorageId as StorageId);
    return !told || decodeHeads(told.lastHeads).every((head) => knows(handle.doc(), head));
  }

  /** The document as it is here now. */
  get version(): Version {
    const doc = this.handle!.doc();
    return { documentUrl: this.documentUrl, heads: A.getHeads(doc), text: doc.content };
  }

  /** Who else changed the page since a version, by document: the one it was of, and those that followed. */
  actorsSince({ documentUrl, heads }: Version): Map<string, string[]> {
    const found = new Map<string, string[]>();
    const add = (url: string, doc: A.Doc<PageDocument>, since: readonly string[]): void => {
      const own = A.getActorId(doc);
      const actors = A.getChangesMetaSince(doc, [...since]).map((change) => change.actor);
      found.set(documentIdOf(url), [...new Set(actors)].filter((actor) => actor !== own));
    };
    let since = heads;
    for (let url: string | undefined = documentUrl; url && !found.has(documentIdOf(url)); since = []) {
      const handle = this.repo.handles[documentIdOf(url) as DocumentId] as DocHandle<PageDocument> | undefined;
      if (handle?.isReady()) add(url, handle.doc(), since);
      url = handle?.isReady() ? handle.doc().successor : undefined;
    }
    if (!found.has(documentIdOf(this.documentUrl))) add(this.documentUrl, this.handle!.doc(), []);
    return found;
  }

  /** How many words of them; only asked now and then, since Automerge has to compare. */
  get waitingWords(): number {
    return this.handle ? wordsSince(this.handle.doc(), this.#stored) : 0;
  }

  /** The document's bytes, for `late`. */
  bytes(): Uint8Array {
    return bytesOf(this.handle!);
  }

  /** The changes the server has not stored, for `deliver`. */
  unstored(): Uint8Array {
    return A.saveSince(this.handle!.doc(), [...(this.#stored ?? [])]);
  }

  /** Another document is noted at once; what of it is stored now and then, since that changes with every key. */
  #remember(documentUrl: string): void {
    const other = this.#unnoted?.documentUrl !== documentUrl && this.#noted !== documentUrl;
    this.#unnoted = { documentUrl, stored: this.#stored };
    if (other) this.#note();
  }

  #note(): void {
    const { branch, pagePath } = this.config;
    if (!this.#unnoted) return;
    this.registry.save(branch, pagePath, this.#unnoted);
    this.#noted = this.#unnoted.documentUrl;
    this.#unnoted = null;
  }

  readonly #onChange = (): void => {
    this.#recount();
    const successor = this.handle?.doc().successor;
    if (typeof successor === "string") this.events.successor(successor);
  };

  readonly #onRemoteHeads = (told: { storageId: StorageId; heads: UrlHeads }): void => {
    if (told.storageId !== this.config.serverStorageId) return;
    this.#told = decodeHeads(told.heads);
    // The heads are told a moment before the changes that came with them are in the document.
    queueMicrotask(() => this.#recount());
  };

  #recount(): void {
    const handle = this.handle;
    if (!handle) return;
    if (this.#told) {
      this.#stored = confirmed(known(handle), this.#stored, this.#told);
      this.#remember(handle.url);
    }
    this.events.moved();
  }
}

/** The document's bytes, all of it. */
export function bytesOf(handle: DocHandle<PageDocument>): Uint8Array {
  return A.save(handle.doc());
}

function whenReady(handle: DocHandle<PageDocument>, ready: () => void): void {
  const look = (): void => {
    if (!handle.isReady()) return;
    handle.off("heads-changed", soon);
    ready();
  };
  const soon = (): void => queueMicrotask(look);
  handle.on("heads-changed", soon);
  look();
}

function known(handle: DocHandle<PageDocument>): Known {
  const doc = handle.doc();
  return {
    heads: () => A.getHeads(doc),
    has: (head) => knows(doc, head),
    countSince: (heads) => A.getChangesMetaSince(doc, [...heads]).length,
  };
}

/** The sync URL as `ws:` or `wss:`, whatever the page was loaded by. */
export function socketUrl(syncUrl: string, page: string = location.href): string {
  const url = new URL(syncUrl, page);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
