/** One page's document against automerge-repo's own server: stored, kept, carried, never dropped. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { documentPort } from "../src/binding/document";
import { Coalescer } from "../src/binding/coalescer";
import { Channel } from "../src/presence/channel";
import { people, type Roster } from "../src/presence/roster";
import type { Session } from "../src/sync/session";
import { Screen } from "./screen";
import { configFor, Device, Server } from "./server";
import { Shelf } from "./shelf";
import { A } from "./wasm";

let server: Server;
const open: Session[] = [];

beforeEach(async () => {
  vi.stubGlobal("location", { href: "http://127.0.0.1/edit/main/a.md", pathname: "/edit/main/a.md", assign: vi.fn() });
  vi.stubGlobal("sessionStorage", new Shelf());
  server = await Server.open("The text.");
});

afterEach(() => {
  for (const session of open.splice(0)) session.socket.disconnect();
  server.close();
  vi.unstubAllGlobals();
});

/** A tab that shows the server's document. */
async function tab(device = new Device(), events: Parameters<Device["session"]>[1] = {}) {
  const session = device.session(configFor(server), events);
  open.push(session);
  const handle = await session.open(server.handle.url);
  session.follow(handle);
  const write = (text: string): void => handle.change((doc) => A.splice(doc, ["content"], doc.content.length, 0, text));
  return { session, handle, write, device };
}

/** A tab goes away: the connection ends, nothing is waited for. */
function vanish(session: Session): void {
  session.socket.disconnect();
  open.splice(open.indexOf(session), 1);
}

async function until(check: () => unknown): Promise<void> {
  await vi.waitFor(() => expect(check()).toBeTruthy(), { timeout: 4_000, interval: 10 });
}

describe("what is stored", () => {
  test("a page just opened waits for nothing", async () => {
    const { session, handle } = await tab();
    expect(handle.doc().content).toBe("The text.");
    await until(() => session.waiting === 0);
  });

  test("a change waits until the server has it, and not a moment less", async () => {
    const { session, write } = await tab();
    await until(() => session.waiting === 0);
    write(" More.");
    expect(session.waiting).toBe(1);
    await until(() => session.waiting === 0);
    expect(server.text).toBe("The text. More.");
  });

  test("what others write does not make anything wait", async () => {
    const { session, handle } = await tab();
    await until(() => session.waiting === 0);
    const counts: number[] = [];
    handle.on("change", () => counts.push(session.waiting));
    server.handle.change((doc) => A.splice(doc, ["content"], 0, 0, "Hello. "));
    await until(() => handle.doc().content === "Hello. The text.");
    await until(() => session.waiting === 0);
    expect(Math.max(...counts)).toBeLessThanOrEqual(1);
  });

  test("without the server changes are counted, and arrive when it is back", async () => {
    const { session, write } = await tab();
    await until(() => session.waiting === 0);
    server.refuse = [1012, ""];
    server.cut();
    write(" One.");
    write(" Two.");
    expect(session.waiting).toBe(2);
    server.refuse = null;
    await until(() => session.waiting === 0);
    expect(server.text).toBe("The text. One. Two.");
  });
});

describe("what is kept", () => {
  test("unsent changes are there in the next tab, and only they are counted", async () => {
    const device = new Device();
    const first = await tab(device);
    await until(() => first.session.waiting === 0);
    server.refuse = [1012, ""];
    server.cut();
    first.write(" Kept.");
    await first.session.repo.flush();
    vanish(first.session);
    const second = await tab(device);
    expect([second.handle.doc().content, second.session.waiting]).toEqual(["The text. Kept.", 1]);
    server.refuse = null;
    await until(() => server.text === "The text. Kept.");
  });

  test("the last moment is written down when storage has no time left", async () => {
    const device = new Device();
    const first = await tab(device);
    await until(() => first.session.waiting === 0);
    await first.session.repo.flush();
    server.refuse = [1012, ""];
    server.cut();
    const before = new Map(device.storage.held);
    first.write(" Just now.");
    first.session.writeDown();
    vanish(first.session);
    // The browser was faster than IndexedDB: what it wrote last never came to be.
    device.storage.save = async () => {};
    device.storage.held.clear();
    for (const [key, data] of before) device.storage.held.set(key, data);
    const second = await tab(device);
    expect(second.handle.doc().content).toBe("The text. Just now.");
    expect(device.journal().read(server.handle.documentId)).toEqual([]);
  });

  test("nothing is written down when all is stored", async () => {
    const { session, device } = await tab();
    await until(() => session.waiting === 0);
    session.writeDown();
    expect(device.journal().read(server.handle.documentId)).toEqual([]);
  });
});

describe("documents that end", () => {
  test("an unknown document is said to be unknown", async () => {
    const unavailable = vi.fn();
    const device = new Device();
    const documentUrl = "automerge:2akvofn6L1o4RMUEMQi7qzwRjKWZ";
    const session = device.session(configFor(server, { documentUrl }), { unavailable });
    open.push(session);
    void session.open(documentUrl);
    await until(() => unavailable.mock.calls.length > 0);
  });

  test("a successor is told of", async () => {
    const successor = vi.fn();
    await tab(new Device(), { successor });
    server.handle.change((doc) => { doc.successor = "automerge:next"; });
    await until(() => successor.mock.calls.length > 0);
    expect(successor).toHaveBeenCalledWith("automerge:next");
  });
});

describe("typing into the document", () => {
  test("typed text and the server's meet, and both sides agree", async () => {
    const { handle } = await tab();
    const screen = new Screen(handle.doc().content);
    const coalescer = new Coalescer(documentPort(handle), screen);
    screen.typed = (changes) => coalescer.typed(changes);
    screen.type(9, 0, " Mine.");
    server.handle.change((doc) => A.splice(doc, ["content"], 0, 3, "Our"));
    await until(() => handle.doc().content.startsWith("Our"));
    coalescer.reconcile();
    expect(screen.text()).toBe("Our text. Mine.");
    await until(() => server.text === "Our text. Mine.");
  });
});

describe("presence", () => {
  test("people, places that move with the text, and leaving", async () => {
    const [ada, bob] = [await tab(), await tab()];
    let roster: Roster = new Map();
    const same = (offset: number): number => offset;
    const lines = (offset: number): [number, number] => [1, offset + 1];
    const hers = new Channel(ada.session.peerId, { id: "a", name: "Ada", color: "#112233" }, same, lines, (now) => (roster = now));
    const his = new Channel(bob.session.peerId, { id: "b", name: "Bob", color: "#445566" }, same, lines, () => {});
    hers.follow(ada.handle);
    his.follow(bob.handle);
    his.place({ anchor: 4, head: 9 });
    await until(() => people(roster)[0]?.selection);
    const guest = people(roster)[0]!;
    expect([guest.person.name, hers.locate(guest)]).toEqual(["Bob", { anchor: 4, head: 9 }]);
    ada.handle.change((doc) => A.splice(doc, ["content"], 0, 0, "12345"));
    expect(hers.locate(guest)).toEqual({ anchor: 9, head: 14 });
    his.leave();
    await until(() => roster.size === 0);
    hers.leave();
  });
});
