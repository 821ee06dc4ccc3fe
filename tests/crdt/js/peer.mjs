// One Automerge document on the official JavaScript library, driven by JSON lines.
// The folder that holds the packages comes as the first argument.
import { createInterface } from "node:readline"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const packages = join(process.argv[2], "node_modules", "@automerge")
const load = (...path) => import(pathToFileURL(join(packages, ...path)).href)
const A = await load("automerge", "dist", "mjs", "entrypoints", "fullfat_node.js")
const cbor = await load("automerge-repo", "dist", "helpers", "cbor.js")

const hex = bytes => Buffer.from(bytes).toString("hex")
const bytes = text => new Uint8Array(Buffer.from(text, "hex"))
// In a message to encode, {"hex": "…"} stands for bytes.
const revive = (_, value) => (value && typeof value.hex === "string" ? bytes(value.hex) : value)

let doc = A.init()
let state = A.initSyncState()

const commands = {
  from: ({ text }) => void (doc = A.from({ content: text })),
  load: ({ data }) => void (doc = A.load(bytes(data))),
  fresh: () => void ((doc = A.init()), (state = A.initSyncState())),
  splice: ({ at, remove, insert }) =>
    void (doc = A.change(doc, d => A.splice(d, ["content"], at, remove, insert))),
  empty: () => void (doc = A.emptyChange(doc)),
  spliceAt: ({ heads, at, remove, insert }) =>
    void (doc = A.changeAt(doc, heads, d => A.splice(d, ["content"], at, remove, insert)).newDoc),
  update: ({ text }) => void (doc = A.change(doc, d => A.updateText(d, ["content"], text))),
  assign: ({ text }) => void (doc = A.change(doc, d => void (d.content = text))),
  receive: ({ data }) => void ([doc, state] = A.receiveSyncMessage(doc, state, bytes(data))),
  next: () => {
    let message
    ;[state, message] = A.generateSyncMessage(doc, state)
    return message && hex(message)
  },
  last: () => hex(A.getLastLocalChange(doc)),
  text: () => doc.content ?? null,
  successor: () => doc.successor ?? null,
  heads: () => A.getHeads(doc).sort(),
  save: () => hex(A.save(doc)),
  encode: ({ message }) => hex(cbor.encode(JSON.parse(message, revive))),
  decode: ({ data }) =>
    JSON.stringify(cbor.decode(bytes(data)), (_, value) =>
      value instanceof Uint8Array || (value && value.type === "Buffer")
        ? { hex: hex(value.data ?? value) }
        : value,
    ),
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  let reply
  try {
    reply = { ok: commands[request.do](request) ?? null }
  } catch (error) {
    reply = { error: String(error) }
  }
  process.stdout.write(JSON.stringify(reply) + "\n")
}
