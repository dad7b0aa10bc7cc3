// Pictures of the page on made runs, as the program serves them; the ones in docs/images come from here.
// Usage: LIVECCA_PROGRAM=… node screenshots.mjs FOLDER [NAME…]

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { made } from "./made_runs.mjs";
import { lines_of, program, serve } from "./program.mjs";
import { write_small_png } from "./small_png.mjs";
import { open_browser } from "./browser.mjs";

if (!program) {
  console.error("screenshots.mjs: expected LIVECCA_PROGRAM, the path of the program that serves the page");
  process.exit(2);
}
const [folder = "/tmp/page", ...names] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const desktop = { width: 1440, height: 900 };
const pictures = {
  light: { run: () => made.seven({ snapshots: 25, state: "live", whole: true }), size: desktop, scheme: "light" },
  dark: { run: () => made.alarm({ whole: true }), size: desktop, scheme: "dark" },
  phone: { run: () => made.alarm({ whole: true }), size: { width: 390, height: 844 }, scheme: "light" },
  "60-layers": { run: () => made.sixty({ whole: true }), size: desktop, scheme: "light" },
  alarm: { run: () => made.alarm({ whole: true }), size: desktop, scheme: "light" },
  undersampled: { run: () => made.undersampled({ whole: true }), size: desktop, scheme: "light" },
  long: { run: () => made.long({ whole: true }), size: desktop, scheme: "light" },
  fine: { run: () => made.alarm({ whole: true }), size: { width: 390, height: 844 }, scheme: "light", whole: true, scale: 2 },
  names: { run: () => made.names({ whole: true }), size: desktop, scheme: "light" },
  whole: { run: () => made.alarm({ whole: true }), size: desktop, scheme: "light", whole: true },
  "whole-dark": { run: () => made.seven({ whole: true }), size: desktop, scheme: "dark", whole: true },
  "whole-phone": { run: () => made.seven({ whole: true }), size: { width: 390, height: 844 }, scheme: "dark", whole: true },
  "whole-60": { run: () => made.sixty({ whole: true }), size: desktop, scheme: "light", whole: true },
};
const browser = await open_browser();
for (const name of names.length ? names : Object.keys(pictures)) {
  const { run, size, scheme, whole, scale } = pictures[name];
  const made_run = run();
  const runs = mkdtempSync(join(tmpdir(), "livecca-page-"));
  mkdirSync(join(runs, "run"));
  // As if its last row had just been written.
  writeFileSync(join(runs, "run", "rows.jsonl"), lines_of(made_run, 0, Infinity, Date.now() / 1000 - made_run.time));
  const served = serve(runs);
  const page = await browser.newPage({ viewport: size, colorScheme: scheme, deviceScaleFactor: scale ?? 1 });
  page.on("console", (message) => message.type() === "error" && console.error(name, message.text()));
  page.on("pageerror", (error) => console.error(name, error.message));
  await page.goto((await served.address) + (whole ? "#layer=" + made_run.layers[4 % made_run.layers.length] : ""));
  await page.waitForSelector(".chart.convergence canvas", { timeout: 8000 }).catch(() => console.error(name, "no chart"));
  if (whole) {
    // Scrolled once through, because panels further down ask for their data when they come near.
    await page.evaluate(async () => {
      for (let top = 0; top < document.body.scrollHeight; top += 500) {
        scrollTo(0, top);
        await new Promise((done) => setTimeout(done, 60));
      }
      scrollTo(0, 0);
    });
    await page.waitForTimeout(300);
  }
  await page.waitForTimeout(250);
  const picture = await page.screenshot({ fullPage: !!whole });
  await page.close();
  const blank = await browser.newPage();
  await write_small_png(blank, picture, join(folder, `page-${name}.png`));
  await blank.close();
  await served.stop();
  rmSync(runs, { recursive: true });
}
await browser.close();
