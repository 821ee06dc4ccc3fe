/** automerge-repo's WebSocket protocol, told apart from the stock adapter by what a person needs:
 * why a connection closed, quick reconnection with back-off, and no exception when it is away. */
import {
  NetworkAdapter, cbor, type Message, type PeerId, type PeerMetadata,
} from "@automerge/automerge-repo/slim";
import { delay } from "./backoff";
import { closing, type Closing } from "./closing";

/** The part of WebSocket that is used; tests bring their own. */
export interface SocketLike {
  binaryType: BinaryType;
  readonly readyState: number;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener<K extends keyof WebSocketEventMap>(
    type: K, listener: (event: WebSocketEventMap[K]) => void,
  ): void;
}

export interface SocketEvents {
  connected?(): void;
  closed?(closing: Closing): void;
  /** The server said something about what it has of this document. */
  synced?(documentId: string): void;
  /** The server does not have this document. */
  unavailable?(documentId: string): void;
}

const OPEN = 1;
/** A connection that stood so long was a good one. */
const STEADY_MILLISECONDS = 10_000;

/** An adapter for one server; reconnects until `disconnect`. */
export class SocketAdapter extends NetworkAdapter {
  #socket: SocketLike | null = null;
  #server: PeerId | null = null;
  #failures = 0;
  #greetedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ready = false;
  #markReady!: () => void;
  readonly #whenReady = new Promise<void>((resolve) => (this.#markReady = resolve));
  /** When the server was last heard, in `Date.now()` milliseconds. */
  heardAt = 0;

  constructor(
    private readonly url: () => string,
    private readonly events: SocketEvents,
    private readonly open: (url: string) => SocketLike = (url) => new WebSocket(url) as SocketLike,
  ) {
    super();
  }

  isReady(): boolean {
    return this.#ready;
  }

  whenReady(): Promise<void> {
    return this.#whenReady;
  }

  connect(peerId: PeerId, peerMetadata?: PeerMetadata): void {
    this.peerId = peerId;
    this.peerMetadata = peerMetadata ?? {};
    // After a second without an answer the document is opened from this device alone.
    setTimeout(() => this.#becomeReady(), 1000);
    this.#dial();
  }

  disconnect(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000, "");
    this.#lost();
  }

  /** Try now instead of when the back-off ends (the network or the tab came back). */
  hurry(): void {
    if (this.#socket || !this.peerId) return;
    this.#failures = 0;
    this.#dial();
  }

  /** Give up a connection which looks open but is not, and dial again. */
  redial(): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = null;
    socket.close(4000, "");
    this.#lost();
    this.events.closed?.(closing(1006, ""));
    this.#failures = 0;
    this.#dial();
  }

  /** What cannot be sent is not kept: the sync starts afresh with the next connection. */
  send(message: Message): void {
    const socket = this.#socket;
    if (!socket || socket.readyState !== OPEN) return;
    socket.send(new Uint8Array(cbor.encode(message)));
  }

  #dial(): void {
    clearTimeout(this.#timer);
    const socket = this.open(this.url());
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => socket === this.#socket && this.#join());
    socket.addEventListener("message", (event) => {
      if (socket === this.#socket) this.#receive(event.data as ArrayBuffer);
    });
    // A close always follows an error, and says as much as a page may know.
    socket.addEventListener("error", () => {});
    socket.addEventListener("close", (event) => {
      if (socket === this.#socket) this.#closed(closing(event.code, event.reason));
    });
  }

  #join(): void {
    this.send({
      type: "join",
      senderId: this.peerId!,
      peerMetadata: this.peerMetadata!,
      supportedProtocolVersions: ["1"],
    } as unknown as Message);
  }

  #receive(data: ArrayBuffer): void {
    this.heardAt = Date.now();
    const message = cbor.decode(new Uint8Array(data)) as Message & Record<string, unknown>;
    if (message.type === "peer") this.#greeted(message);
    else if (message.type === "doc-unavailable") {
      this.events.unavailable?.(String(message["documentId"]));
      this.emit("message", message);
    } else if (message.type !== "error") {
      this.emit("message", message);
      if (message.type === "sync") this.events.synced?.(String(message["documentId"]));
    }
  }

  #greeted(message: Message & Record<string, unknown>): void {
    this.#greetedAt = Date.now();
    this.#server = message.senderId;
    this.#becomeReady();
    const peerMetadata = (message["peerMetadata"] ?? {}) as PeerMetadata;
    this.emit("peer-candidate", { peerId: message.senderId, peerMetadata });
    this.events.connected?.();
  }

  #closed(why: Closing): void {
    this.#socket = null;
    this.#lost();
    this.events.closed?.(why);
    // A server that greets and then refuses must not be asked twice a second.
    if (this.#greetedAt > 0 && Date.now() - this.#greetedAt > STEADY_MILLISECONDS) this.#failures = 0;
    const wait = delay(this.#failures, why.hopeless);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#dial(), wait);
  }

  #lost(): void {
    const server = this.#server;
    this.#server = null;
    if (server) this.emit("peer-disconnected", { peerId: server });
  }

  #becomeReady(): void {
    this.#ready = true;
    this.#markReady();
  }
}
