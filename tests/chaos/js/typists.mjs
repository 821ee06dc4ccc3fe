// Official automerge-repo clients that type numbered words, as many as wanted in this one process;
// told what to do by lines of JSON on stdin: {"calls": [{"client": 0, "command": "open", …}, …]}.
// argv: the folder with node_modules. They follow `successor` as any client can.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import readline from "node:readline";
import path from "node:path";

const require = createRequire(path.join(process.argv[2], "package.json"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Repo } = await load("@automerge/automerge-repo");
const A = await load("@automerge/automerge");
const { WebSocketClientAdapter } = await load("@automerge/automerge-repo-network-websocket");

const complaints = new Set();
// The official adapter throws what a socket of a killed server says, outside of any call.
process.on("uncaughtException", (error) => complaints.add(error.stack));
process.on("unhandledRejection", (error) => complaints.add(String(error?.stack ?? error)));

/**
 * The official adapter throws when it is to send on a socket that is closing. automerge-repo 2.5.6
 * answers a sync message while it takes it in (DocSynchronizer.#processSyncMessage), so such a throw
 * leaves the handle with a state that Automerge calls outdated, and every later change and message
 * is refused until the program is started again. Nothing a server does can prevent it: the cure is
 * here as docs/loss-test.md gives it to whoever writes such a program.
 */
class Adapter extends WebSocketClientAdapter {
  send(message) {
    if (this.socket?.readyState === 1) super.send(message);
  }
}

const SERVER = "prdgen";
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const same = (a, b) => a && b && JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
const short = (heads) => (heads ?? []).map((head) => head.slice(0, 6));

function memory() {
  const stored = new Map();
  return {
    load: async (key) => stored.get(key.join("/")),
    save: async (key, data) => void stored.set(key.join("/"), data),
    remove: async (key) => void stored.delete(key.join("/")),
    loadRange: async (prefix) => [...stored]
      .filter(([key]) => key.startsWith(prefix.join("/")))
      .map(([key, data]) => ({ key: key.split("/"), data })),
    removeRange: async (prefix) => {
      for (const key of stored.keys()) if (key.startsWith(prefix.join("/"))) stored.delete(key);
    },
  };
}

class Client {
  handles = [];
  following = null;
  current = null;

  async open({ url, document }) {
    const network = [new Adapter(url, 300)];
    this.repo = new Repo({ network, storage: memory(), enableRemoteHeadsGossiping: true });
    this.repo.subscribeToRemotes([SERVER]);
    this.current = await this.find(document);
    this.look();
    return true;
  }

  async find(document) {
    for (;;) {
      try {
        const handle = await this.repo.find(document);
        this.handles.push(handle);
        // Not while the handle is at work: what a listener throws or changes then breaks it for good.
        handle.on("change", () => setTimeout(() => this.look()));
        return handle;
      } catch (error) {
        complaints.add(String(error));
        await pause(200);
      }
    }
  }

  look() {
    const next = this.current?.isReady() ? this.current.doc().successor : null;
    if (!next || this.following === next) return;
    this.following = next;
    this.find(next).then((handle) => { this.current = handle; this.look(); });
  }

  /** `at` in 0..1 says at which line's start the word is put, on a line of its own. */
  type({ word, at }) {
    if (!this.current?.isReady()) return false;
    const text = this.current.doc().content;
    const starts = [...text.matchAll(/\n/g)].map((found) => found.index + 1);
    const place = starts.length ? starts[Math.min(starts.length - 1, Math.floor(at * starts.length))] : text.length;
    try {
      this.current.change((doc) => A.splice(doc, ["content"], place, 0, `${word}\n`));
    } catch (error) {
      complaints.add(error.message); // the library refuses a change while it takes one in
      return false;
    }
    return true;
  }

  /** Whether the server's store has all that is here, in every document this client had open. */
  saved() {
    if (this.following !== null && this.current.url !== this.following) return false;
    return this.handles.every((handle) => same(handle.getSyncInfo(SERVER)?.lastHeads, handle.heads()));
  }

  /** The text, its document, and whether it is saved. */
  text() {
    return { text: this.current.doc().content, document: this.current.url, saved: this.saved() };
  }

  /** For each document that was open: its heads, and the server's as last told. */
  state() {
    return { following: this.following, successor: this.current.doc().successor ?? null,
      handles: this.handles.map((handle) => [handle.url.slice(-6), handle.state, short(handle.heads()),
        short(handle.getSyncInfo(SERVER)?.lastHeads)]) };
  }
}

const clients = [];
async function call({ client, command, ...facts }) {
  while (clients.length <= client) clients.push(new Client());
  return await clients[client][command](facts);
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { calls } = JSON.parse(line);
  try {
    const answers = await Promise.all(calls.map(call));
    console.log(JSON.stringify({ answers, complaints: [...complaints] }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error?.stack ?? error) }));
  }
}
process.exit(0);
