import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";
import { compress } from "./vite.compress";

/** The tokens under a name without a hash, so that the server's own pages can link them. */
function tokens(): Plugin {
  return {
    name: "prdgen-tokens",
    generateBundle() {
      const source = readFileSync(new URL("src/styles/tokens.css", import.meta.url), "utf8");
      this.emitFile({ type: "asset", fileName: "tokens.css", source });
    },
  };
}

export default defineConfig({
  // Relative, so that the files work below whatever path the server gives them.
  base: "./",
  plugins: [tokens(), compress()],
  build: {
    outDir: "../prdgen/server/static/editor",
    emptyOutDir: true,
    target: "es2022",
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    // Nothing inline: the page's policy has no data: scripts or styles.
    assetsInlineLimit: 0,
    rollupOptions: { input: ["src/main.ts", "src/offline.ts", "src/site.ts"] },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node", testTimeout: 30_000 },
} as Parameters<typeof defineConfig>[0]);
