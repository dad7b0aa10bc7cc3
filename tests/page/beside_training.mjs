// How much slower training is beside the server, and beside the server and an open page, on this machine.
// Usage: LIVECCA_PROGRAM=… node beside_training.mjs ROUNDS FOLDER COMMAND [ARGUMENT…]
// The command trains and writes its run into FOLDER, which is emptied before each run. The three settings take turns, in
// another order each round; ratios are within a round. Also says how much processor time server and browser took, which
// is less noisy (from /proc, so on Linux only).

import { spawnSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { open_browser } from "./browser.mjs";
import { serve } from "./program.mjs";

const [rounds, folder, command, ...arguments_] = process.argv.slice(2);
if (!command || !process.env.LIVECCA_PROGRAM || spawnSync(command, ["--help"]).error) {
  console.error("beside_training.mjs: expected LIVECCA_PROGRAM and: ROUNDS FOLDER COMMAND [ARGUMENT…]");
  process.exit(2);
}

function train() {
  const begun = performance.now();
  return new Promise((done, fail) =>
    spawn(command, arguments_, { stdio: "ignore" }).on("exit", (code) =>
      code === 0 ? done(performance.now() - begun) : fail(new Error(`the command ended with ${code}`)),
    ),
  );
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
  const is_ours = (id) => id === process.pid || (processes.has(id) && is_ours(processes.get(id).parent));
  let ticks = 0;
  for (const [id, { ticks: of_it }] of processes) if (id !== process.pid && is_ours(id)) ticks += of_it;
  return ticks / 100;
}

/** Trains, and adds what the others took meanwhile. */
async function train_beside() {
  const before = seconds_of_others();
  const took = await train();
  others.push((seconds_of_others() - before) / (took / 1000));
  return took;
}

async function beside_server(work) {
  const served = serve(folder);
  try {
    return await work(await served.address);
  } finally {
    await served.stop();
  }
}

const others = [];

const settings = {
  alone: train,
  server: () => beside_server(train),
  page: () =>
    beside_server(async (address) => {
      const browser = await open_browser();
      await (await browser.newPage({ viewport: { width: 1440, height: 900 } })).goto(address);
      await wait(5000); // for a browser that has come to rest
      const took = await train_beside();
      await browser.close();
      return took;
    }),
};

const ratios = { server: [], page: [] };
for (let round = 0; round < Number(rounds); ++round) {
  const names = Object.keys(settings);
  const order = [...names.slice(round % 3), ...names.slice(0, round % 3)];
  const took = {};
  for (const name of order) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    took[name] = await settings[name]();
  }
  for (const name of ["server", "page"]) ratios[name].push(took[name] / took.alone);
  console.log(`round ${round + 1}: alone ${Math.round(took.alone)} ms, server ${Math.round(took.server)} ms, page ${Math.round(took.page)} ms`);
}
others.sort((a, b) => a - b);
console.log(`server and browser took ${(100 * others[Math.floor(others.length / 2)]).toFixed(1)} % of one core (median)`);
for (const [name, values] of Object.entries(ratios)) {
  values.sort((a, b) => a - b);
  const at = (share) => (100 * (values[Math.round(share * (values.length - 1))] - 1)).toFixed(1);
  console.log(`beside the ${name}: ${at(0.5)} % slower (median; the middle half ${at(0.25)} to ${at(0.75)} %)`);
}
