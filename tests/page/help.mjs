// What the page's tests share: a browser, a page on made runs, and counting of pixels.

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { MockServer } from "./mock_server.mjs";
import { open_browser } from "./browser.mjs";

let browser = null;
const open_requests = new WeakMap();

export function watch_requests(page) {
  const open = new Set();
  open_requests.set(page, open);
  page.on("request", (request) => !request.url().endsWith("/events") && open.add(request));
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => open.delete(request));
}

export async function the_browser() {
  browser ??= await open_browser();
  return browser;
}

export async function close_browser() {
  await browser?.close();
  browser = null;
}

/**
 * Opens the page on these runs, calls `test` with it, and fails on any error of the page: also on what its
 * Content-Security-Policy blocks. Expected errors, such as a server that is away, are named in `errors`.
 */
export async function with_page(
  runs,
  test,
  { hash = "", scheme = "light", size = { width: 1440, height: 900 }, errors = null, context: options = {} } = {},
) {
  const server = await new MockServer(runs).listen();
  const context = await (await the_browser()).newContext({ viewport: size, colorScheme: scheme, acceptDownloads: true, ...options });
  const page = await context.newPage();
  watch_requests(page);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => message.type() === "error" && !errors?.test(message.text()) && wrong.push(message.text()));
  try {
    await page.goto(server.url + hash);
    await page.waitForFunction(() => document.querySelector(".sentence, .empty"));
    await test(page, server);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
    await server.close().catch(() => undefined);
  }
}

/** Opens a file without any network, calls `test` with the page, and fails on its errors and on what it asks for. */
export async function with_file(path, test) {
  const context = await (await the_browser()).newContext({ viewport: { width: 1440, height: 900 }, offline: true });
  const page = await context.newPage();
  watch_requests(page);
  const [asked, wrong] = [[], []];
  page.on("request", (request) => asked.push(request.url()));
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  try {
    await page.goto(pathToFileURL(path).href);
    await drawn(page);
    await test(page);
    assert.deepEqual(
      asked.filter((url) => !url.startsWith("file:") && !url.startsWith("data:")),
      [],
    );
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

/** Waits until the chart is drawn and nothing more comes in. */
export async function drawn(page, chart = ".chart.convergence") {
  await page.waitForSelector(`${chart} canvas`);
  await settle(page);
}

export async function settle(page) {
  // The stream of events stays open, so "network idle" never comes: wait until all other answers are in, and a short while.
  const open = open_requests.get(page);
  for (let quiet = 0; quiet < 3; quiet = open?.size ? 0 : quiet + 1) await new Promise((done) => setTimeout(done, 25));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** How many pixels of a canvas have this colour, within a small distance; or any but the ground, if none is given. */
export function pixels(page, selector, colour = null) {
  return page.evaluate(
    ([where, wanted]) => {
      const canvas = document.querySelector(where);
      if (!canvas) return 0;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const parts = wanted && [1, 3, 5].map((at) => parseInt(wanted.slice(at, at + 2), 16));
      let count = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] < 200) continue;
        if (!parts || Math.abs(data[at] - parts[0]) + Math.abs(data[at + 1] - parts[1]) + Math.abs(data[at + 2] - parts[2]) < 24) ++count;
      }
      return count;
    },
    [selector, colour],
  );
}

/** The colour of each layer's line, as the table shows it. */
export function colours(page) {
  return page.$$eval(".layers .layer", (rows) =>
    Object.fromEntries(
      rows.map((row) => {
        const [red, green, blue] = getComputedStyle(row.querySelector(".swatch")).backgroundColor.match(/\d+/g).map(Number);
        return [row.querySelector("bdi").title, "#" + [red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")];
      }),
    ),
  );
}

/** Where the plot of a chart stands on the screen. */
export async function plot_box(page, chart = ".chart.convergence") {
  return page.locator(`${chart} .u-over`).boundingBox();
}

/** Panels further down ask for their data when they come near. */
export const scroll_through = (page) =>
  page.evaluate(async () => {
    for (let top = 0; top < document.body.scrollHeight; top += 400) {
      scrollTo(0, top);
      await new Promise((done) => setTimeout(done, 40));
    }
    scrollTo(0, 0);
  });
