// Pictures of the page on made runs. Usage: node screenshots.mjs FOLDER [NAME…]; the ones in docs/images come from here.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { MockServer } from "./mock_server.mjs";
import { made } from "./made_runs.mjs";
import { write_small_png } from "./small_png.mjs";
import { open_browser } from "./browser.mjs";

const [folder = "/tmp/page", ...names] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const desktop = { width: 1440, height: 900 };
const pictures = {
  light: { run: () => made.seven({ snapshots: 25, state: "live" }), size: desktop, scheme: "light" },
  dark: { run: made.alarm, size: desktop, scheme: "dark" },
  phone: { run: made.alarm, size: { width: 390, height: 844 }, scheme: "light" },
  "60-layers": { run: made.sixty, size: desktop, scheme: "light" },
  alarm: { run: made.alarm, size: desktop, scheme: "light" },
  undersampled: { run: made.undersampled, size: desktop, scheme: "light" },
  long: { run: made.long, size: desktop, scheme: "light" },
  fine: { run: made.alarm, size: { width: 390, height: 844 }, scheme: "light", whole: true, scale: 2 },
  names: { run: made.names, size: desktop, scheme: "light" },
  whole: { run: made.alarm, size: desktop, scheme: "light", whole: true },
  "whole-dark": { run: made.seven, size: desktop, scheme: "dark", whole: true },
  "whole-phone": { run: made.seven, size: { width: 390, height: 844 }, scheme: "dark", whole: true },
  "whole-60": { run: made.sixty, size: desktop, scheme: "light", whole: true },
};
const browser = await open_browser();
for (const name of names.length ? names : Object.keys(pictures)) {
  const { run, size, scheme, whole, scale } = pictures[name];
  const server = await new MockServer([run()]).listen();
  const page = await browser.newPage({ viewport: size, colorScheme: scheme, deviceScaleFactor: scale ?? 1 });
  page.on("console", (message) => message.type() === "error" && console.error(name, message.text()));
  page.on("pageerror", (error) => console.error(name, error.message));
  await page.goto(server.url + (whole ? "#layer=" + run().layers[4 % run().layers.length] : ""));
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
  await server.close();
}
await browser.close();
