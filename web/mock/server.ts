// Answers the contract's requests from files while pages are being built (npm run dev): mock/data/<METHOD path>.json made by mock/make.sh.
// Development only: neither the build nor the tests use it.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const data = join(import.meta.dirname, "data");

export function mockServer(): Plugin {
  const target = process.env["WIRETALE_URL"];
  return {
    name: "wiretale-mock",
    config: () => (target ? { server: { proxy: { "/api": { target, headers: { Authorization: `Bearer ${process.env["WIRETALE_TOKEN"] ?? ""}` }, changeOrigin: true } } } } : {}),
    configureServer(server) {
      if (target) return;
      server.middlewares.use("/api/v1/", (request, response) => {
        const url = new URL(request.url ?? "/", "http://mock");
        const name = url.pathname.replace(/^\//, "").replaceAll("/", "_") || "root";
        const file = join(data, name + ".json");
        response.setHeader("Content-Type", "application/json");
        if (!existsSync(file)) {
          response.statusCode = 404;
          response.end(JSON.stringify({ error: { message: `no mock/data/${name}.json` } }));
          return;
        }
        const answer = JSON.parse(readFileSync(file, "utf8"));
        if (Array.isArray(answer.rows)) {
          const from = Number(url.searchParams.get("offset") ?? 0);
          answer.rows = answer.rows.slice(from, from + Number(url.searchParams.get("limit") ?? 200));
        }
        response.end(JSON.stringify(answer));
      });
    },
  };
}
