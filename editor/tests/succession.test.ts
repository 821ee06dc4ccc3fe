/** A device that was away while several documents of a page ended one after the other. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { PageDocument } from "../src/binding/document";
import type { Live } from "../src/live";
import type { Page } from "../src/page";
import type { Rescue } from "../src/rescue";
import { Succession } from "../src/succession";
import type { Session } from "../src/sync/session";
import { configFor, Device, Server } from "./server";
import { A } from "./wasm";

let server: Server;
let session: Session;

beforeEach(async () => {
  vi.stubGlobal("location", { href: "http://127.0.0.1/edit/main/a.md" });
  server = await Server.open("The text.");
  session = new Device().session(configFor(server), {});
  session.follow(await session.open(server.handle.url));
});

afterEach(() => {
  session.socket.disconnect();
  server.close();
  vi.unstubAllGlobals();
});

/** The documents that follow the server's first one, the last of them still at work. */
function following(count: number) {
  const made = Array.from({ length: count }, (_, at) => server.repo.create<PageDocument>({ content: `Text ${at}.` }));
  [server.handle, ...made].forEach((handle, at) => handle.change((doc) => {
    if (made[at]) doc.successor = made[at].url;
  }));
  return made;
}

/** What the page was told to go on with, when the server takes late text into `last`. */
async function wentTo(typed: boolean, first: string, last: { doc(): A.Doc<PageDocument> }) {
  const follow = vi.fn();
  const live = { session, typed, flush: vi.fn(), binding: { hold: vi.fn(), release: vi.fn() } };
  const handOver = vi.fn(async () => A.getHeads(last.doc()));
  const page = { follow } as unknown as Page;
  const succession = new Succession(live as unknown as Live, { handOver } as unknown as Rescue, () => page);
  succession.follow(await session.open(first));
  await vi.waitFor(() => expect(follow).toHaveBeenCalledOnce(), { timeout: 5_000 });
  expect(live.binding.release).not.toHaveBeenCalled();
  return follow.mock.lastCall![0].doc().content as string;
}

test("what was typed meanwhile is in the last document, and the page goes on there", async () => {
  const made = following(4);
  expect(await wentTo(true, made[0]!.url, made[3]!)).toBe("Text 3.");
});

test("one document that ended is followed by the next", async () => {
  const [next] = following(1);
  expect(await wentTo(true, next!.url, next!)).toBe("Text 0.");
});

test("where nothing was typed the page goes on at once", async () => {
  const [next] = following(2);
  expect(await wentTo(false, next!.url, next!)).toBe("Text 0.");
});

test("who else wrote is known of every document there was", async () => {
  const since = session.version;
  const made = following(3);
  const last = await session.open(made[2]!.url);
  for (const handle of made.slice(0, 2)) await session.open(handle.url);
  await vi.waitFor(() => expect(session.handle!.doc().successor).toBe(made[0]!.url));
  session.follow(last);
  expect([...session.actorsSince(since).values()].map((actors) => actors.length)).toEqual([1, 1, 1, 1]);
});
