// A page that stays open: new rows, a run that goes, a server that goes and comes back, what changed meanwhile.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MockServer } from "./mock_server.mjs";
import { made } from "./made_runs.mjs";
import { close_browser, colours, drawn, pixels, settle, with_page } from "./help.mjs";

after(close_browser);

const epoch = (page) => page.locator(".strip dd").first().innerText();
const until_epoch = (page, wanted) =>
  page.waitForFunction((text) => document.querySelector(".strip dd")?.textContent === text, String(wanted), { timeout: 20000 });

test("a row that is written while the page is open is on the screen, and only what is new is asked for", () => {
  const run = made.seven({ snapshots: 10, state: "live" });
  return with_page([run], async (page, server) => {
    await drawn(page);
    assert.equal(await epoch(page), "9");
    server.grow(run);
    await until_epoch(page, 10);
    const last = String(run.points.get(["probe", "pwcca_distance", "seed7", "conv1"].join("\n")).pop().value.toFixed(3));
    await page.waitForFunction((text) => document.querySelector(".layer .value").textContent.includes(text), last);
    await settle(page);
    assert.ok(server.asked.some((path) => /curves.*since=\d+/.test(path)));
    const of = await colours(page);
    assert.ok((await pixels(page, ".chart.convergence canvas", of.conv1)) > 100);
  });
});

test("a logged number asks for logs alone, and draws only them", () => {
  const run = made.seven({ snapshots: 10, state: "live" });
  return with_page([run], async (page, server) => {
    await drawn(page);
    await page.waitForSelector(".chart.log canvas");
    await settle(page);
    await page.evaluate(() => {
      window.cleared = [];
      const clear = CanvasRenderingContext2D.prototype.clearRect;
      CanvasRenderingContext2D.prototype.clearRect = function (...box) {
        window.cleared.push(this.canvas.closest(".chart")?.className);
        return clear.apply(this, box);
      };
    });
    const before = server.asked.length;
    const points = run.log_points.get("loss");
    const line = run.record({ kind: "log", epoch: 10, step: 3900, name: "loss", value: 9.5 });
    points.push({ epoch: 10, step: 3900, time: run.time, value: 9.5, line });
    server.say("run", { ...run.summary(), epoch: 10 });
    await until_epoch(page, 10);
    await settle(page);
    const asked = server.asked.slice(before).map((path) => path.replace(/\?.*/, "").split("/").pop());
    assert.deepEqual(asked, ["logs"]);
    assert.deepEqual([...new Set(await page.evaluate(() => window.cleared))], ["chart log"]);
  });
});

test("a verdict that comes after its numbers changes what a filter by verdicts shows", () => {
  const run = made.seven({ snapshots: 5, state: "live" }); // all layers are undecided
  const settle_layer = (layer) => {
    run.record({ kind: "verdict", epoch: 4, layer, verdict: "settled" });
    run.history.push({ layer, verdict: "settled", from_epoch: 4, to_epoch: 4 });
  };
  settle_layer("conv1");
  return with_page([run], async (page, server) => {
    await drawn(page);
    const of = await colours(page);
    const seen = (layer) => pixels(page, ".chart.convergence canvas", of[layer]);
    await page.fill("#filter", "is:settled");
    await settle(page);
    assert.ok((await seen("conv1")) > 50);
    assert.ok((await seen("fc2")) < 20, "it has not settled yet");
    settle_layer("fc2");
    server.say("run", run.summary());
    await page.waitForFunction(() => document.querySelectorAll(".layers .layer").length === 2);
    await settle(page);
    assert.ok((await seen("fc2")) > 50);
  });
});

test("the first look asks for each thing once", () =>
  with_page([made.long()], async (page, server) => {
    await drawn(page);
    const run = server.runs[0];
    server.say("run", run.summary());
    await settle(page);
    const asked = server.asked.filter((path) => path.startsWith("/api/") && !path.endsWith("/events"));
    assert.deepEqual(
      asked.filter((path, at) => asked.indexOf(path) !== at),
      [],
    );
    assert.equal(asked.filter((path) => path.includes("/curves?")).length, 1);
  }));

test("an empty run becomes one with layers, curves and logs", () => {
  const run = made.empty();
  return with_page([run], async (page, server) => {
    await page.waitForSelector(".empty");
    server.grow(run);
    server.grow(run);
    await until_epoch(page, 1);
    await drawn(page);
    assert.equal(await page.locator(".layers .layer").count(), 7);
    assert.ok((await pixels(page, ".chart.convergence canvas", (await colours(page)).conv3)) > 50);
    assert.equal(await page.locator(".chart.log canvas").count(), 3);
  });
});

test("a new run appears in the list while the page is open", () =>
  with_page([made.seven()], async (page, server) => {
    await drawn(page);
    const run = made.one_layer();
    server.runs.push(run);
    server.say("run", run.summary());
    await page.waitForFunction(() => document.querySelectorAll("#runs tbody tr").length === 2);
    assert.equal(await page.locator(".layers .layer").count(), 7, "what is looked at stays");
  }));

test("a run that grows quickly is asked for a few times a second at most", () => {
  const run = made.seven({ snapshots: 10, state: "live" });
  return with_page([run], async (page, server) => {
    await drawn(page);
    const before = server.asked.length;
    const begun = Date.now();
    for (let count = 0; count < 20; ++count) {
      server.grow(run);
      await page.waitForTimeout(40);
    }
    await until_epoch(page, 29);
    const asked = server.asked.slice(before).filter((path) => path.includes("/curves?")).length;
    const seconds = (Date.now() - begun) / 1000;
    assert.ok(asked <= 2 + 3 * seconds, `${asked} times in ${seconds} s`);
  });
});

