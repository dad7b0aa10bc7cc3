// The kept page is what its source makes, within its size, and asks nobody but its own server.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./browser.mjs";

const page = join(root, "tools/page");
const files = ["app.css", "app.js", "icon.svg", "index.html"];

test("npm run build makes the files that are kept", () => {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  try {
    execFileSync(process.execPath, ["build.mjs", folder], { cwd: page });
    assert.deepEqual(readdirSync(folder).sort(), files);
    assert.deepEqual(readdirSync(join(page, "built")).sort(), files);
    for (const name of files)
      assert.ok(
        readFileSync(join(folder, name)).equals(readFileSync(join(page, "built", name))),
        `tools/page/built/${name} is not what its source makes: run npm run build in tools/page`,
      );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the page has at most 250 kB, no inline script or style, and no address of others", () => {
  const texts = Object.fromEntries(files.map((name) => [name, readFileSync(join(page, "built", name), "utf8")]));
  assert.ok(Object.values(texts).reduce((sum, text) => sum + text.length, 0) <= 250_000);
  assert.ok(!/<style|style=|onload=|<script>/.test(texts["index.html"]));
  for (const line of [
    `<link rel="icon" href="icon.svg">`,
    `<link rel="stylesheet" href="app.css">`,
    `<script src="app.js"></script>\n</body>`,
  ])
    assert.equal(texts["index.html"].split(line).length, 2, line);
  const addresses =
    Object.values(texts)
      .join(" ")
      .match(/https?:\/\/[^"'`\s)]+/g) ?? [];
  // Names of XML's namespaces; nobody is asked for them.
  assert.deepEqual(
    addresses.filter((address) => !address.startsWith("http://www.w3.org/")),
    [],
  );
  assert.ok(!/<\/script/i.test(texts["app.js"]) && !/<\/style/i.test(texts["app.css"]), "an exported file holds them inside its own tags");
  for (const text of Object.values(texts)) assert.ok(!/eval\(|new Function/.test(text));
});

test("the types fit", { timeout: 60000 }, () => {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "--noEmit"], { cwd: page, stdio: "pipe" });
});
