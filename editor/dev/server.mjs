// A small stand-in for prdgen's server: automerge-repo's own sync server, and just enough of the API
// for the editor. `node dev/server.mjs [port]` prints its address as JSON; for development and tests.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { randomUUID } from "node:crypto";
import { WebSocketServer } from "ws";
import { decodeHeads, Repo } from "@automerge/automerge-repo";
import { WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket";
import { example, rendered } from "./example.mjs";

const BUILT = fileURLToPath(new URL("../../prdgen/server/static/editor/", import.meta.url));
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".json": "application/json" };

/** Storage in memory with an id, so that clients learn what is stored. */
class Memory {
  #data = new Map();
  async load(key) { return this.#data.get(key.join("\0")); }
  async save(key, data) { this.#data.set(key.join("\0"), data); }
  async remove(key) { this.#data.delete(key.join("\0")); }
  async loadRange(prefix) {
    const start = prefix.join("\0");
    return [...this.#data].filter(([key]) => key.startsWith(start))
      .map(([key, data]) => ({ key: key.split("\0"), data }));
  }
  async removeRange(prefix) {
    for (const key of [...this.#data.keys()]) if (key.startsWith(prefix.join("\0"))) this.#data.delete(key);
  }
}

const sockets = new WebSocketServer({ noServer: true });
const storage = new Memory();
// Laid down before the repository asks: two askers at once would make up two ids.
await storage.save(["storage-adapter-id"], new TextEncoder().encode(randomUUID()));
const repo = new Repo({ network: [new WebSocketServerAdapter(sockets)], storage, sharePolicy: async () => false });
const storageId = await repo.storageId();
let handle = repo.create({ content: example });
let refuse = null; // [code, reason] for new connections
let conflicts = [];
const calls = [];
const listeners = new Set();

function shell(person, config) {
  const nonce = randomUUID();
  const full = {
    documentUrl: handle.url, syncUrl: "/sync?branch=main&page_path=docs/checkout.md", branch: "main",
    pagePath: "docs/checkout.md", title: "Checkout", person, canWrite: true, readOnlyReason: null,
    liveLimit: 262144, previewUrl: "/api/preview", saveVersionUrl: "/api/versions",
    conflictsUrl: "/api/conflicts?branch=main&page_path=docs/checkout.md", eventsUrl: "/api/events",
    exportUrls: { pdf: "/export/main/docs/checkout.pdf", docx: "/export/main/docs/checkout.docx" },
    pageUrl: "/p/main/docs/checkout.md", historyUrl: "/history/main/docs/checkout.md",
    csrfToken: "token", cspNonce: nonce, serverStorageId: storageId, ...config,
  };
  return { nonce, full };
}

async function page(url, response) {
  const manifest = JSON.parse(await readFile(join(BUILT, "manifest.json"), "utf8"));
  const entry = manifest["src/main.ts"];
  const css = [entry, ...entry.imports.map((name) => manifest[name])].flatMap((part) => part.css ?? []);
  const name = url.searchParams.get("name") ?? "Ada Lovelace";
  const color = url.searchParams.get("color") ?? "#7c3aed";
  const extra = JSON.parse(url.searchParams.get("config") ?? "{}");
  const { nonce, full } = shell({ id: name.toLowerCase().replaceAll(" ", "-"), name, color }, extra);
  const attribute = JSON.stringify(full).replaceAll("&", "&amp;").replaceAll("'", "&#39;");
  response.writeHead(200, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'nonce-${nonce}'; ` +
      "img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  });
  response.end(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Checkout · prdgen</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
${css.map((file) => `<link rel="stylesheet" href="/static/editor/${file}">`).join("\n")}
<link rel="modulepreload" href="/static/editor/${entry.file}">
<script type="module" src="/static/editor/${entry.file}"></script></head>
<body><div id="editor" data-config='${attribute}'></div></body></html>`);
}

async function asset(url, response) {
  const file = normalize(join(BUILT, url.pathname.slice("/static/editor/".length)));
  const data = file.startsWith(BUILT) ? await readFile(file).catch(() => null) : null;
  response.writeHead(data ? 200 : 404, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
  response.end(data ?? "");
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

function json(response, value, status = 200) {
  response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" });
  response.end(JSON.stringify(value));
}

/** What tests do to the server. */
const CONTROL = {
  text: () => ({ text: handle.doc().content, changes: handle.metrics().numChanges, connections: sockets.clients.size }),
  edit: ({ at, remove = 0, insert = "" }) => { handle.change((doc) => doc.content = splice(doc.content, at, remove, insert)); return {}; },
  conflicts: (list) => { conflicts = list; return {}; },
  refuse: (what) => { refuse = Array.isArray(what) ? what : null; return {}; },
  cut: ({ code = 1012, reason = "" }) => { for (const one of sockets.clients) one.close(code, reason); return {}; },
  emit: (event) => { for (const one of listeners) one.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`); return {}; },
  calls: () => calls,
  retire: () => { const old = handle; handle = repo.create({ content: old.doc().content }); old.change((doc) => { doc.successor = handle.url; }); return { url: handle.url }; },
  replace: () => { handle = repo.create({ content: handle.doc().content }); return { url: handle.url }; },
};

function splice(text, at, remove, insert) {
  return text.slice(0, at) + insert + text.slice(at + remove);
}

async function api(url, request, response) {
  const body = request.method === "POST" ? await bodyOf(request) : Buffer.alloc(0);
  const data = body.length && request.headers["content-type"] === "application/json" ? JSON.parse(body) : null;
  if (url.pathname.startsWith("/control/")) return json(response, CONTROL[url.pathname.slice(9)](data ?? {}));
  if (request.method === "POST") calls.push({ path: url.pathname, query: url.search, csrf: request.headers["x-csrf-token"], size: body.length, data: url.pathname === "/api/preview" ? null : data });
  if (url.pathname === "/api/preview") return json(response, rendered(data.text));
  if (url.pathname === "/api/versions") return json(response, { commits: ["1234567890abcdef1234567890abcdef12345678"] });
  if (url.pathname === "/api/conflicts") return json(response, { items: conflicts });
  if (url.pathname.startsWith("/api/conflicts/")) return json(response, {});
  if (url.pathname.endsWith("/late")) return json(response, { document: handle.url, heads: decodeHeads(handle.heads()), recovered: null, edit: "/" });
  if (url.pathname === "/api/events") {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(": hello\n\n");
    listeners.add(response);
    return request.on("close", () => listeners.delete(response));
  }
  return json(response, { title: "Not found", status: 404 }, 404);
}

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  const serve = url.pathname === "/" ? page(url, response)
    : url.pathname.startsWith("/static/editor/") ? asset(url, response) : api(url, request, response);
  serve.catch((error) => json(response, { title: String(error), status: 500 }, 500));
});
server.on("upgrade", (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (one) => {
    if (refuse) one.close(...refuse);
    else sockets.emit("connection", one, request);
  });
});
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/` }));
});
