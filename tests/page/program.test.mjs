// The page with the real server: LIVECCA_PROGRAM names the program. Without it these are skipped.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { MadeRun, made, seven } from "./made_runs.mjs";
import { lines_of, program, serve } from "./program.mjs";
import { close_browser, colours, drawn, pixels, scroll_through, settle, the_browser, watch_requests, with_file } from "./help.mjs";

const skip = program ? false : "LIVECCA_PROGRAM is not set";
after(close_browser);

/** A run in a folder, the program that serves it, and a page that is open. */
async function with_program(run, act) {
  const folder = mkdtempSync(join(tmpdir(), "livecca-page-"));
  mkdirSync(join(folder, run.name));
  const file = join(folder, run.name, "rows.jsonl");
  writeFileSync(file, lines_of(run));
  const served = { ...serve(folder), folder, file };
  const context = await (await the_browser()).newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  watch_requests(page);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => /Content Security Policy/.test(message.text()) && wrong.push(message.text()));
  try {
    await page.goto(await served.address);
    await drawn(page);
    await act(page, served);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
    await served.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const until_epoch = (page, wanted) =>
  page.waitForFunction((text) => document.querySelector(".strip dd")?.textContent === text, String(wanted), { timeout: 30000 });

test("the program's answers fill the page: sentence, layers, curves, hover", { skip }, () =>
  with_program(made.seven(), async (page) => {
    assert.match(await page.locator(".sentence h1").innerText(), /settled/);
    assert.equal(await page.locator(".layers .layer").count(), 7);
    const of = await colours(page);
    for (const layer of ["conv1", "conv4", "fc2"]) assert.ok((await pixels(page, ".chart.convergence canvas", of[layer])) > 100, layer);
    assert.ok((await pixels(page, ".chart.heat canvas")) > 50000);
    const box = await page.locator(".chart.convergence .u-over").boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.8);
    await page.waitForFunction(() => /n\s*2,000/.test(document.querySelector(".readout")?.textContent ?? ""));
    await page.mouse.move(5, 5);
    for (const reference of ["start", "before-1"]) {
      await page.selectOption("#reference", reference);
      await settle(page);
      assert.ok((await pixels(page, ".chart.convergence canvas", of.conv4)) > 100, reference);
    }
    await page.selectOption("#x", "step");
    await settle(page);
    assert.ok((await pixels(page, ".chart.convergence canvas", of.conv4)) > 100, "by step");
  }),
);

test("every panel has what the program answers", { skip }, () =>
  with_program(new MadeRun({ name: "whole", layers: seven, kind: "alarm", snapshots: 36, state: "live", whole: true }), async (page) => {
    assert.match(await page.locator(".sentence h1").innerText(), /^fc1 has been dead since epoch 28;\s+6 of 7 layers have settled;\s+fc1 still moves \(0\.02 an epoch\)\./);
    assert.match(await page.locator(".strip").innerText(), /2\.0\s%/);
    await scroll_through(page);
    await settle(page);
    assert.equal(await page.locator(".chart.log canvas").count(), 3);
    assert.ok((await pixels(page, ".chart.log canvas", "#1b2330")) > 60, "the loss");
    assert.ok((await pixels(page, ".chart.heat canvas", "#10151d")) > 60, "the settling front and the profile");
    assert.ok((await pixels(page, ".chart.heat canvas", "#c2183c")) > 40, "the alarm's mark");
    assert.match((await page.locator("#to-what tbody tr").first().innerText()).replace(/\s+/g, " "), /conv1 before-1 0\.\d{3} seed7 0\.\d{3} = start 0\.\d{3}/);
    assert.match(await page.locator("#events").innerText(), /fc1 dead: 41 of 64 neurons no longer vary/);
    assert.match(await page.locator("#spectrum").innerText(), /\d+ of 64 are above the line/);
    assert.ok((await page.locator("#spectrum path.above").getAttribute("d")).length > 500);
    const health = (await page.locator("#health").innerText()).replace(/\s+/g, " ");
    assert.match(health, /conv2 2,000 1,987 images 3 of 64 22\.5 1,?340 0\.81\d* 0\.013/);
    assert.match(health, /solving took 62\.5 ms at the last snapshot/);
    assert.match(health, /watching took 2\.0 % of training time/);
    const of = await colours(page);
    const chart = () => page.locator(".chart.convergence canvas").evaluate((canvas) => canvas.toDataURL());
    const by_epoch = await chart();
    await page.selectOption("#x", "time");
    await settle(page);
    assert.notEqual(await chart(), by_epoch);
    assert.ok((await pixels(page, ".chart.convergence canvas", of.conv4)) > 100, "by wall clock");
    await page.selectOption("#x", "step");
    await settle(page);
    const by_step = await chart();
    await page.check("#log");
    await settle(page);
    assert.notEqual(await chart(), by_step);
    assert.ok((await pixels(page, ".chart.convergence canvas", of.conv4)) > 100, "logarithmic");
  }),
);

