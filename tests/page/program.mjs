// The program that serves the page: LIVECCA_PROGRAM names it.

import { spawn } from "node:child_process";

export const program = process.env.LIVECCA_PROGRAM;

/** The rows of a made run as rows.jsonl has them, from behind a line on up to another one, and so many seconds later. */
export const lines_of = (run, from = 0, to = Infinity, later = 0) =>
  [...run.rows]
    .filter(([line]) => line > from && line <= to)
    .map(([, { checksum, ...row }]) => JSON.stringify({ ...row, wall_time: row.wall_time + later }) + "\n")
    .join("");

/** Serves a folder of runs; `stop` ends it. */
export function serve(folder, port = 0) {
  const server = spawn(program, ["serve", folder, "--port", String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  const address = new Promise((done, fail) => {
    let said = "";
    server.stdout.on("data", (text) => {
      said += text;
      const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(said);
      if (found) done(found[0]);
    });
    server.on("exit", () => fail(new Error(`the program ended: ${said}`)));
  });
  const stop = () =>
    new Promise((done) => {
      if (server.exitCode !== null) return done();
      server.on("exit", done);
      server.kill();
    });
  return { address, stop };
}
