/** Automerge for the tests: the same slim build the page uses, with its wasm from disk. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as A from "@automerge/automerge/slim";

const path = createRequire(import.meta.url).resolve("@automerge/automerge/automerge.wasm");
await A.initializeWasm(new Uint8Array(readFileSync(path)));

export { A };
