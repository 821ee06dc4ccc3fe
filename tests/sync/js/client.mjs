// An official automerge-repo client, told what to do by JSON lines on stdin.
// argv: folder with node_modules, WebSocket URL. Nothing of prdgen's own is in here.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import readline from "node:readline";
import path from "node:path";

const [folder, url] = process.argv.slice(2);
const require = createRequire(path.join(folder, "package.json"));
const load = name => import(pathToFileURL(require.resolve(name)).href);
const { Repo, updateText, encodeHeads } = await load("@automerge/automerge-repo");
const { WebSocketClientAdapter } = await load("@automerge/automerge-repo-network-websocket");

const stored = new Map();
const storage = {
  load: async key => stored.get(key.join("/")),
  save: async (key, data) => void stored.set(key.join("/"), data),
  remove: async key => void stored.delete(key.join("/")),
  loadRange: async prefix => [...stored]
    .filter(([key]) => key.startsWith(prefix.join("/")))
    .map(([key, data]) => ({ key: key.split("/"), data })),
  removeRange: async prefix => {
    for (const key of stored.keys()) if (key.startsWith(prefix.join("/"))) stored.delete(key);
  },
};
const repo = new Repo({
  network: [new WebSocketClientAdapter(url, 200)],
  storage,
  enableRemoteHeadsGossiping: true,
});
const heard = [];
let handle, serverStorage;

repo.networkSubsystem.on("peer", ({ peerMetadata }) => { serverStorage = peerMetadata?.storageId; });

const until = async (holds, ms = 25000) => {
  const end = Date.now() + ms;
  while (!holds()) {
    if (Date.now() > end) throw new Error("it did not come to hold");
    await new Promise(done => setTimeout(done, 5));
  }
};
const same = (a, b) => a && b && JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
const commands = {
  find: async ({ documentUrl }) => {
    handle = await repo.find(documentUrl);
    handle.on("ephemeral-message", ({ senderId, message }) => heard.push({ senderId, message }));
    return handle.doc().content;
  },
  splice: async ({ at, remove = 0, insert = "" }) => {
    handle.change(doc => {
      const text = doc.content;
      updateText(doc, ["content"], text.slice(0, at) + insert + text.slice(at + remove));
    });
    return handle.doc().content;
  },
  reshape: async ({ text }) => { handle.change(doc => { doc.content = text; }); return text; },
  text: async () => handle.doc().content,
  has: async ({ text }) => { await until(() => handle.doc().content.includes(text)); return true; },
  is: async ({ text }) => { await until(() => handle.doc().content === text); return true; },
  saved: async () => {
    await until(() => same(handle.getSyncInfo(serverStorage)?.lastHeads, handle.heads()));
    return serverStorage;
  },
  storageId: async () => repo.storageSubsystem.id(),
  subscribe: async ({ storageId }) => { repo.subscribeToRemotes([storageId]); return true; },
  remote: async ({ storageId }) => {
    await until(() => same(handle.getSyncInfo(storageId)?.lastHeads, handle.heads()));
    return true;
  },
  say: async ({ message }) => { handle.broadcast(message); return true; },
  heard: async ({ type }) => {
    await until(() => heard.some(({ message }) => message.type === type));
    return heard.filter(({ message }) => message.type === type);
  },
  peerId: async () => repo.peerId,
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, ...facts } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ answer: await commands[command](facts) }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error?.message ?? error) }));
  }
}
process.exit(0);
