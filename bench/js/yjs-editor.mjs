// An official Hocuspocus client that types, and notes when its frames leave and arrive.
// argv: WebSocket URL.
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import * as decoding from "lib0/decoding";
import WebSocket from "ws";
import * as Y from "yjs";
import { now, obey, typing, until } from "./commands.mjs";

const SYNC = 0;
const STEP_2 = 1;
const UPDATE = 2;
const frames = { sent: [], received: [] };

class Timed extends WebSocket {
  constructor(url) {
    super(url);
    this.on("message", data => frames.received.push([now(), data]));
  }

  send(data, ...more) {
    super.send(data, ...more);
    frames.sent.push([now(), data]);
  }
}

const socket = new HocuspocusProviderWebsocket({ url: process.argv[2], WebSocketPolyfill: Timed });
const doc = new Y.Doc();
const text = doc.getText("content");
let provider;

const connect = async name => {
  provider = new HocuspocusProvider({ websocketProvider: socket, name, document: doc });
  provider.attach();
  await until(() => provider.isSynced);
};
const press = marker => {
  const at = text.toString().indexOf(marker);
  if (at < 0) throw new Error(`there is no ${marker} in the text`);
  const clock = Y.getState(doc.store, doc.clientID);
  text.insert(at, "x");
  return `${doc.clientID}:${clock}`;
};
/** The characters a frame brings, named `client:clock`. */
const changes = bytes => {
  const decoder = decoding.createDecoder(new Uint8Array(bytes));
  decoding.readVarString(decoder);
  if (decoding.readVarUint(decoder) !== SYNC) return [];
  if (![STEP_2, UPDATE].includes(decoding.readVarUint(decoder))) return [];
  const { from, to } = Y.parseUpdateMeta(decoding.readVarUint8Array(decoder));
  return [...from].flatMap(([client, first]) =>
    Array.from({ length: to.get(client) - first }, (_, more) => `${client}:${first + more}`));
};
const named = ([at, bytes]) => [at, changes(bytes)];

obey({
  create: async ({ document, text: content }) => {
    await connect(document);
    text.insert(0, content);
    await until(() => !provider.hasUnsyncedChanges);
    return document;
  },
  open: async ({ document }) => {
    await connect(document);
    return text.toString();
  },
  begin: () => {},
  text: () => text.toString(),
  forget: () => {
    frames.sent = [];
    frames.received = [];
  },
  type: ({ marker, ...pace }) => typing(pace, () => press(marker)),
  length: async ({ length, seconds }) => {
    await until(() => text.length >= length, seconds);
    return text.length;
  },
  frames: () => ({ sent: frames.sent.map(named), received: frames.received.map(named) }),
});
