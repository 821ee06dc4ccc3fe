/** Each built file once more, compressed, so that the server need not do it while people wait. */
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Smaller than this is one packet anyway. */
const WORTH_BYTES = 1_000;
/** One step below the best, which takes ten times as long for a tenth less. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 22 } };

/** `name.br` and `name.gz` beside `name`. */
export function compress(): Plugin {
  return {
    name: "prdgen-compress",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        for (const [fileName, file] of Object.entries(bundle)) {
          const source = Buffer.from(file.type === "chunk" ? file.code : file.source);
          if (source.length < WORTH_BYTES || !/\.(js|css|wasm)$/.test(fileName)) continue;
          this.emitFile({ type: "asset", fileName: `${fileName}.br`, source: brotliCompressSync(source, BROTLI) });
          this.emitFile({ type: "asset", fileName: `${fileName}.gz`, source: gzipSync(source, { level: 9 }) });
        }
      },
    },
  };
}
