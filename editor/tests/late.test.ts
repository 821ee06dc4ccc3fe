/** Text a server no longer takes as changes: sent whole, once, and never dropped. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ApiError, type Api } from "../src/api/http";
import type { PageDocument } from "../src/binding/document";
import { Rescue } from "../src/rescue";
import { documentIdOf, forget, sendLate, storedHere } from "../src/sync/late";
import type { Session } from "../src/sync/session";
import type { Notices } from "../src/ui/notices";
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

describe("late text", () => {
  const page = { branch: "main", pagePath: "a.md" };

  /** A device with text in a document, and a later configuration that names another one. */
  async function left() {
    const device = new Device();
    const { session, write } = await tab(device);
    await until(() => session.waiting === 0);
    server.refuse = [1012, ""];
    server.cut();
    write(" Late.");
    await session.repo.flush();
    vanish(session);
    const config = configFor(server, { documentUrl: "automerge:2akvofn6L1o4RMUEMQi7qzwRjKWZ" });
    return { device, config, old: server.handle.url as string };
  }

  function rescue(device: Device, config: ReturnType<typeof configFor>, send: Api["send"]) {
    const notices = { show: vi.fn(), clear: vi.fn() };
    const made = new Rescue(config, { send } as Api, device.registry, device.journal(), device.storage, notices as unknown as Notices);
    return { made, notices };
  }

  test("the bytes stored here are the document", async () => {
    const { device, old } = await left();
    const bytes = await storedHere(device.storage, device.journal(), old);
    expect(A.load<PageDocument>(bytes!).content).toBe("The text. Late.");
    await forget(device.storage, device.journal(), old);
    expect(await storedHere(device.storage, device.journal(), old)).toBeNull();
  });

  test("go to the document's own address with branch and page", async () => {
    const send = vi.fn(async () => ({ edit: "/" }));
    await sendLate({ send } as unknown as Api, "/api/documents/{id}/late", server.handle.url, page, new Uint8Array([1]));
    const url = `/api/documents/${documentIdOf(server.handle.url)}/late?branch=main&page_path=a.md`;
    expect(send).toHaveBeenCalledWith(url, new Uint8Array([1]));
  });

  test("of a retired document is sent once, said, and forgotten here", async () => {
    const { device, config, old } = await left();
    const send = vi.fn(async () => ({ edit: "/edit/main/a.md" }));
    const { made, notices } = rescue(device, config, send as Api["send"]);
    made.note();
    await Promise.all([made.settle(), made.settle()]);
    await made.settle();
    expect(send).toHaveBeenCalledOnce();
    expect(notices.show.mock.calls[0]![0]).toContain("is in the page now");
    expect(await storedHere(device.storage, device.journal(), old)).toBeNull();
    expect(device.registry.owed("main", "a.md")).toEqual([]);
  });

  test("that became a draft is linked to", async () => {
    const { device, config } = await left();
    const { made, notices } = rescue(device, config, (async () => ({ edit: "/edit/recovered/1/a.md" })) as Api["send"]);
    made.note();
    await made.settle();
    expect(notices.show.mock.calls[0]![1]).toMatchObject({ link: { href: "/edit/recovered/1/a.md" } });
  });

  test("that cannot be sent stays here and stays owed", async () => {
    const { device, config, old } = await left();
    const { made, notices } = rescue(device, config, async () => { throw new ApiError("Away.", 0); });
    made.note();
    await made.settle();
    expect(notices.show.mock.calls[0]![0]).toContain("kept on this device");
    expect(device.registry.owed("main", "a.md")).toEqual([old]);
    expect(await storedHere(device.storage, device.journal(), old)).not.toBeNull();
  });

  test("what is typed while it is carried goes along, and then nothing more is typed", async () => {
    const { device, config, old } = await left();
    const sent: number[] = [];
    let typed = 1;
    const send = async (_url: string, bytes: Uint8Array): Promise<unknown> => {
      sent.push(bytes[0]!);
      if (sent.length === 1) typed = 2;
      return { edit: "/edit/main/a.md" };
    };
    const { made } = rescue(device, config, send as Api["send"]);
    const freeze = vi.fn();
    await made.carry(old, () => new Uint8Array([typed]), "Refused.", freeze);
    expect(sent).toEqual([1, 2]);
    expect(freeze.mock.calls).toEqual([[true]]);
    const { made: other } = rescue(device, config, async () => { throw new ApiError("Away.", 0); });
    expect(await other.carry(old, () => new Uint8Array([1]), "Refused.", freeze)).toBe(false);
    expect(freeze.mock.lastCall).toEqual([false]);
  });

  test("of the open document is carried, and the page goes where it is", async () => {
    const { device, config, old } = await left();
    const { made } = rescue(device, config, (async () => ({ edit: "/edit/main/a.md" })) as Api["send"]);
    expect(await made.carry(old, () => new Uint8Array([1]), "Refused.", () => {})).toBe(true);
    expect(location.assign).toHaveBeenCalledWith("/edit/main/a.md");
  });

  test("is not carried round and round", async () => {
    const { device, config, old } = await left();
    const { made, notices } = rescue(device, config, (async () => ({ edit: "/" })) as Api["send"]);
    const done = [];
    for (let round = 0; round < 4; round += 1) done.push(await made.carry(old, () => new Uint8Array([1]), "Refused.", () => {}));
    expect(done).toEqual([true, true, true, false]);
    expect(notices.show.mock.calls.at(-1)![0]).toContain("download it");
  });
});
