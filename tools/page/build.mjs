// Writes the page to built/, from where the program embeds it. The same source gives the same bytes.
// Usage: node build.mjs [folder, instead of built]
import { build } from "esbuild";
import { copyFileSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ? resolve(process.argv[2]) : join(root, "built");
const most_bytes = 250_000;

mkdirSync(folder, { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: { app: "source/app.tsx" },
  outdir: folder,
  bundle: true,
  minify: true,
  legalComments: "none",
  // ASCII only: the file is embedded in a program and in other files, whose encoding may be told wrongly.
  charset: "ascii",
  format: "iife",
  target: ["es2021", "chrome100", "firefox100", "safari15"],
  banner: { js: "/* livecca. Contains uPlot and Preact (both MIT); see tools/page/package.json. */" },
});
for (const name of ["index.html", "icon.svg"]) copyFileSync(join(root, "source", name), join(folder, name));

const sizes = ["index.html", "app.js", "app.css", "icon.svg"].map((name) => [name, statSync(join(folder, name)).size]);
const sum = sizes.reduce((total, [, bytes]) => total + bytes, 0);
console.log(sizes.map(([name, bytes]) => `${name} ${bytes}`).join(", "), `together ${sum} bytes`);
if (sum > most_bytes) {
  console.error(`build.mjs: the page has ${sum} bytes, but at most ${most_bytes} are allowed: leave something out`);
  process.exit(1);
}
