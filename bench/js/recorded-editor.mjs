// Editors whose keys were pressed before: they make their changes first and then only send them, each at
// its time, in automerge-repo's protocol, and answer every message as the official client does. They
// merge what they received at the end. So a hundred of them leave a small machine to the server.
// Each has a connection of its own. Nothing of prdgen's own is in here.
import { createHash } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import * as A from "@automerge/automerge";
import { cbor, Repo } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import WebSocket from "ws";
import { now, obeyEach, typing, until } from "./commands.mjs";

const BLOOM = new Uint8Array();
const CHANGE = 1;
const LOOK = 5;
const delay = monitorEventLoopDelay({ resolution: LOOK });

/** One document on one connection, from the moment on when both sides have the same. */
class Line {
  sent = [];
  received = [];
  /** Hash → the bytes of the change. */
  others = new Map();
  pressed = 0;
  #mine = new Map();
  #keys;
  #heads;
  #known;
  #url;
  #peerId;
  #socket;
  #server;

  constructor(url, peerId, document, doc) {
    this.#url = url;
    this.#peerId = peerId;
    this.documentId = document.replace("automerge:", "");
    this.base = doc;
    this.doc = A.clone(doc);
    this.#heads = new Set(A.getHeads(doc));
    this.#known = [...this.#heads];
  }

  async connect() {
    const socket = (this.#socket = new WebSocket(this.#url));
    socket.binaryType = "arraybuffer";
    socket.onmessage = event => this.#receive(event.data);
    await new Promise((done, fail) => ((socket.onopen = done), (socket.onerror = fail)));
    this.#post({ type: "join", senderId: this.#peerId, peerMetadata: { isEphemeral: true }, supportedProtocolVersions: ["1"] });
    await until(() => this.#server);
    this.#sync([], "request");
  }

  /** Make the changes of `count` keys pressed at a marker. */
  record(marker, count) {
    for (let key = 0; key < count; key++) {
      const at = String(this.doc.content).indexOf(marker);
      this.doc = A.change(this.doc, doc => A.splice(doc, ["content"], at, 0, "x"));
      const bytes = A.getLastLocalChange(this.doc);
      this.#mine.set(hashOf(bytes), bytes);
    }
    this.#keys = this.#mine.entries();
  }

  /** Press the next key; the hash of the change that makes. */
  press() {
    const [hash, bytes] = this.#keys.next().value;
    this.pressed += 1;
    this.#follow(hash, deps(bytes));
    this.sent.push([now(), [hash]]);
    this.#sync([bytes]);
    return hash;
  }

  /** What everyone has typed so far, together. */
  text() {
    const doc = A.applyChanges(A.clone(this.doc), [...this.others.values()])[0];
    return String(doc.content);
  }

  #receive(frame) {
    const message = cbor.decode(new Uint8Array(frame));
    if (message.type === "peer") this.#server = message.senderId;
    if (message.type === "error") throw new Error(message.message);
    if (message.type !== "sync" || message.documentId !== this.documentId) return;
    const { heads, changes } = A.decodeSyncMessage(message.data);
    const hashes = changes.flatMap(each => [...chunks(each)].map(chunk => this.#take(chunk)));
    if (hashes.length) this.received.push([now(), hashes]);
    this.#known = heads.filter(head => this.others.has(head) || this.#mine.has(head) || A.hasHeads(this.base, [head]));
    if (hashes.length) this.#sync([]);
  }

  #take(chunk) {
    if (chunk[8] !== CHANGE) throw new Error("a chunk that is no single change");
    const hash = hashOf(chunk);
    if (!this.others.has(hash)) {
      this.others.set(hash, chunk);
      this.#follow(hash, deps(chunk));
    }
    return hash;
  }

  #follow(hash, parents) {
    for (const parent of parents) this.#heads.delete(parent);
    this.#heads.add(hash);
  }

  #sync(changes, type = "sync") {
    const have = [{ lastSync: this.#known, bloom: BLOOM }];
    const data = A.encodeSyncMessage({ heads: [...this.#heads].sort(), need: [], have, changes });
    this.#post({ type, senderId: this.#peerId, targetId: this.#server, documentId: this.documentId, data });
  }

  #post(message) {
    this.#socket.send(cbor.encode(message));
  }
}

/** The chunks that stand behind one another in `bytes`, each with its length in its head. */
function* chunks(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const [length, begin] = number(bytes, at + 9);
    yield bytes.subarray(at, begin + length);
    at = begin + length;
  }
}

/** A LEB128 number and where it ends. */
function number(bytes, at) {
  let found = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    found += (byte & 127) * 2 ** shift;
    if (byte < 128) return [found, at];
  }
}

/** As the format says: of everything after magic number and checksum. */
const hashOf = chunk => createHash("sha256").update(chunk.subarray(8)).digest("hex");

/** The hashes a change stands upon, which its content begins with. */
function deps(chunk) {
  const [count, begin] = number(chunk, number(chunk, 9)[1]);
  return Array.from({ length: count }, (_, each) =>
    Buffer.from(chunk.subarray(begin + each * 32, begin + each * 32 + 32)).toString("hex"));
}

class Editor {
  #peerId;
  #url;
  #repo;
  #handle;
  #line;

  constructor(number) {
    this.#peerId = `recorded-${process.pid}-${number}`;
  }

  meet({ url }) {
    this.#url = url;
    this.#repo = new Repo({ network: [new WebSocketClientAdapter(url, 5000)] });
  }

  create({ text }) {
    this.#handle = this.#repo.create({ content: text });
    return this.#handle.url;
  }

  async open({ document }) {
    await until(() => this.#repo.peers.length > 0, 60);
    this.#handle = await this.#repo.find(document);
    return String(this.#handle.doc().content);
  }

  /** Make the changes, and be alone with the connection from here on. */
  async begin({ marker, count }) {
    this.#line = new Line(this.#url, this.#peerId, this.#handle.url, this.#handle.doc());
    this.#line.record(marker, count);
    await this.#repo.shutdown();
    await this.#line.connect();
  }

  text() {
    return this.#line ? this.#line.text() : String(this.#handle.doc().content);
  }

  forget() {
    this.#line.sent = [];
    this.#line.received = [];
    delay.enable();
    delay.reset();
  }

  type(pace) {
    return typing(pace, () => this.#line.press());
  }

  async length({ length, seconds }) {
    const line = this.#line;
    const base = String(line.base.content).length;
    const reached = () => base + line.pressed + line.others.size;
    await until(() => reached() >= length, seconds);
    return reached();
  }

  frames() {
    return { sent: this.#line.sent, received: this.#line.received };
  }

  /** How late this process was itself, in one of a hundred looks: milliseconds. */
  late() {
    return Math.max(0, delay.percentile(99) / 1e6 - LOOK);
  }
}

obeyEach(number => new Editor(number));
