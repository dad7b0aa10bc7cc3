// Every panel, drawn with a run's numbers: pixels are counted, not only elements.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { made, seven } from "./made_runs.mjs";
import { close_browser, colours, drawn, pixels, plot_box, scroll_through, settle, with_page } from "./help.mjs";

after(close_browser);

test("the answer is the first thing on the page, and a line a layer follows, before anything is clicked", () =>
  with_page([made.alarm()], async (page) => {
    await drawn(page);
    const sentence = page.locator(".sentence h1");
    assert.match(
      await sentence.innerText(),
      /fc1 has been dead since epoch 28;\s+6 of 7 layers have settled;\s+fc1 still moves \(0\.02 an epoch\)\./,
    );
    const box = await sentence.boundingBox();
    assert.ok(box.y < 150);
    assert.equal(await page.locator(".layers .layer").count(), 7);
    const line = await page.locator(".layers .layer").nth(5).innerText();
    assert.match(line.replace(/\s+/g, " "), /fc1 moving since 6 ↓ 0\.\d{3} ± 0\.\d{3} 0\.760/);
    assert.match(await page.locator(".alarm-line").innerText(), /dead since epoch 28: 41 of 64 neurons/);
    // Verdicts differ in shape, not only in colour.
    const shapes = await page.$$eval(".verdict-word .sign", (signs) => new Set(signs.map((sign) => sign.innerHTML)).size);
    assert.equal(shapes, 2);
    const last = await page.locator(".layers .layer").last().boundingBox();
    assert.ok(last.y + last.height < 900, "all seven layers are on the first screen");
  }));

test("each layer's line is drawn in its own colour, named at its end", () =>
  with_page([made.seven()], async (page) => {
    await drawn(page);
    const of = await colours(page);
    assert.deepEqual(Object.keys(of), seven);
    for (const layer of seven) assert.ok((await pixels(page, ".chart.convergence canvas", of[layer])) > 150, layer);
    assert.ok((await pixels(page, ".chart.convergence canvas", "#b3bac4")) > 10, "grey where no nearer than unrelated data");
  }));

test("logs, depth by time, ranking, events, spectrum, matrix and health have the run's numbers", () =>
  with_page([made.alarm()], async (page, server) => {
    await drawn(page);
    await scroll_through(page);
    await settle(page);
    assert.equal(await page.locator(".chart.log canvas").count(), 3);
    assert.ok((await pixels(page, ".chart.log canvas", "#1b2330")) > 60, "the loss");
    assert.ok((await pixels(page, ".chart.heat canvas")) > 60000, "cells");
    assert.ok((await pixels(page, ".chart.heat canvas", "#10151d")) > 60, "the settling front and the profile");
    assert.ok((await pixels(page, ".chart.heat canvas", "#c2183c")) > 40, "the alarm's mark");
    const ranks = await page.locator("#to-what tbody tr").first().innerText();
    assert.match(ranks.replace(/\s+/g, " "), /conv1 before-1 0\.\d{3} seed7 0\.\d{3} = start 0\.\d{3} ↑/);
    assert.match(await page.locator("#events").innerText(), /fc1 dead: 41 of 64 neurons no longer vary/);
    assert.match(await page.locator("#spectrum").innerText(), /\d+ of 64 are above the line/);
    assert.ok((await page.locator("#spectrum path.above").getAttribute("d")).length > 500);
    assert.ok((await pixels(page, "#matrix canvas")) > 40000);
    assert.match(await page.locator("#health").innerText(), /41 of 64/);
    assert.match(await page.locator("#health").innerText(), /linear_cka_debiased_similarity says leaving/);
    assert.ok(server.asked.some((path) => path.includes("/matrix?")));
  }));

test("the matrix follows its snapshot", () =>
  with_page([made.seven()], async (page, server) => {
    await drawn(page);
    await scroll_through(page);
    await page.waitForSelector("#matrix input");
    const before = await page.locator("#matrix canvas").screenshot();
    await page.locator("#matrix input").fill("0");
    await page.waitForFunction(() => document.querySelector("#matrix output").textContent.includes("epoch 0"));
    await settle(page);
    assert.ok(server.asked.some((path) => /matrix.*index=0/.test(path)));
    assert.notDeepEqual(await page.locator("#matrix canvas").screenshot(), before);
  }));

test("the matrix keeps its snapshot when other numbers have others, and its slider when it is refused", () =>
  with_page(
    [made.seven()],
    async (page, server) => {
      const [run] = server.runs;
      const matrix = run.matrix.bind(run);
      // The numbers to the start begin later.
      run.matrix = (query) => {
        const answer = matrix(query);
        if (query.get("reference") !== "start") return answer;
        const index = Number(query.get("index"));
        const snapshots = answer.snapshots.slice(5);
        return { ...answer, snapshots, index: index < 0 ? snapshots.length - 1 : index };
      };
      await drawn(page);
      await scroll_through(page);
      await page.waitForSelector("#matrix input");
      const says = (text) => page.waitForFunction((wanted) => document.querySelector("#matrix output")?.textContent === wanted, text);
      await page.locator("#matrix input").fill("10");
      await says("epoch 10");
      await page.selectOption("#reference", "start");
      await page.waitForFunction(() => document.querySelector("#matrix h2").textContent.includes("start"));
      await says("epoch 10");
      assert.ok(server.asked.some((path) => /matrix.*reference=start.*index=5$/.test(path)));
      run.refusal = "no memory for a matrix";
      await page.locator("#matrix input").fill("7");
      await page.waitForFunction(() => document.querySelector("#matrix .empty")?.textContent.includes("no memory for a matrix"));
      run.refusal = "";
      await page.locator("#matrix input").fill("8");
      await says("epoch 13");
    },
    { errors: /503/ },
  ));

