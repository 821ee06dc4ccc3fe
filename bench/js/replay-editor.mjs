// Official automerge-repo clients that type a recorded trace, keystroke by keystroke, as fast as the
// server lets them. argv: WebSocket URL. A client that reads the retired document's last change
// (`successor`) goes on in the document it names; nothing of prdgen's own is in here.
import fs from "node:fs";
import zlib from "node:zlib";
import * as A from "@automerge/automerge";
import { Repo } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import { now, obey, until } from "./commands.mjs";

const PATIENCE = 600;
const repo = new Repo({ network: [new WebSocketClientAdapter(process.argv[2], 2000)] });
let handle;
let epochs = 1;

const text = () => String(handle.doc().content);
const successor = () => handle.doc().successor && String(handle.doc().successor);
const trace = path => JSON.parse(zlib.gunzipSync(fs.readFileSync(path)));
const pause = () => new Promise(done => setTimeout(done));

async function find(url) {
  for (let tries = 0; ; tries++) {
    try {
      return await repo.find(url);
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise(done => setTimeout(done, 100));
    }
  }
}

/** Go on in the document that follows, once it has everything that was typed in this one. */
async function follow() {
  const typed = text();
  handle = await find(successor());
  epochs += 1;
  await until(() => text() === typed, PATIENCE);
}

/** One change for each keystroke, `at_once` of them between two looks at the network. */
async function replay({ path, at_once }) {
  const { txns } = trace(path);
  const began = now();
  for (let at = 0; at < txns.length; at += at_once) {
    if (successor()) await follow();
    handle.update(before => {
      let doc = before;
      for (const { patches } of txns.slice(at, at + at_once)) {
        doc = A.change(doc, each => {
          for (const [position, deleted, inserted] of patches)
            A.splice(each, ["content"], position, deleted, inserted);
        });
      }
      return doc;
    });
    await pause();
  }
  return { seconds: (now() - began) / 1000, epochs, length: text().length };
}

/** The changes of a trace that two people typed at once, built upon the document as it is. */
function recorded({ txns }) {
  const base = A.clone(handle.doc());
  const docs = new Map();
  const known = new Map();
  const changes = [];
  for (const [number, { agent, parents, patches }] of txns.entries()) {
    if (!docs.has(agent)) {
      docs.set(agent, A.clone(base, { actor: `aa${agent.toString(16).padStart(30, "0")}` }));
      known.set(agent, new Set());
    }
    const has = known.get(agent);
    const missing = [];
    for (const stack = [...parents]; stack.length; ) {
      const parent = stack.pop();
      if (has.has(parent)) continue;
      has.add(parent);
      missing.push(parent);
      stack.push(...txns[parent].parents);
    }
    let doc = docs.get(agent);
    missing.sort((left, right) => left - right);
    if (missing.length) [doc] = A.applyChanges(doc, missing.map(each => changes[each]));
    doc = A.change(doc, { time: 0 }, each => {
      for (const [position, deleted, inserted] of patches)
        A.splice(each, ["content"], position, deleted, inserted);
    });
    docs.set(agent, doc);
    changes.push(A.getLastLocalChange(doc));
    has.add(number);
  }
  return changes;
}

/** Type one agent's part of a trace; the other's comes from another client through the server. */
async function replay_agent({ path, agent, at_once }) {
  const found = trace(path);
  const changes = recorded(found).filter((_, number) => found.txns[number].agent === agent);
  const began = now();
  for (let at = 0; at < changes.length; at += at_once) {
    handle.update(doc => A.applyChanges(doc, changes.slice(at, at + at_once))[0]);
    await new Promise(done => setTimeout(done, 20));
  }
  return { seconds: (now() - began) / 1000, changes: changes.length };
}

obey({
  connected: () => until(() => repo.peers.length > 0),
  /** Milliseconds until the document is here, on a connection that was made before. */
  open: async ({ document }) => {
    const began = now();
    handle = await find(document);
    return now() - began;
  },
  text: () => text(),
  /** Wait for the document that holds the end of it all, and for its text. */
  settle: async ({ length, seconds }) => {
    const end = now() + seconds * 1000;
    while (text().length !== length && now() < end) {
      if (successor()) handle = await find(successor());
      await new Promise(done => setTimeout(done, 20));
    }
    return text();
  },
  replay,
  replay_agent,
});
