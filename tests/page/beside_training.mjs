// How much slower training is while the page is open, on this machine. Nothing else should run.
// Usage: LIVECCA_PROGRAM=… node beside_training.mjs PAIRS FOLDER COMMAND [ARGUMENT…]
// The command trains once, long enough for all pairs, and writes its run into FOLDER, which is emptied before. The program
// serves it all the time. By turns the browser shows the run's page and an empty one, for as many snapshots each; the time
// between snapshots tells how fast training is. Also says how much processor time server and browser took, which is less
// noisy (from /proc, so on Linux only).

import { spawn } from "node:child_process";
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { open_browser } from "./browser.mjs";
import { program, serve } from "./program.mjs";

/** Between snapshots, for each setting; the first is not counted, as a page is being opened or closed. */
const intervals = 6;
const [pairs, folder, command, ...arguments_] = process.argv.slice(2);
if (!(Number(pairs) >= 1) || !command || !program) {
  console.error("beside_training.mjs: expected LIVECCA_PROGRAM and: PAIRS FOLDER COMMAND [ARGUMENT…]");
  process.exit(2);
}

/** Seconds of processor time of this process's descendants but the training, in all. */
function seconds_of_others() {
  const processes = new Map();
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      // Behind the name, which may hold spaces: state, parent, …, of which 12 and 13 are user and system time.
      const facts = readFileSync(`/proc/${id}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
      processes.set(Number(id), { parent: Number(facts[1]), ticks: Number(facts[11]) + Number(facts[12]) });
    } catch {
      // It has ended.
    }
  }
  const is_ours = (id) => id !== training.pid && (id === process.pid || (processes.has(id) && is_ours(processes.get(id).parent)));
  let ticks = 0;
  for (const [id, { ticks: of_it }] of processes) if (id !== process.pid && is_ours(id)) ticks += of_it;
  return ticks / 100;
}

const times = new Map();
let read = 0;
let torn = "";

/** Wall clock of each snapshot so far: of its first row. Reads what is new in the file. */
function snapshots() {
  let file;
  try {
    file = openSync(join(folder, "rows.jsonl"), "r");
  } catch {
    return []; // Not begun yet.
  }
  const added = Buffer.alloc(fstatSync(file).size - read);
  read += readSync(file, added, 0, added.length, read);
  closeSync(file);
  const lines = (torn + added.toString("latin1")).split("\n");
  torn = lines.pop();
  for (const line of lines) {
    if (!line.includes('"kind":"measure"')) continue;
    const row = JSON.parse(line);
    if (!times.has(row.step)) times.set(row.step, row.wall_time);
  }
  return [...times.values()];
}

async function until_snapshot(count) {
  while (snapshots().length < count) {
    if (training.exitCode !== null) throw new Error(`the training ended (${training.exitCode}) after ${snapshots().length} snapshots`);
    await wait(250);
  }
  return snapshots()[count - 1];
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const training = spawn(command, arguments_, { stdio: "ignore" });
const served = serve(folder);
const browser = await open_browser();
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const addresses = { empty: "about:blank", page: await served.address };
const shares = { empty: [], page: [] };
const slower = [];

/** Seconds between snapshots while the browser shows this. */
async function seconds_beside(setting, begun) {
  await page.goto(addresses[setting]);
  const first = await until_snapshot(begun + 1);
  const before = seconds_of_others();
  const last = await until_snapshot(begun + intervals);
  shares[setting].push((seconds_of_others() - before) / (last - first));
  return (last - first) / (intervals - 1);
}

await until_snapshot(2);
let seen = snapshots().length;
for (let pair = 0; pair < Number(pairs); ++pair) {
  const took = {};
  for (const setting of pair % 2 ? ["page", "empty"] : ["empty", "page"]) {
    took[setting] = await seconds_beside(setting, seen);
    seen += intervals;
  }
  slower.push(100 * (took.page / took.empty - 1));
  console.log(`a snapshot every ${took.empty.toFixed(2)} s, with the page ${took.page.toFixed(2)} s: ${slower.at(-1).toFixed(1)} % slower`);
}
training.kill("SIGKILL");
await browser.close();
await served.stop();

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const average = mean(slower);
const error = Math.sqrt(slower.reduce((sum, value) => sum + (value - average) ** 2, 0) / (slower.length - 1) / slower.length);
for (const [setting, values] of Object.entries(shares))
  console.log(`server and browser (${setting}) took ${(100 * mean(values)).toFixed(1)} % of one core`);
console.log(`beside the page training was ${average.toFixed(2)} % slower (mean of ${slower.length} pairs, standard error ${error.toFixed(2)} %)`);
