/** The connection: what closes it, how it comes back, and what is kept meanwhile. */
import { cbor, type Message, type PeerId } from "@automerge/automerge-repo/slim";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { delay, HOPELESS_MILLISECONDS } from "../src/sync/backoff";
import { closing } from "../src/sync/closing";
import { Journal } from "../src/sync/journal";
import { Registry } from "../src/sync/registry";
import { socketUrl } from "../src/sync/session";
import { SocketAdapter, type SocketLike } from "../src/sync/socket";
import { verdict } from "../src/sync/watch";
import { Shelf } from "./shelf";

/** A WebSocket that tests open, feed and close. */
class FakeSocket implements SocketLike {
  binaryType: BinaryType = "blob";
  readyState = 0;
  sent: Message[] = [];
  readonly #listeners = new Map<string, (event: never) => void>();

  send(data: Uint8Array<ArrayBuffer>): void {
    this.sent.push(cbor.decode(data) as Message);
  }

  close(): void {
    this.readyState = 3;
  }

  addEventListener<K extends keyof WebSocketEventMap>(type: K, listener: (event: WebSocketEventMap[K]) => void): void {
    this.#listeners.set(type, listener as (event: never) => void);
  }

  open(): void {
    this.readyState = 1;
    this.#listeners.get("open")?.({} as never);
  }

  receive(message: object): void {
    this.#listeners.get("message")?.({ data: new Uint8Array(cbor.encode(message)).buffer } as never);
  }

  cut(code: number, reason = ""): void {
    this.readyState = 3;
    this.#listeners.get("close")?.({ code, reason } as never);
  }
}

function adapter() {
  const sockets: FakeSocket[] = [];
  const events = { connected: vi.fn(), closed: vi.fn(), unavailable: vi.fn() };
  const made = new SocketAdapter(() => "ws://server/sync", events, () => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket;
  });
  made.connect("me" as PeerId, { isEphemeral: false });
  const greet = (): void => {
    sockets.at(-1)!.open();
    sockets.at(-1)!.receive({ type: "peer", senderId: "server", targetId: "me", peerMetadata: { storageId: "s" } });
  };
  return { made, sockets, events, greet };
}

describe("the socket", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("joins when it is open, and tells the repository of the server", () => {
    const { made, sockets, events, greet } = adapter();
    const candidate = vi.fn();
    made.on("peer-candidate", candidate);
    greet();
    expect(sockets[0]!.sent).toMatchObject([{ type: "join", senderId: "me", supportedProtocolVersions: ["1"] }]);
    expect(candidate).toHaveBeenCalledWith({ peerId: "server", peerMetadata: { storageId: "s" } });
    expect(events.connected).toHaveBeenCalledOnce();
    expect(made.isReady()).toBe(true);
  });

  test("passes messages on, and says when the document is unknown", () => {
    const { made, sockets, events, greet } = adapter();
    const message = vi.fn();
    made.on("message", message);
    greet();
    sockets[0]!.receive({ type: "sync", documentId: "d", senderId: "server", targetId: "me", data: new Uint8Array([1]) });
    sockets[0]!.receive({ type: "doc-unavailable", documentId: "d", senderId: "server", targetId: "me" });
    sockets[0]!.receive({ type: "error", message: "no" });
    expect(message).toHaveBeenCalledTimes(2);
    expect(events.unavailable).toHaveBeenCalledWith("d");
  });

  test("a closed one says why, ends the peer, and is opened again", () => {
    const { made, sockets, events, greet } = adapter();
    const gone = vi.fn();
    made.on("peer-disconnected", gone);
    greet();
    sockets[0]!.cut(4422, "A change was refused: too many operations.");
    expect(gone).toHaveBeenCalledWith({ peerId: "server" });
    expect(events.closed).toHaveBeenCalledWith({
      reason: "A change was refused: too many operations", hopeless: false, storeAway: false, refused: true,
    });
    vi.advanceTimersByTime(700);
    expect(sockets.length).toBe(2);
  });

  test("a server that greets and refuses is asked less and less often", () => {
    const { sockets, greet } = adapter();
    for (let round = 0; round < 4; round += 1) {
      greet();
      sockets.at(-1)!.cut(4422);
      vi.advanceTimersByTime(10_000);
    }
    greet();
    sockets.at(-1)!.cut(4422);
    vi.advanceTimersByTime(4_000);
    expect(sockets.length).toBe(5);
  });

  test("what is sent while it is away is dropped without a complaint", () => {
    const { made, sockets } = adapter();
    made.send({ type: "sync" } as Message);
    expect(sockets[0]!.sent).toEqual([]);
  });

  test("becomes ready after a second without a server, so that the page opens from the device", async () => {
    const { made } = adapter();
    expect(made.isReady()).toBe(false);
    vi.advanceTimersByTime(1_000);
    await made.whenReady();
    expect(made.isReady()).toBe(true);
  });

  test("hurrying dials at once, but not beside an open one", () => {
    const { made, sockets, greet } = adapter();
    greet();
    made.hurry();
    expect(sockets.length).toBe(1);
    sockets[0]!.cut(1006);
    made.hurry();
    expect(sockets.length).toBe(2);
  });

  test("a dead one is given up and its late news are not heard", () => {
    const { made, sockets, events, greet } = adapter();
    greet();
    made.redial();
    expect([sockets.length, sockets[0]!.readyState]).toEqual([2, 3]);
    sockets[0]!.cut(1006);
    expect(events.closed).toHaveBeenCalledOnce();
  });

  test("disconnected for good it stays away", () => {
    const { made, sockets, greet } = adapter();
    greet();
    made.disconnect();
    vi.advanceTimersByTime(60_000);
    expect(sockets.length).toBe(1);
  });
});

