// What can be chosen: reference, measure, stream, axis, smoothing, layers, runs, colours; and the URL that keeps it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { made } from "./made_runs.mjs";
import { close_browser, colours, drawn, pixels, settle, with_page } from "./help.mjs";

after(close_browser);

test("reference, measure and stream change the numbers, the title and the URL", () =>
  with_page([made.seven()], async (page, server) => {
    await drawn(page);
    const value = () => page.locator(".layers .layer .value").first().innerText();
    const first = await value();
    await page.selectOption("#reference", "start");
    await settle(page);
    assert.equal(await page.locator("#convergence h2").innerText(), "PWCCA distance to start");
    assert.notEqual(await value(), first);
    await page.selectOption("#measure", "linear_cka_debiased_similarity");
    await settle(page);
    assert.equal(await page.locator("#convergence h2").innerText(), "linear CKA debiased similarity to start");
    await page.selectOption("#stream", "train");
    await settle(page);
    const asked = server.asked.filter((path) => path.includes("/curves?")).pop();
    assert.match(asked, /stream=train&reference=start&measure=linear_cka_debiased_similarity/);
    assert.match(page.url(), /stream=train&reference=start&measure=linear_cka_debiased_similarity/);
    const of = await colours(page);
    assert.ok((await pixels(page, ".chart.convergence canvas", of.conv4)) > 100);
  }));

test("x by step, by wall clock and logarithmic; the front and marks go along", () =>
  with_page([made.alarm()], async (page, server) => {
    await drawn(page);
    for (const x of ["step", "time"]) {
      await page.selectOption("#x", x);
      await settle(page);
      assert.ok(
        server.asked.some((path) => path.includes(`/curves?`) && path.includes(`x=${x}`)),
        x,
      );
      assert.ok((await pixels(page, ".chart.convergence canvas", "#c2183c")) > 100, `the alarm's mark by ${x}`);
      assert.ok((await pixels(page, ".chart.heat canvas", "#10151d")) > 60, `the front by ${x}`);
    }
    await page.selectOption("#x", "epoch");
    const plain = await pixels(page, ".chart.convergence canvas");
    await page.check("#log");
    await settle(page);
    assert.ok(server.asked.some((path) => path.includes("log=1")));
    assert.notEqual(await pixels(page, ".chart.convergence canvas"), plain);
    assert.match(await page.locator("#convergence .legend").innerText(), /what lies at 0 has no place/);
  }));

test("smoothing draws another line, and the raw one stays behind it", () =>
  with_page([made.seven()], async (page) => {
    await drawn(page);
    const before = await page.locator(".chart.convergence canvas").screenshot();
    await page.locator("#smooth").fill("9");
    await settle(page);
    assert.match(page.url(), /smooth=9/);
    assert.match(await page.locator("#convergence .legend").innerText(), /the pale line is raw/);
    assert.notDeepEqual(await page.locator(".chart.convergence canvas").screenshot(), before);
  }));

test("layers are filtered by text, and by a click on the sentence", () =>
  with_page([made.alarm()], async (page) => {
    await drawn(page);
    const of = await colours(page);
    await page.fill("#filter", "conv*");
    await settle(page);
    assert.equal(await page.locator(".layers .layer").count(), 5);
    assert.ok((await pixels(page, ".chart.convergence canvas", of.fc2)) < 20, "a line that is filtered out is not drawn");
    assert.ok((await pixels(page, ".chart.convergence canvas", of.conv2)) > 100);
    await page.locator(".sentence .part.alarm").click();
    await settle(page);
    assert.equal(await page.locator(".layers .layer").count(), 1);
    assert.match(await page.locator(".layers .layer").innerText(), /fc1/);
    await page.locator(".layer-section .note .link").click();
    await settle(page);
    assert.equal(await page.locator(".layers .layer").count(), 7);
  }));

test("a click on a layer chooses it everywhere and shows its facts", () =>
  with_page([made.seven()], async (page) => {
    await drawn(page);
    await page.locator(".layers .layer").nth(2).click();
    await settle(page);
    assert.match(page.url(), /layer=conv3/);
    assert.match(await page.locator(".more").innerText(), /ranks\s+66 and 64/);
    assert.equal(
      await page
        .locator("#to-what tr.chosen")
        .innerText()
        .then((text) => text.split(/\s/)[0]),
      "conv3",
    );
  }));

test("a URL shows the same again", () =>
  with_page(
    [made.seven()],
    async (page) => {
      await drawn(page);
      assert.equal(await page.locator("#reference").inputValue(), "start");
      assert.equal(await page.locator("#x").inputValue(), "step");
      assert.equal(await page.locator("#smooth").inputValue(), "3");
      assert.equal(await page.locator(".layers .layer").count(), 2);
      assert.equal(await page.locator(".layer.chosen").count(), 1);
      assert.ok(await page.locator("#reset").isVisible());
      // An address that says nothing of the run is about the one that is shown.
      await page.evaluate(() => (location.hash = "reference=seed7"));
      await settle(page);
      assert.equal(await page.locator("#convergence h2").innerText(), "PWCCA distance to seed7");
      assert.equal(await page.locator(".layers .layer").count(), 7);
    },
    { hash: "#reference=start&x=step&smooth=3&filter=fc*&layer=fc1&from=1000&to=9000" },
  ));

test("two seeds: drawn over each other, then as mean and spread", () => {
  const runs = made.seeds();
  return with_page(runs, async (page) => {
    await drawn(page);
    await page.locator("#runs tbody input").nth(1).check();
    await settle(page);
    assert.match(page.url(), new RegExp(`with=${runs[1].id}`));
    assert.match(await page.locator("#convergence .legend").innerText(), /seed-1\s+seed-2/);
    const over = await page.locator(".chart.convergence canvas").screenshot();
    await page.check("#spread");
    await settle(page);
    assert.match(await page.locator("#convergence .legend").innerText(), /mean of 2 runs where all have a row/);
    assert.notDeepEqual(await page.locator(".chart.convergence canvas").screenshot(), over);
    const of = await colours(page);
    assert.ok((await pixels(page, ".chart.convergence canvas", of.conv3)) > 100);
    await page.locator("#runs .link").nth(1).click();
    await settle(page);
    assert.match(await page.locator(".top select").inputValue(), new RegExp(runs[1].id));
  });
});

test("dark colours, by the system's wish and by the button, which is remembered", () =>
  with_page(
    [made.seven()],
    async (page) => {
      await drawn(page);
      const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      assert.equal(await ground(), "rgb(14, 18, 23)");
      const of = await colours(page);
      assert.ok((await pixels(page, ".chart.convergence canvas", of.conv1)) > 100, "lines have the colours of the dark scale");
      await page.locator(".top button").click();
      await settle(page);
      assert.equal(await ground(), "rgb(246, 247, 249)");
      assert.ok((await pixels(page, ".chart.convergence canvas", (await colours(page)).conv1)) > 100);
      await page.reload();
      await drawn(page);
      assert.equal(await ground(), "rgb(246, 247, 249)");
    },
    { scheme: "dark" },
  ));
