/** automerge-repo's own sync server on a free port, and sessions that talk to it. */
import { Repo, type DocHandle, type StorageAdapterInterface, type StorageKey } from "@automerge/automerge-repo/slim";
import { WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket";
import type { AddressInfo } from "node:net";
import { WebSocket as NodeSocket, WebSocketServer } from "ws";
import "./wasm";
import type { PageDocument } from "../src/binding/document";
import type { EditorConfig } from "../src/config";
import { Journal } from "../src/sync/journal";
import { Registry } from "../src/sync/registry";
import { Session, type SessionEvents } from "../src/sync/session";
import { Shelf } from "./shelf";

globalThis.WebSocket = NodeSocket as unknown as typeof WebSocket;

/** Storage that outlives a session, as IndexedDB outlives a tab. */
export class Memory implements StorageAdapterInterface {
  readonly held = new Map<string, Uint8Array>();

  async load(key: StorageKey): Promise<Uint8Array | undefined> {
    return this.held.get(key.join("\0"));
  }

  async save(key: StorageKey, data: Uint8Array): Promise<void> {
    this.held.set(key.join("\0"), data);
  }

  async remove(key: StorageKey): Promise<void> {
    this.held.delete(key.join("\0"));
  }

  async loadRange(prefix: StorageKey) {
    const start = prefix.join("\0");
    return [...this.held].filter(([key]) => key.startsWith(start))
      .map(([key, data]) => ({ key: key.split("\0"), data }));
  }

  async removeRange(prefix: StorageKey): Promise<void> {
    for (const { key } of await this.loadRange(prefix)) await this.remove(key);
  }
}

export class Server {
  readonly handle: DocHandle<PageDocument>;
  refuse: [number, string] | null = null;

  private constructor(readonly sockets: WebSocketServer, readonly repo: Repo, readonly storageId: string, text: string) {
    this.handle = repo.create<PageDocument>({ content: text });
    sockets.on("connection", (socket) => {
      if (this.refuse) socket.close(...this.refuse);
    });
  }

  static async open(text: string): Promise<Server> {
    const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise((listening) => sockets.once("listening", listening));
    const storage = new Memory();
    const storageId = crypto.randomUUID();
    await storage.save(["storage-adapter-id"], new TextEncoder().encode(storageId));
    const network = [new WebSocketServerAdapter(sockets as never)];
    return new Server(sockets, new Repo({ network, storage, sharePolicy: async () => false }), storageId, text);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.sockets.address() as AddressInfo).port}/sync`;
  }

  get text(): string {
    return this.handle.doc().content;
  }

  cut(): void {
    for (const socket of this.sockets.clients) socket.terminate();
  }

  close(): void {
    this.cut();
    this.sockets.close();
  }
}

export function configFor(server: Server, more: Partial<EditorConfig> = {}): EditorConfig {
  return {
    documentUrl: server.handle.url, textUrl: null, syncUrl: server.url, branch: "main", pagePath: "a.md",
    title: "A", person: { id: "ada", name: "Ada", color: "#336699" }, canWrite: true, readOnlyReason: null,
    liveLimit: 1024, previewUrl: "/p", saveVersionUrl: "/v", conflictsUrl: "/c", conflictResolveUrl: "/c/{id}",
    lateUrl: "/api/documents/{id}/late", deliverUrl: "/d/{id}", writersUrl: "/w/{id}", statusUrl: null, eventsUrl: null, exportUrls: {}, pageUrl: "/", historyUrl: "/", draftUrl: null, startDraftUrl: null,
    homeUrl: "/", notificationsUrl: null, unreadUrl: "/api/notifications?limit=1", workerUrl: null, keptUrl: "/offline", csrfToken: "t", cspNonce: "n", serverStorageId: server.storageId, ...more,
  };
}

/** A device: what stays when tabs come and go. */
export class Device {
  readonly storage = new Memory();
  readonly shelf = new Shelf();
  readonly registry = new Registry(this.shelf, "ada");

  journal(tab = "tab"): Journal {
    return new Journal(this.shelf, "ada", tab);
  }

  /** A tab on this device. */
  session(config: EditorConfig, events: Partial<SessionEvents> = {}): Session {
    const quiet: SessionEvents = { connected() {}, closed() {}, moved() {}, synced() {}, unavailable() {}, successor() {} };
    return new Session(config, this.storage, this.registry, this.journal(), { ...quiet, ...events });
  }
}