describe("reasons and delays", () => {
  test("from half a second to five, with a little spread", () => {
    expect([0, 1, 2, 3, 4, 50].map((failures) => delay(failures, false, 0))).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
    expect(delay(0, false, 1)).toBe(600);
    expect(delay(0, true)).toBe(HOPELESS_MILLISECONDS);
  });

  test("an ordinary cut needs no words", () => {
    expect(closing(1006, "")).toEqual({ reason: null, hopeless: false, storeAway: false, refused: false });
  });

  test("codes have words of their own when the server has none", () => {
    expect(closing(4401, "")).toMatchObject({ reason: "You are signed out", hopeless: true });
    expect(closing(1013, "")).toMatchObject({ storeAway: true });
    expect(closing(4503, "The store is away.")).toMatchObject({ storeAway: true, reason: "The store is away" });
    expect(closing(4999, "").reason).toBe("The server closed the connection (4999)");
  });

  test("waiting is fine, then slow, then dead when the server is silent", () => {
    expect(verdict(10_000, null, 0)).toBe("fine");
    expect(verdict(10_000, 5_000, 0)).toBe("fine");
    expect(verdict(15_000, 5_000, 5_000)).toBe("slow");
    expect(verdict(60_000, 5_000, 59_000)).toBe("slow");
    expect(verdict(60_000, 5_000, 30_000)).toBe("dead");
  });

  test("the socket's address follows the page's", () => {
    expect(socketUrl("/sync?n=1", "http://h:8400/edit/x")).toBe("ws://h:8400/sync?n=1");
    expect(socketUrl("/sync", "https://h/edit")).toBe("wss://h/sync");
  });
});

describe("what this device remembers", () => {
  test("a page's document and what was stored of it, each person's own", () => {
    const shelf = new Shelf();
    const remembered = { documentUrl: "automerge:x", stored: ["h"] };
    new Registry(shelf, "ada").save("main", "a.md", remembered);
    expect(new Registry(shelf, "ada").find("main", "a.md")).toEqual(remembered);
    expect(new Registry(shelf, "bob").find("main", "a.md")).toBeNull();
    expect(new Registry(null, "ada").find("main", "a.md")).toBeNull();
  });

  test("owed documents until they are paid", () => {
    const registry = new Registry(new Shelf(), "ada");
    for (const url of ["automerge:x", "automerge:y", "automerge:x"]) registry.owe("main", "a.md", url);
    expect(registry.owed("main", "a.md")).toEqual(["automerge:x", "automerge:y"]);
    registry.paid("main", "a.md", "automerge:x");
    registry.paid("main", "a.md", "automerge:y");
    expect(registry.owed("main", "a.md")).toEqual([]);
  });

  test("a full shelf does not stop anybody", () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const shelf = new Shelf();
    shelf.setItem = () => { throw new Error("full"); };
    new Registry(shelf, "ada").save("main", "a.md", { documentUrl: "x", stored: null });
    expect(new Journal(shelf, "ada", "t").write("d", [new Uint8Array([1])])).toBe(false);
    expect(console.warn).toHaveBeenCalledTimes(2);
  });

  test("says whether the last changes are written down", () => {
    const bytes = [new Uint8Array([1])];
    expect(new Journal(new Shelf(), "ada", "t").write("d", bytes)).toBe(true);
    expect(new Journal(null, "ada", "t").write("d", bytes)).toBe(false);
    expect(new Journal(null, "ada", "t").write("d", [])).toBe(true);
  });

  test("the last changes of every tab, byte for byte, until they are cleared", () => {
    const shelf = new Shelf();
    const bytes = Uint8Array.from({ length: 256 }, (_none, index) => index);
    new Journal(shelf, "ada", "tab1").write("doc", [bytes]);
    new Journal(shelf, "ada", "tab2").write("doc", [new Uint8Array([7])]);
    new Journal(shelf, "bob", "tab3").write("doc", [new Uint8Array([8])]);
    const journal = new Journal(shelf, "ada", "tab4");
    expect(journal.read("doc").map((one) => [...one])).toEqual([[...bytes], [7]]);
    journal.clear("doc");
    expect([journal.read("doc"), shelf.length]).toEqual([[], 1]);
  });

  test("nothing to write takes the page out", () => {
    const shelf = new Shelf();
    const journal = new Journal(shelf, "ada", "t");
    journal.write("doc", [new Uint8Array([1])]);
    journal.write("doc", []);
    expect(shelf.length).toBe(0);
  });
});
