// How soon the page shows a run, and how smoothly it moves. Usage: [LIVECCA_PROGRAM=…] node measure.mjs [long]; prints a line a
// run. With long, only a run of a million rows, by the program.
// With the program, also how soon it and the page show a run that it has not read yet, and how long after its write a row is
// on the screen.
// Headless chromium has no screen: a frame is what requestAnimationFrame gives, with software drawing.

import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MockServer } from "./mock_server.mjs";
import { MadeRun, made, many } from "./made_runs.mjs";
import { open_browser } from "./browser.mjs";
import { lines_of, program, serve } from "./program.mjs";

const runs = {
  "20 layers, 1,000 snapshots, 3 measures": made.long,
  "60 layers, 60 snapshots": made.sixty,
  "20 layers, 16,000 snapshots (decimated)": () =>
    new MadeRun({
      name: "huge",
      layers: many(20),
      snapshots: 16000,
      streams: ["probe"],
      references: ["seed7"],
      measures: ["pwcca_distance"],
    }),
};
const browser = await open_browser();
if (process.argv[2] === "long") {
  const long = new MadeRun({
    name: "long",
    layers: many(20),
    snapshots: 8500,
    streams: ["probe"],
    references: ["seed7"],
    measures: ["pwcca_distance", "mean_cca_distance", "linear_cka_debiased_similarity"],
  });
  await with_program(long, measure_first_look);
  await browser.close();
  process.exit();
}
for (const [name, make] of Object.entries(runs)) {
  const server = await new MockServer([make()]).listen();
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript(() => {
    const look = () => {
      if (!window.sentence_at && document.querySelector(".sentence .part")) window.sentence_at = performance.now();
      if (document.querySelector(".chart.convergence canvas")) requestAnimationFrame(() => (window.chart_at ??= performance.now()));
      else requestAnimationFrame(look);
    };
    look();
  });
  await page.goto(server.url);
  await page.waitForFunction(() => window.chart_at);
  const shown = await page.evaluate(() => [window.sentence_at, window.chart_at].map(Math.round));
  await page.waitForTimeout(700);
  const box = await page.locator(".chart.convergence .u-over").boundingBox();
  const rate = async (act) => {
    await page.evaluate(() => {
      window.frames_seen = [];
      const count = (time) => {
        window.frames_seen.push(time);
        window.counting = requestAnimationFrame(count);
      };
      window.counting = requestAnimationFrame(count);
    });
    await act();
    return page.evaluate(() => {
      cancelAnimationFrame(window.counting);
      const seen = window.frames_seen;
      return Math.round(((seen.length - 1) * 1000) / (seen[seen.length - 1] - seen[0]));
    });
  };
  await page.mouse.move(box.x + box.width * 0.3, box.y + 150);
  await page.keyboard.down("Shift");
  await page.mouse.down();
  const panned = await rate(async () => {
    for (let step = 0; step < 90; ++step) await page.mouse.move(box.x + box.width * (0.3 + 0.2 * Math.sin(step / 8)), box.y + 150);
  });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await page.waitForTimeout(300);
  const hovered = await rate(async () => {
    for (let step = 0; step < 90; ++step)
      await page.mouse.move(box.x + box.width * (0.5 + 0.3 * Math.sin(step / 8)), box.y + 150 + 60 * Math.cos(step / 5));
  });
  console.log(
    `${name}: sentence after ${shown[0]} ms, chart after ${shown[1]} ms; ${panned} frames a second while panning, ${hovered} while hovering`,
  );
  await page.close();
  await server.close();
}
if (program) {
  await with_program(made.long(), measure_first_look);
  await with_program(made.long(), measure_new_rows);
}
await browser.close();

/** A run in a folder, the program that begins to serve it, and a page. */
async function with_program(run, act) {
  const folder = mkdtempSync(join(tmpdir(), "livecca-page-"));
  const file = join(folder, "run", "rows.jsonl");
  mkdirSync(join(folder, "run"));
  for (let line = 0; line < run.lines; line += 50000) appendFileSync(file, lines_of(run, line, line + 50000));
  const served = serve(folder);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await act({ run, file, page, address: await served.address });
  await page.close();
  await served.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measure_first_look({ run, page, address }) {
  const lines = run.lines - 1;
  const whole = page.waitForResponse(async (answer) => answer.url().includes("/curves?") && (await answer.json()).lines === lines, {
    timeout: 60000,
  });
  const begun = performance.now();
  const since = () => Math.round(performance.now() - begun);
  await page.goto(address);
  await page.waitForSelector(".sentence .part");
  const sentence = since();
  await page.waitForSelector(".chart.convergence canvas");
  const chart = since();
  await whole;
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  console.log(
    `20 layers, ${run.snapshots} snapshots, 3 measures, by the program as it starts: ` +
      `sentence after ${sentence} ms, chart after ${chart} ms, all curves after ${since()} ms`,
  );
}

async function measure_new_rows({ run, file, page, address }) {
  await page.goto(address);
  await page.waitForSelector(".chart.convergence canvas");
  // All of the file is read.
  await page.waitForFunction(() => !document.body.textContent.includes("Reading: "), null, { timeout: 60000 });
  const epoch = () => page.evaluate(() => document.querySelector(".strip dd")?.textContent);
  const times = [];
  for (let count = 0; count < 15; ++count) {
    await page.waitForTimeout(300 + 97 * count);
    const known = run.lines - 1;
    run.add();
    const before = await epoch();
    const begun = performance.now();
    appendFileSync(file, lines_of(run, known));
    await page.waitForFunction((old) => document.querySelector(".strip dd")?.textContent !== old, before, { polling: 10 });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  console.log(`a new snapshot on the screen after ${Math.round(times[7])} ms (median of 15), at most ${Math.round(times[14])} ms`);
}
