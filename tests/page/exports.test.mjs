// What leaves the page: CSV, PNG, SVG, sentences; and the page itself as one file.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exported_page } from "./mock_server.mjs";
import { made } from "./made_runs.mjs";
import { close_browser, colours, drawn, pixels, settle, with_file, with_page } from "./help.mjs";

after(close_browser);

async function saved(page, name) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator("#convergence .exports").getByText(name, { exact: true }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

test("CSV has each point that is drawn, with its line; PNG and SVG are valid", () =>
  with_page([made.seven()], async (page, server) => {
    await drawn(page);
    const csv = await saved(page, "CSV");
    assert.equal(csv.name, "first-PWCCA_distance_to_seed7.csv");
    const rows = csv.bytes.toString().trim().split("\n");
    assert.equal(rows.length, 1 + 7 * 40);
    const point = server.runs[0].points.get(["probe", "pwcca_distance", "seed7", "conv1"].join("\n"))[3];
    assert.equal(
      rows[4],
      `first,probe,seed7,pwcca_distance,conv1,3,${point.value},${point.noise_floor},${point.standard_error},0,${point.line}`,
    );
    const png = await saved(page, "PNG");
    assert.equal(png.bytes.subarray(0, 8).toString("latin1"), "\x89PNG\r\n\x1a\n");
    assert.ok(png.bytes.length > 10000);
    const svg = (await saved(page, "SVG")).bytes.toString();
    const parsed = await page.evaluate((text) => {
      const tree = new DOMParser().parseFromString(text, "image/svg+xml");
      return {
        error: tree.querySelector("parsererror")?.textContent ?? null,
        paths: tree.querySelectorAll("path").length,
        texts: [...tree.querySelectorAll("text")].map((element) => element.textContent),
      };
    }, svg);
    assert.equal(parsed.error, null);
    assert.ok(parsed.paths > 20);
    for (const text of ["conv1", "fc2", "epoch", "10", "0.2"]) assert.ok(parsed.texts.includes(text), text);
  }));

test("with smoothing, the number at a line's end is still the row's own", () =>
  with_page(
    [made.seven()],
    async (page, server) => {
      await drawn(page);
      const texts = await page.evaluate(
        (text) => [...new DOMParser().parseFromString(text, "image/svg+xml").querySelectorAll("text")].map((element) => element.textContent),
        (await saved(page, "SVG")).bytes.toString(),
      );
      for (const layer of ["conv1", "fc2"]) {
        const last = server.runs[0].points.get(["probe", "pwcca_distance", "seed7", layer].join("\n")).pop();
        assert.ok(texts.includes(last.value.toFixed(3)), `${layer}: ${last.value.toFixed(3)} in ${texts.join(" ")}`);
      }
    },
    { hash: "#smooth=10" },
  ));

test("the heat map leaves as SVG too, and names in it are escaped", () =>
  with_page([made.names()], async (page) => {
    await drawn(page, ".chart.heat");
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#depth .exports").getByText("SVG").click()]);
    const text = readFileSync(await download.path(), "utf8");
    assert.ok(!text.includes("<img") && !text.includes("<script"));
    assert.ok((text.match(/<rect/g) ?? []).length > 20);
  }));

test("a layer and a run are copied as sentences", () =>
  with_page(
    [made.seven()],
    async (page, server) => {
      await drawn(page);
      await page.locator(".sentence .quiet").click();
      const run = await page.evaluate(() => navigator.clipboard.readText());
      assert.equal(
        run,
        "first at epoch 39: 7 of 7 layers have settled. (pwcca_distance to seed7, probe stream; settled was right in 41 of 43 cases; livecca 0.1.0)",
      );
      await page.locator(".layers .layer").first().click();
      await page.locator(".facts .actions button").first().click();
      await settle(page);
      const layer = await page.evaluate(() => navigator.clipboard.readText());
      const value = server.runs[0].points.get(["probe", "pwcca_distance", "seed7", "conv1"].join("\n")).pop().value;
      assert.ok(layer.startsWith(`conv1 of first: pwcca_distance to seed7 is ${value} ± `), layer);
    },
    { context: { permissions: ["clipboard-read", "clipboard-write"] } },
  ));

test("one file, opened from a disk, shows the same and asks nobody", async () => {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  const path = join(folder, "out.html");
  writeFileSync(path, exported_page([made.alarm(), made.names()]));
  await with_file(path, async (page) => {
    const of = await colours(page);
    assert.ok((await pixels(page, ".chart.convergence canvas", of.conv1)) > 150);
    assert.match(await page.locator(".badge").first().innerText(), /as of 20/);
    await page.selectOption("#reference", "start");
    await page.selectOption("#x", "step");
    await settle(page);
    assert.match(await page.locator("#convergence h2").innerText(), /to start/);
    assert.ok((await pixels(page, ".chart.convergence canvas", of.conv3)) > 100);
    await page.locator("#spectrum").scrollIntoViewIfNeeded();
    await page.waitForSelector("#spectrum path.above");
    await page.selectOption(".top select", { index: 1 });
    await settle(page);
    assert.match(await page.locator("#convergence h2").innerText(), /PWCCA distance to start/);
    assert.equal(await page.locator(".layers .layer").count(), 5);
    await page.selectOption("#reference", { index: 0 });
    await settle(page);
    assert.match(await page.locator("#convergence h2").innerText(), /<script>seed<\/script>\/x/);
  });
  rmSync(folder, { recursive: true });
});
