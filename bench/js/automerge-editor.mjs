// An official automerge-repo client that types, and notes when its frames leave and arrive.
// argv: WebSocket URL. Nothing of prdgen's own is in here.
import * as A from "@automerge/automerge";
import { cbor, Repo } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import { now, obey, typing, until } from "./commands.mjs";

const frames = { sent: [], received: [] };

class Timed extends WebSocketClientAdapter {
  send(message) {
    super.send(message);
    if (message.type === "sync") frames.sent.push([now(), message.data]);
  }

  receiveMessage(bytes) {
    frames.received.push([now(), bytes]);
    super.receiveMessage(bytes);
  }
}

// It keeps nothing on disk: all editors share this machine with the server that is measured.
const repo = new Repo({ network: [new Timed(process.argv[2], 2000)] });
let handle;

const text = () => handle.doc().content;
const press = (marker, typed) => {
  const at = text().indexOf(marker);
  if (at < 0) throw new Error(`there is no ${marker} in the text`);
  handle.change(doc => A.splice(doc, ["content"], at, 0, typed));
  return A.getHeads(handle.doc())[0];
};
const DOCUMENT = 0;
/** The chunks that stand behind one another in `bytes`, each with its length in its head. */
function* chunks(bytes) {
  for (let at = 0; at < bytes.length; ) {
    let end = at + 9;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[end++];
      length += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    yield bytes.subarray(at, end + length);
    at = end + length;
  }
}
/** Hashes of the changes in one chunk; newer clients send whole documents while they are short. */
const hashes = chunk =>
  chunk[8] === DOCUMENT
    ? A.getAllChanges(A.load(chunk)).map(change => A.decodeChange(change).hash)
    : [A.decodeChange(chunk).hash];
const changes = data => A.decodeSyncMessage(data).changes.flatMap(each => [...chunks(each)].flatMap(hashes));
const changesOfFrame = bytes => {
  const message = cbor.decode(new Uint8Array(bytes));
  return message.type === "sync" ? changes(message.data) : [];
};

obey({
  create: ({ text: content }) => {
    handle = repo.create({ content });
    return handle.url;
  },
  open: async ({ document }) => {
    await until(() => repo.peers.length > 0, 60);
    handle = await repo.find(document);
    return text();
  },
  begin: () => {},
  text: () => text(),
  forget: () => {
    frames.sent = [];
    frames.received = [];
  },
  press: ({ marker, typed }) => [now(), press(marker, typed)],
  type: ({ marker, ...pace }) => typing(pace, () => press(marker, "x")),
  length: async ({ length, seconds }) => {
    await until(() => text().length >= length, seconds);
    return text().length;
  },
  /** When the text first held `wanted`, on the common clock. */
  seen: async ({ wanted, seconds }) => {
    let stop;
    const found = new Promise((done, fail) => {
      const look = () => text().includes(wanted) && done(now());
      const late = setTimeout(() => fail(new Error(`${wanted} did not come`)), seconds * 1000);
      handle.on("change", look);
      stop = () => (handle.off("change", look), clearTimeout(late));
      look();
    });
    return await found.finally(stop);
  },
  /** [[when, [change hashes]], …] of the frames that left and arrived since `forget`. */
  frames: () => ({
    sent: frames.sent.map(([at, data]) => [at, changes(data)]),
    received: frames.received.map(([at, bytes]) => [at, changesOfFrame(bytes)]),
  }),
});
