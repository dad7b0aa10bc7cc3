// Serves the built page and made runs as the contract says. Tests use it, and `node mock_server.mjs [port]` shows all of them.

import { createServer } from "node:http";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { made } from "./made_runs.mjs";

const built = join(dirname(fileURLToPath(import.meta.url)), "../../tools/page/built");
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self' http://localhost:* http://127.0.0.1:*";
const files = {
  "/": ["index.html", "text/html"],
  "/app.js": ["app.js", "text/javascript"],
  "/app.css": ["app.css", "text/css"],
  "/icon.svg": ["icon.svg", "image/svg+xml"],
};

export class MockServer {
  constructor(runs) {
    this.runs = runs;
    this.streams = new Set();
    this.asked = [];
  }

  async listen(port = 0) {
    this.server = createServer((request, response) => this.answer(request, response));
    await new Promise((done) => this.server.listen(port, "127.0.0.1", done));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}/`;
    return this;
  }

  async close() {
    for (const stream of this.streams) stream.destroy();
    this.streams.clear();
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  /** One more snapshot of a run, told to all pages. */
  grow(run) {
    run.add();
    this.say("run", run.summary());
  }

  remove(run) {
    this.runs = this.runs.filter((one) => one !== run);
    this.say("gone", { id: run.id });
  }

  say(event, data) {
    const cursor = this.runs.map((run) => `${run.id}:${run.lines - 1}`).join(",");
    for (const stream of this.streams) stream.write(`event: ${event}\nid: ${cursor}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  answer(request, response) {
    const url = new URL(request.url, "http://127.0.0.1");
    this.asked.push(request.url);
    const send = (status, data) => {
      response.writeHead(status, { "Content-Type": "application/json", "Content-Security-Policy": policy, "Cache-Control": "no-store" });
      response.end(JSON.stringify(data));
    };
    const file = files[url.pathname];
    if (file) {
      const path = join(built, file[0]);
      if (!existsSync(path)) return send(404, { error: "the page is not built: run npm run build in tools/page" });
      response.writeHead(200, {
        "Content-Type": `${file[1]}; charset=utf-8`,
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
      });
      return response.end(readFileSync(path));
    }
    const parts = url.pathname.split("/").slice(1);
    if (parts[0] !== "api" || parts[1] !== "v1") return send(404, { error: "no such page" });
    if (parts[2] === "events") return this.stream(request, response);
    if (parts[2] !== "runs") return send(404, { error: "no such question" });
    if (parts.length === 3)
      return send(200, { version: 1, livecca: "0.1.0", now: this.now(), runs: this.runs.map((run) => run.summary()) });
    const run = this.runs.find((one) => one.id === parts[3]);
    if (!run) return send(404, { error: `run ${parts[3]}: not served here` });
    const query = url.searchParams;
    switch (parts[4]) {
      case undefined:
        return send(200, run.answer());
      case "curves":
        return send(200, run.curves(query));
      case "logs":
        return send(200, run.logs_answer(query));
      case "events":
        return send(200, { lines: run.lines - 1, events: run.events, alarms: run.alarms });
      case "health":
        return send(200, run.health());
      case "spectrum":
        return send(200, run.spectrum(query));
      case "matrix":
        if (run.refusal) return send(503, { error: run.refusal });
        return run.references.length ? send(200, run.matrix(query)) : send(404, { error: "this run has no reference" });
      case "row":
        return run.rows.has(Number(parts[5])) ? send(200, run.rows.get(Number(parts[5]))) : send(404, { error: "no such row" });
      case "export.csv":
        response.writeHead(200, { "Content-Type": "text/csv" });
        return response.end("epoch,layer\n");
      default:
        return send(404, { error: "no such question" });
    }
  }

  now() {
    return Math.max(...this.runs.map((run) => run.time ?? 0), 1764450000) + 3;
  }

  stream(request, response) {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(": here\n\n");
    this.streams.add(response);
    request.on("close", () => this.streams.delete(response));
  }
}

/** The page with a run in it, as `livecca serve --export` writes it. */
export function exported_page(runs) {
  const read = (name) => readFileSync(join(built, name), "utf8");
  const data = {
    now: 1764460000,
    runs: runs.map((run) => run.summary()),
    run: {},
    curves: {},
    logs: {},
    events: {},
    health: {},
    spectra: {},
    matrix: {},
    rows: {},
  };
  for (const run of runs) {
    data.run[run.id] = run.answer();
    data.events[run.id] = { lines: run.lines - 1, events: run.events, alarms: run.alarms };
    data.health[run.id] = run.health();
    data.rows[run.id] = Object.fromEntries(run.rows);
    for (const x of ["epoch", "step", "time"]) {
      data.logs[`${run.id}/${x}`] = run.logs_answer(new URLSearchParams({ x, width: "1000" }));
      for (const stream of run.streams)
        for (const measure of run.measures)
          for (const reference of run.references)
            data.curves[`${run.id}/${x}/${stream}/${measure}/${reference}`] = run.curves(
              new URLSearchParams({ stream, reference, measure, x, width: "1000" }),
            );
    }
    for (const stream of run.streams)
      for (const reference of run.references) {
        for (const layer of run.layers)
          data.spectra[`${run.id}/${stream}/${layer}/${reference}`] = run.spectrum(new URLSearchParams({ layer }));
        for (const measure of run.measures) data.matrix[`${run.id}/${stream}/${measure}/${reference}`] = run.matrix(new URLSearchParams());
      }
  }
  const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const policy_of_file = `default-src 'none'; script-src ${hash(read("app.js"))}; style-src ${hash(read("app.css"))}; img-src data:`;
  const json = JSON.stringify(data).replace(/<\//g, "<\\/");
  return read("index.html")
    .replace(`<link rel="icon" href="icon.svg">`, () => `<meta http-equiv="Content-Security-Policy" content="${policy_of_file}">`)
    .replace(`<link rel="stylesheet" href="app.css">`, () => `<style>${read("app.css")}</style>`)
    .replace(
      `<script src="app.js"></script>`,
      () => `<script type="application/json" id="data">${json}</script><script>${read("app.js")}</script>`,
    );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const growing = made.seven({ name: "growing", snapshots: 9, state: "live" });
  const runs = [
    growing,
    made.seven(),
    made.alarm(),
    made.sixty(),
    made.long(),
    made.one_layer(),
    made.one_row(),
    made.empty(),
    made.no_reference(),
    made.undersampled(),
    ...made.seeds(),
    made.names(),
  ];
  const server = await new MockServer(runs).listen(Number(process.argv[2] ?? 8123));
  console.log(server.url);
  setInterval(() => server.grow(growing), 2000);
}
