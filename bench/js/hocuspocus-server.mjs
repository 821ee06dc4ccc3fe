// Hocuspocus with its usual delayed storing, into files. argv: folder to store in, port.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { Server } from "@hocuspocus/server";
import * as Y from "yjs";

const [folder, port] = process.argv.slice(2);
const server = new Server({
  address: "127.0.0.1",
  port: Number(port),
  quiet: true,
  async onStoreDocument({ documentName, document }) {
    await writeFile(path.join(folder, documentName), Y.encodeStateAsUpdate(document));
  },
});
await server.listen();
console.log("ready");
