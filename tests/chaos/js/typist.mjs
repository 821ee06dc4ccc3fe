// An official automerge-repo client that types numbered words; told what to do by JSON lines on stdin.
// argv: folder with node_modules, WebSocket URL, document URL. It follows `successor` as any client can.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import readline from "node:readline";
import path from "node:path";

const [folder, url, first] = process.argv.slice(2);
const require = createRequire(path.join(folder, "package.json"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Repo } = await load("@automerge/automerge-repo");
const A = await load("@automerge/automerge");
const { WebSocketClientAdapter } = await load("@automerge/automerge-repo-network-websocket");

const complaints = [];
// The official adapter throws what a socket of a killed server says, outside of any call.
process.on("uncaughtException", (error) => complaints.push(error.stack));

const stored = new Map();
const storage = {
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
const repo = new Repo({ network: [new WebSocketClientAdapter(url, 300)], storage, enableRemoteHeadsGossiping: true });
const serverStorage = "prdgen";
repo.subscribeToRemotes([serverStorage]);
const handles = [];

let current;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
async function open(documentUrl) {
  for (;;) {
    try {
      const handle = await repo.find(documentUrl);
      handles.push(handle);
      // Not while the handle is at work: what a listener throws or changes then breaks it for good.
      handle.on("change", () => setTimeout(look));
      return handle;
    } catch (error) {
      complaints.push(String(error));
      await pause(200);
    }
  }
}

let following = null;
function look() {
  const next = current?.isReady() ? current.doc().successor : null;
  if (!next || following === next) return;
  following = next;
  open(next).then((handle) => { current = handle; look(); });
}

const same = (a, b) => a && b && JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
const commands = {
  open: async () => { current = await open(first); look(); return true; },
  // `at` in 0..1 says at which line's start the word is put, on a line of its own.
  type: async ({ word, at }) => {
    while (!current.isReady()) await pause(20);
    const text = current.doc().content;
    const starts = [...text.matchAll(/\n/g)].map((found) => found.index + 1);
    const place = starts.length ? starts[Math.min(starts.length - 1, Math.floor(at * starts.length))] : text.length;
    try {
      current.change((doc) => A.splice(doc, ["content"], place, 0, `${word}\n`));
    } catch (error) {
      complaints.push(error.message); // the library refuses a change while it takes one in
      return false;
    }
    return true;
  },
  // Whether the server's store has all that is here, in every document this client had open.
  saved: async () => following === null || current.url === following
    ? handles.every((handle) => same(handle.getSyncInfo(serverStorage)?.lastHeads, handle.heads())) : false,
  /** For each document that was open: its last letters, its heads, and the server's as last told. */
  state: async () => [following, current.doc().successor ?? null, ...[...new Set(complaints)].slice(0, 8), ...handles.map((handle) => [handle.url.slice(-6),
    handle.heads().map((head) => head.slice(0, 6)),
    (handle.getSyncInfo(serverStorage)?.lastHeads ?? []).map((head) => head.slice(0, 6))])],
  text: async () => current.doc().content,
  document: async () => current.url,
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, ...facts } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ answer: await commands[command](facts) }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error?.stack ?? error) }));
  }
}
process.exit(0);
