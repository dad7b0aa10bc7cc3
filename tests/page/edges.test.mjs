// Runs at the edges: many layers, one, one row, none, no reference, nothing that can be told from chance, hostile names.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { made } from "./made_runs.mjs";
import { close_browser, colours, drawn, pixels, plot_box, settle, with_page } from "./help.mjs";

after(close_browser);

test("60 layers: each has its line, labels do not overlap, names are told apart", () =>
  with_page([made.sixty()], async (page) => {
    await drawn(page);
    assert.equal(await page.locator(".layers .layer").count(), 60);
    const of = await colours(page);
    assert.equal(new Set(Object.values(of)).size, 60);
    assert.ok((await pixels(page, ".chart.convergence canvas", of["encoder.layers.59.mlp"])) > 100);
    const shown = await page.$$eval(".layers .name bdi", (names) => names.map((name) => name.textContent));
    assert.equal(new Set(shown).size, 60);
    await page.locator("#depth").scrollIntoViewIfNeeded(); // charts further down are drawn when they come near
    await drawn(page, ".chart.heat");
    assert.ok((await pixels(page, ".chart.heat canvas")) > 100000);
  }));

test("one layer", () =>
  with_page([made.one_layer()], async (page) => {
    await drawn(page);
    const of = await colours(page);
    assert.ok((await pixels(page, ".chart.convergence canvas", of.fc)) > 200);
    assert.ok((await pixels(page, ".chart.heat canvas")) > 5000);
  }));

test("one row: a point, no line", () =>
  with_page([made.one_row()], async (page) => {
    await drawn(page);
    const of = await colours(page);
    const count = await pixels(page, ".chart.convergence canvas", of.fc1);
    assert.ok(count > 10 && count < 400, `${count} pixels`);
    assert.match(await page.locator(".verdict-word").first().innerText(), /undecided/);
  }));

test("a run without a row yet, and no run at all", async () => {
  await with_page([made.empty()], async (page) => {
    await page.waitForSelector(".empty");
    assert.match(await page.locator("main").innerText(), /no snapshot yet/);
    assert.match(await page.locator("#convergence").innerText(), /No snapshot yet, so there is no distance to draw/);
    const sizes = await page.$$eval(".sentence h1, .sentence .part", (all) => all.map((one) => getComputedStyle(one).fontSize));
    assert.ok(sizes.length > 1 && new Set(sizes).size === 1, sizes.join(" "));
    assert.match(await page.locator("main").innerText(), /No layer has been seen yet/);
    assert.equal(await page.locator(".chart canvas").count(), 0);
  });
  await with_page([], async (page) => assert.match(await page.locator(".empty").innerText(), /There is no run here yet/));
});

test("no reference: verdicts and logs are there, and the page says why there is no distance", () =>
  with_page([made.no_reference()], async (page) => {
    await drawn(page, ".chart.log");
    assert.match(await page.locator("#convergence").innerText(), /no reference yet/);
    assert.equal(await page.locator(".layers .layer").count(), 7);
    assert.match(await page.locator(".layer .value").first().innerText(), /no answer/);
    assert.ok((await pixels(page, ".chart.log canvas")) > 200);
  }));

for (const width of [1440, 1200, 390])
  test(`"to what" is ${width} pixels wide without a cut reference`, () =>
    with_page(
      [made.undersampled()],
      async (page) => {
        await page.locator("#to-what").scrollIntoViewIfNeeded();
        assert.equal(await page.locator("#to-what thead th").count(), 5);
        const hidden = await page.locator("#to-what .scroll").evaluate((place) => place.scrollWidth - place.clientWidth);
        assert.equal(hidden, 0);
      },
      { size: { width, height: 900 } },
    ));

test("all undersampled: grey lines, ~ before each number, hatched cells, and how many images would do", () =>
  with_page([made.undersampled()], async (page) => {
    await drawn(page);
    const of = await colours(page);
    for (const layer of ["conv1", "fc2"])
      assert.ok((await pixels(page, ".chart.convergence canvas", of[layer])) < 400, `${layer} is not drawn as if it meant something`);
    assert.ok((await pixels(page, ".chart.convergence canvas", "#b3bac4")) > 1000);
    const values = await page.$$eval(".layer .value", (cells) => cells.map((cell) => cell.textContent));
    assert.ok(
      values.every((value) => value.includes("~")),
      values.join(),
    );
    assert.match(await page.locator(".layer .verdict").first().innerText(), /needs ~640 images/);
    assert.match(await page.locator(".sentence").innerText(), /no layer can be told from chance with 500 images/);
  }));