test("the small curve of a layer has each value in its place", () => {
  const run = made.seven();
  const answer = run.layer_answer.bind(run);
  run.layer_answer = (layer, depth) => {
    const whole = answer(layer, depth);
    for (const number of whole.numbers) [number.spark, number.spark_at] = [[0.4, 0.2, 0.1], [0, 0.9, 1]];
    return whole;
  };
  return with_page([run], async (page) => {
    await drawn(page);
    const path = await page.locator(".sparkline path").first().getAttribute("d");
    assert.deepEqual([...path.matchAll(/[ML]([\d.]+) /g)].map((found) => Number(found[1])), [1, 89.2, 99]);
  });
});

test("what watching took, and samples that are not finite, are said with what they count", () =>
  with_page([made.alarm()], async (page) => {
    await drawn(page);
    const strip = (await page.locator(".strip").innerText()).replace(/\s+/g, " ");
    assert.match(strip, /watching took, at the last snapshot 2\.1 %/i);
    assert.match(strip, /snapshots with samples not finite 12/i);
  }));

test("hover shows the exact row and where it comes from; the cursor is in all charts", () =>
  with_page([made.seven()], async (page, server) => {
    await drawn(page);
    const box = await plot_box(page);
    const row = server.runs[0].rows;
    const points = server.runs[0].points.get(["probe", "pwcca_distance", "seed7", "conv1"].join("\n"));
    const y_of = await page.evaluate(() => document.querySelector(".chart.convergence .u-over").clientHeight);
    await page.mouse.move(box.x + (box.width * 20.3) / 39, box.y + y_of * 0.8);
    await page.waitForFunction(() => /rows\.jsonl/.test(document.querySelector(".readout")?.textContent ?? ""));
    const text = await page.locator(".readout").innerText();
    assert.ok(text.includes(`conv1 · epoch 20`), text);
    assert.ok(text.includes(String(points[20].value)), text);
    assert.ok(text.includes(`line ${points[20].line.toLocaleString("en")} of rows.jsonl, livecca 0.1.0`), text);
    assert.ok(text.includes("2,000, 1,873 independent"), text);
    assert.equal(row.get(points[20].line).value, points[20].value);
    const lines = await page.$$eval(".cursor-line", (all) => all.map((line) => [line.classList.contains("shown"), line.style.transform]));
    assert.equal(lines.length, 5);
    assert.ok(lines.every(([shown]) => shown));
    assert.equal(new Set(lines.map(([, at]) => at)).size, 1, "at the same place, because all have the same x");
    await page.mouse.move(5, 5);
    assert.equal(await page.locator(".cursor-line.shown").count(), 0);
  }));

test("a drag zooms all charts, the URL has it, and a double click shows all again", () =>
  with_page([made.seven()], async (page, server) => {
    await drawn(page);
    const box = await plot_box(page);
    const before = await pixels(page, ".chart.log canvas");
    await page.mouse.move(box.x + box.width * 0.25, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 100, { steps: 4 });
    await page.mouse.up();
    await settle(page);
    const fields = new URLSearchParams(new URL(page.url()).hash.slice(1));
    assert.ok(Math.abs(fields.get("from") - 9.75) < 0.3 && Math.abs(fields.get("to") - 19.5) < 0.3, page.url());
    assert.equal(fields.get("layer"), null, "the end of a drag chooses no layer");
    assert.ok(server.asked.some((path) => path.includes(`from=${fields.get("from")}`)));
    assert.notEqual(await pixels(page, ".chart.log canvas"), before);
    await page.mouse.dblclick(box.x + 200, box.y + 50);
    await settle(page);
    assert.ok(!page.url().includes("from="));
  }));

test("shift and a drag move the plot along", () =>
  with_page(
    [made.seven()],
    async (page) => {
      await drawn(page);
      const box = await plot_box(page);
      await page.keyboard.down("Shift");
      await page.mouse.move(box.x + 300, box.y + 100);
      await page.mouse.down();
      await page.mouse.move(box.x + 200, box.y + 100, { steps: 5 });
      await page.mouse.up();
      await page.keyboard.up("Shift");
      await settle(page);
      const fields = new URLSearchParams(new URL(page.url()).hash.slice(1));
      const moved = (100 * 39) / box.width;
      assert.ok(Math.abs(fields.get("from") - moved) < 0.1 && Math.abs(fields.get("to") - 39 - moved) < 0.1, page.url());
    },
    { hash: "#from=0&to=39" },
  ));

test("keys: arrows go from row to row, plus zooms, 0 shows all, slash finds", () =>
  with_page([made.seven()], async (page) => {
    await drawn(page);
    await page.locator(".chart.convergence").focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowLeft");
    await page.waitForFunction(() => /conv1 · epoch 38/.test(document.querySelector(".readout")?.textContent ?? ""));
    await page.keyboard.press("+");
    assert.match(page.url(), /from=/);
    await page.keyboard.press("0");
    assert.ok(!page.url().includes("from="));
    await page.keyboard.press("/");
    await page.keyboard.type("fc");
    await page.waitForFunction(() => document.querySelectorAll(".layers .layer").length === 2);
  }));