test("a run whose folder goes is said to be gone, and stays readable; it may come back", () => {
  const run = made.seven({ state: "live" });
  return with_page(
    [run, made.one_layer()],
    async (page, server) => {
      await drawn(page);
      server.remove(run);
      await page.waitForSelector(".notice.bad");
      assert.match(await page.locator(".notice.bad").innerText(), /removed while you looked/);
      assert.match(await page.locator(".badge").first().innerText(), /removed/);
      assert.equal(await page.locator(".layers .layer").count(), 7);
      const of = await colours(page);
      await page.selectOption("#reference", "seed7");
      await settle(page);
      assert.ok((await pixels(page, ".chart.convergence canvas", of.conv1)) > 100, "the last state is still drawn");
      server.runs.unshift(run);
      server.grow(run);
      await page.waitForFunction(() => !document.querySelector(".notice.bad"));
      await until_epoch(page, 40);
    },
    { errors: /404/ },
  );
});

test("a run that goes while it is asked for is said to be gone, and its other answers raise no error", () => {
  const run = made.seven({ state: "live" });
  return with_page(
    [run],
    async (page, server) => {
      await drawn(page);
      // What a reader of folders may say at last: the run grew, and it is no longer there.
      run.add();
      const grown = run.summary();
      server.runs = [];
      server.say("run", grown);
      await page.waitForSelector(".notice.bad");
      assert.match(await page.locator(".notice.bad").innerText(), /removed while you looked/);
      await settle(page);
    },
    { errors: /404/ },
  );
});

test("a run whose file is begun anew is read anew", () => {
  const run = made.seven({ state: "live" });
  return with_page([run], async (page, server) => {
    await drawn(page);
    const again = made.seven({ snapshots: 4, state: "live", seed: 9 });
    server.runs = [again];
    server.say("anew", { id: run.id });
    await until_epoch(page, 3);
  });
});

test("a run that is made again in its folder keeps nothing of the old one, alarms neither", () => {
  const run = made.alarm();
  return with_page(
    [run],
    async (page, server) => {
      await drawn(page);
      await page.waitForFunction(() => document.querySelector("#events")?.textContent.includes("fc1"));
      server.remove(run);
      await page.waitForSelector(".notice.bad");
      const again = made.seven({ name: run.name, snapshots: 4, state: "live", seed: 9 });
      server.runs = [again];
      server.say("run", again.summary());
      await until_epoch(page, 3);
      await page.waitForFunction(() => document.querySelector("#events") && !document.querySelector("#events").textContent.includes("fc1"));
      // Nobody said that it was removed: its file has fewer lines, and its other rows.
      const third = made.seven({ name: run.name, snapshots: 2, state: "live", seed: 5 });
      server.runs = [third];
      server.say("run", third.summary());
      await until_epoch(page, 1);
      const value = third.points.get(["probe", "pwcca_distance", "seed7", "conv1"].join("\n")).pop().value.toFixed(3);
      await page.waitForFunction((text) => document.querySelector(".layer .value").textContent.includes(text), value);
    },
    { errors: /404/ },
  );
});

test("while a long file is read it is said how much is drawn; then the run is asked for again", () => {
  const run = made.seven({ snapshots: 10, state: "live" });
  run.read = 0.127;
  return with_page([run], async (page, server) => {
    await drawn(page);
    assert.match(await page.locator(".notice").innerText(), /Reading: 12 % of the run is drawn/);
    const before = server.asked.length;
    run.read = 1;
    server.say("run", run.summary());
    await page.waitForFunction(() => !document.querySelector(".notice"));
    await settle(page);
    assert.ok(server.asked.slice(before).includes(`/api/v1/runs/${run.id}`));
  });
});

test("a server that goes is said to be away; when it is back, what was missed is there", () => {
  const run = made.seven({ snapshots: 12, state: "live" });
  return with_page(
    [run],
    async (page, server) => {
      await drawn(page);
      await server.close();
      await page.waitForSelector(".notice.bad", { timeout: 30000 });
      assert.match(await page.locator(".notice.bad").innerText(), /has not answered since \d\d:\d\d; trying again/);
      assert.match(await page.locator(".badge").first().innerText(), /no connection/);
      assert.equal(await page.locator(".layers .layer").count(), 7, "what was known is still shown");
      run.add();
      run.add();
      const second = new MockServer([run]);
      await second.listen(server.port);
      server.close = () => second.close();
      await page.waitForFunction(() => !document.querySelector(".notice.bad"), null, { timeout: 30000 });
      await until_epoch(page, 13);
    },
    { errors: /ERR_|Failed to load|INCOMPLETE|REFUSED|RESET/ },
  );
});

test("what changed since the last look is said once", () => {
  const run = made.alarm();
  return with_page([run], async (page) => {
    await drawn(page);
    assert.equal(await page.locator(".changes").count(), 0);
    await page.evaluate((id) => {
      const key = "livecca-look-" + id;
      dispatchEvent(new Event("pagehide"));
      const look = JSON.parse(localStorage.getItem(key));
      look.epoch = 20;
      look.layers.conv5.verdict = "moving";
      look.layers.fc1.alarms = [];
      localStorage.setItem(key, JSON.stringify(look));
      // The look is not to be written over when the page goes.
      Storage.prototype.setItem = () => undefined;
    }, run.id);
    await page.reload();
    await drawn(page);
    assert.match(await page.locator(".changes").innerText(), /alarm: fc1 dead\s*; conv5 is settled at epoch 23\s*; 15 epochs more/);
    await page.locator(".changes .quiet").click();
    await page.waitForFunction(() => !document.querySelector(".changes"));
  });
});