test("a value that is missing is a gap, never a line", () =>
  with_page([made.seven()], async (page) => {
    await drawn(page);
    const box = await plot_box(page);
    // At epoch 17 conv2 has no value: no pixel of its colour from 16.2 to 17.8.
    const { conv2 } = await colours(page);
    const count = await page.evaluate(
      ([from, to, colour]) => {
        const canvas = document.querySelector(".chart.convergence canvas");
        const over = document.querySelector(".chart.convergence .u-over");
        const left = over.offsetLeft;
        const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
        let found = 0;
        for (let y = 0; y < height; ++y)
          for (let x = Math.ceil(left + from * over.clientWidth); x < left + to * over.clientWidth; ++x) {
            const at = (y * width + x) * 4;
            if (Math.abs(data[at] - parts[0]) + Math.abs(data[at + 1] - parts[1]) + Math.abs(data[at + 2] - parts[2]) < 24) ++found;
          }
        return found;
      },
      [16.2 / 39, 17.8 / 39, conv2],
    );
    assert.ok(box.width > 300);
    assert.equal(count, 0);
  }));

/** How many pixels are inked at the top of the plot, between two shares of its width. */
const ink_above = (page, from, to) =>
  page.evaluate(
    ([left, right]) => {
      const canvas = document.querySelector(".chart.convergence canvas");
      const over = document.querySelector(".chart.convergence .u-over");
      const { clientWidth: width, clientHeight: height } = over;
      const { data } = canvas
        .getContext("2d")
        .getImageData(over.offsetLeft + width * left, over.offsetTop + 20, width * (right - left), height * 0.1);
      let inked = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 80 && data[at] < 215) ++inked;
      return inked;
    },
    [from, to],
  );

// In the first the line itself has it, in the second the shade from the lowest to the highest row of a pixel.
for (const snapshots of [1000, 12000])
  test(`a spike of one snapshot in ${snapshots} is seen, with and without zoom`, () => {
    const index = Math.round(0.613 * snapshots);
    const run = made.long({ layers: ["fc1", "fc2"], snapshots, measures: ["pwcca_distance"], spike: { index, depth: 1, value: 0.83 } });
    return with_page([run], async (page) => {
      await drawn(page);
      assert.ok((await ink_above(page, 0.59, 0.64)) > 4, "whole");
      assert.ok((await ink_above(page, 0.69, 0.74)) <= 2, "nothing beside it");
      await page.evaluate(([from, to]) => (location.hash = `#from=${from}&to=${to}`), [index - 20, index + 20]);
      await settle(page);
      assert.ok((await ink_above(page, 0.48, 0.52)) > 4, "zoomed");
      assert.ok((await ink_above(page, 0.58, 0.62)) <= 2, "nothing beside it");
    });
  });

test("names with HTML, quotes and signs that turn text around are shown as text", () =>
  with_page([made.names()], async (page) => {
    await drawn(page);
    await page.evaluate(() => scrollTo(0, 900));
    await settle(page);
    assert.equal(await page.locator("main img, main script, main b b").count(), 0);
    assert.match(await page.locator(".top").innerText(), /<b>"bad" & 'run'<\/b>/);
    assert.match(await page.locator("#convergence h2").innerText(), /<script>seed<\/script>\/x/);
    assert.ok(!(await page.locator("body").innerText()).includes("\u202E"));
    await page.locator(".layers .layer").first().click();
    await settle(page);
    assert.match(await page.locator(".layer.chosen bdi").getAttribute("title"), /onerror/);
  }));

test("a phone in portrait: nothing is wider than the screen, the sentence comes first", () =>
  with_page(
    [made.alarm()],
    async (page) => {
      await drawn(page);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      const tops = await page.evaluate(() =>
        [".sentence", ".layers", ".controls", "#convergence", "#logs", "#depth", "#to-what"].map(
          (where) => document.querySelector(where).getBoundingClientRect().top,
        ),
      );
      for (let index = 1; index < tops.length; ++index) assert.ok(tops[index] > tops[index - 1], `${index}`);
      const of = await colours(page);
      assert.ok((await pixels(page, ".chart.convergence canvas", of.conv1)) > 120);
      // The numbers at the axis, on a screen of two pixels a unit.
      const digits = await page.evaluate(() => {
        const canvas = document.querySelector(".chart.convergence canvas");
        const over = document.querySelector(".chart.convergence .u-over");
        const { data } = canvas.getContext("2d").getImageData(0, 0, over.offsetLeft * 2 - 8, canvas.height - 60);
        let dark = 0;
        for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 150 && data[at] < 160) ++dark;
        return dark;
      });
      assert.ok(digits > 100, `${digits}`);
    },
    { size: { width: 390, height: 844 }, context: { deviceScaleFactor: 2 } },
  ));
