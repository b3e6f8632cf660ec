import { defineConfig } from "vite";
import { mockServer } from "./mock/server.ts";

// One script and one style sheet with fixed names: `wiretale report` puts both into one HTML file, and `wiretale serve` sends them with an ETag.
export default defineConfig(({ command }) => ({
  base: "./",
  plugins: command === "serve" ? [mockServer()] : [],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../view/web/dist",
    // Names are fixed, and what else is there is not of this build.
    emptyOutDir: false,
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        codeSplitting: false,
        entryFileNames: "app.js",
        assetFileNames: "app[extname]",
      },
    },
  },
}));
