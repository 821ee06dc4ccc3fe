/** The service worker, in one file without imports: not every browser takes a worker made of modules. */
import { defineConfig } from "vite";
import { compress } from "./vite.compress";

export default defineConfig({
  plugins: [compress()],
  build: {
    outDir: "../prdgen/server/static/editor",
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: "src/worker/main.ts", formats: ["iife"], name: "prdgenWorker", fileName: () => "service-worker.js" },
  },
});