test("rows that are appended appear, a torn tail waits for its end, a run that goes is said to be gone", { skip }, () => {
  const run = made.seven({ name: "growing", snapshots: 10, state: "live" });
  return with_program(run, async (page, { file, folder }) => {
    await until_epoch(page, 9);
    let known = run.lines - 1;
    run.add();
    const text = lines_of(run, known);
    const torn = Math.floor(text.indexOf("\n") / 2);
    appendFileSync(file, text.slice(0, torn));
    // The program has looked at the file again: it tells of another run that was made after the tail.
    mkdirSync(join(folder, "beside"));
    writeFileSync(join(folder, "beside", "rows.jsonl"), lines_of(made.seven({ name: "beside", snapshots: 1 })));
    await page.waitForFunction(() => document.querySelectorAll("#runs tbody tr").length === 2, null, { timeout: 30000 });
    assert.equal(await page.locator(".strip dd").first().innerText(), "9");
    appendFileSync(file, text.slice(torn));
    await until_epoch(page, 10);
    known = run.lines - 1;
    run.add();
    appendFileSync(file, lines_of(run, known));
    await until_epoch(page, 11);
    rmSync(join(folder, run.name), { recursive: true });
    await page.waitForSelector(".badge.bad", { timeout: 30000 });
    assert.equal(await page.locator(".layers .layer").count(), 7);
  });
});

test("the file that the program exports opens from a disk, and asks nobody", { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "livecca-page-"));
  const run = made.seven();
  mkdirSync(join(folder, run.name));
  writeFileSync(join(folder, run.name, "rows.jsonl"), lines_of(run));
  const path = join(folder, "out.html");
  execFileSync(program, ["serve", folder, "--export", path]);
  await with_file(path, async (page) => {
    assert.match(await page.locator(".sentence h1").innerText(), /settled/);
    assert.match(await page.locator(".badge").first().innerText(), /as of 20/);
    const of = await colours(page);
    for (const layer of ["conv1", "fc2"]) assert.ok((await pixels(page, ".chart.convergence canvas", of[layer])) > 100, layer);
    assert.ok((await pixels(page, ".chart.heat canvas")) > 50000);
    const box = await page.locator(".chart.convergence .u-over").boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.8);
    await page.waitForFunction(() => /n\s*2,000/.test(document.querySelector(".readout")?.textContent ?? ""));
    await page.mouse.move(5, 5);
    await page.selectOption("#reference", "start");
    await settle(page);
    assert.ok((await pixels(page, ".chart.convergence canvas", of.conv4)) > 100, "start");
  });
  rmSync(folder, { recursive: true });
});

test("the program is restarted while the page is open: what was missed is there", { skip }, () => {
  const run = made.seven({ name: "restarted", snapshots: 10, state: "live" });
  return with_program(run, async (page, served) => {
    await until_epoch(page, 9);
    const port = Number(/:(\d+)\//.exec(await served.address)[1]);
    await served.stop();
    await page.waitForSelector(".notice.bad", { timeout: 30000 });
    const known = run.lines - 1;
    run.add();
    appendFileSync(served.file, lines_of(run, known));
    const second = serve(served.folder, port);
    served.stop = second.stop;
    await second.address;
    await until_epoch(page, 10);
    await page.waitForFunction(() => !document.querySelector(".notice.bad"), null, { timeout: 30000 });
  });
});
