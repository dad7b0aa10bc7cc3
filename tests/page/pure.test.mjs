// The page's pure functions, by hand-made cases.

import assert from "node:assert/strict";
import { test } from "node:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { require_of_page, root } from "./browser.mjs";

const names = ["changes", "colours", "curves", "filter", "labels", "names", "numbers", "ranking", "sentence", "settling", "smoothing"];
const folder = mkdtempSync(join(tmpdir(), "page-"));
const entry = names
  .map((name) => `export * as ${name} from ${JSON.stringify(join(root, "tools/page/source/pure", name))};`)
  .concat(
    `export * as view from ${JSON.stringify(join(root, "tools/page/source/data/view"))};`,
    `export * as pen from ${JSON.stringify(join(root, "tools/page/source/charts/pen"))};`,
  )
  .join("\n");
const bundle = await require_of_page("esbuild").build({
  stdin: { contents: entry, resolveDir: folder },
  bundle: true,
  format: "esm",
  write: false,
});
writeFileSync(join(folder, "pure.mjs"), bundle.outputFiles[0].text);
const {
  changes,
  colours,
  curves,
  filter,
  labels,
  names: of_names,
  numbers,
  ranking,
  sentence,
  settling,
  smoothing,
  view,
  pen,
} = await import(pathToFileURL(join(folder, "pure.mjs")));
rmSync(folder, { recursive: true });

test("colours of layers grow steadily lighter, in both themes, for 2 to 60 layers", () => {
  for (const theme of ["light", "dark"])
    for (const count of [2, 7, 60]) {
      const scale = colours.layer_colours(count, theme).map(colours.luminance);
      assert.equal(new Set(colours.layer_colours(count, theme)).size, count);
      for (let index = 1; index < count; ++index) assert.ok(scale[index] > scale[index - 1], `${theme} ${count} ${index}`);
    }
});

test("every layer's colour can be seen on the ground it stands on", () => {
  for (const [theme, ground] of [
    ["light", "#ffffff"],
    ["dark", "#151a21"],
  ])
    for (const colour of colours.layer_colours(60, theme)) {
      const [low, high] = [colours.luminance(colour), colours.luminance(ground)].sort((one, other) => one - other);
      assert.ok((high + 0.05) / (low + 0.05) > 2, `${theme} ${colour}`);
    }
});

test("heat colours go in one direction of lightness", () => {
  for (const theme of ["light", "dark"]) {
    const scale = Array.from({ length: 32 }, (_, index) => colours.luminance(colours.heat_colour(index / 31, theme)));
    const sign = theme === "light" ? -1 : 1;
    for (let index = 1; index < 32; ++index) assert.ok(sign * (scale[index] - scale[index - 1]) > -0.004, `${theme} ${index}`);
  }
});

test("labels do not overlap, keep the order of their lines, and stay in the plot", () => {
  const wanted = [100, 101, 102, 180, 99].map((y) => ({ y, priority: 0 }));
  const placed = labels.place_labels(wanted, 15, 0, 300);
  assert.equal(placed.length, 5);
  for (let index = 1; index < placed.length; ++index) {
    assert.ok(placed[index].y - placed[index - 1].y >= 15 - 1e-9);
    assert.ok(wanted[placed[index].index].y >= wanted[placed[index - 1].index].y);
  }
  const low = labels.place_labels(
    [
      { y: 299, priority: 0 },
      { y: 300, priority: 0 },
    ],
    15,
    0,
    300,
  );
  assert.ok(low.every(({ y }) => y <= 300 - 7.5 && y >= 7.5));
});

test("a label alone stands at its line's end", () => {
  assert.deepEqual(labels.place_labels([{ y: 42, priority: 0 }], 15, 0, 300), [{ index: 0, y: 42 }]);
});

test("60 labels in little room: fewer are placed, the important one among them, none far from its line", () => {
  const wanted = Array.from({ length: 60 }, (_, index) => ({ y: 100 + index * 3, priority: index === 33 ? 1000 : 0 }));
  const placed = labels.place_labels(wanted, 15, 0, 400);
  assert.ok(placed.length >= 8 && placed.length < 27);
  assert.ok(placed.some(({ index }) => index === 33));
  for (let index = 1; index < placed.length; ++index) assert.ok(placed[index].y - placed[index - 1].y >= 15 - 1e-9);
  const together = labels.place_labels(
    wanted.map(() => ({ y: 390, priority: 0 })),
    15,
    0,
    400,
  );
  assert.equal(together.length, 13, "lines that end at one place are still named, half as many as there is room for");
  for (let index = 1; index < together.length; ++index) assert.ok(together[index].y - together[index - 1].y >= 15 - 1e-9);
  assert.deepEqual(labels.place_labels([{ y: NaN, priority: 0 }], 15, 0, 100), []);
  assert.deepEqual(labels.place_labels([{ y: 5, priority: 0 }], 15, 0, 10), []);
});

test("smoothing keeps constants, gaps and new beginnings, and does not depend on how densely points lie", () => {
  assert.deepEqual(smoothing.smooth([0, 1, 2], [5, 5, 5], [], 3), [5, 5, 5]);
  assert.deepEqual(smoothing.smooth([0, 1, 2], [1, null, 3], [], 3), [1, null, 3]);
  assert.deepEqual(smoothing.smooth([0, 1, 2], [1, 1, 9], [2], 3), [1, 1, 9]);
  assert.deepEqual(smoothing.smooth([0, 1], [1, 2], [], 0), [1, 2]);
  const line = (step) => {
    const x = Array.from({ length: 40 / step + 1 }, (_, index) => index * step);
    return smoothing
      .smooth(
        x,
        x.map((at) => (at < 20 ? 0 : 1)),
        [],
        5,
      )
      .pop();
  };
  assert.ok(Math.abs(line(1) - line(0.25)) < 0.02);
  assert.ok(smoothing.smooth([0, 1, 2], [0, 0, 9], [], 4)[2] < 9);
});

test("the settling front has only layers that are settled now, from when they were without a break", () => {
  const history = [
    { layer: "a", verdict: "undecided", from_epoch: 0, to_epoch: 5 },
    { layer: "a", verdict: "settled", from_epoch: 6, to_epoch: 9 },
    { layer: "a", verdict: "settled", from_epoch: 10, to_epoch: null },
    { layer: "b", verdict: "settled", from_epoch: 3, to_epoch: 6 },
    { layer: "b", verdict: "moving", from_epoch: 7, to_epoch: null },
    { layer: "c", verdict: "settled", from_epoch: 2, to_epoch: 4 },
    { layer: "c", verdict: "moving", from_epoch: 5, to_epoch: 7 },
    { layer: "c", verdict: "settled", from_epoch: 8, to_epoch: 9 },
  ];
  assert.deepEqual(settling.settling_front(history, ["a", "b", "c", "d"]), [6, null, 8, null]);
});

const layer = (name, verdict, since_epoch = null, alarms = []) => ({
  name,
  verdict,
  since_epoch,
  alarms: alarms.map((word) => ({ verdict: word, message: "", since_epoch: null })),
});

test("the change list says alarms first, then words, then how far training went", () => {
  const before = changes.look_of(
    { epoch: 10, state: "live", layers: [layer("a", "moving"), layer("b", "settled", 8), layer("c", "moving")] },
    0,
  );
  const now = {
    epoch: 14,
    state: "finished",
    layers: [layer("a", "settled", 12), layer("b", "moving", 13), layer("c", "moving", 2, ["dead"]), layer("d", "undecided")],
  };
  assert.deepEqual(
    changes.changes_since(before, now).map((change) => change.text),
    ["alarm: c dead", "a is settled at epoch 12", "b is moving, no longer settled", "d is new", "4 epochs more", "the run is now finished"],
  );
  assert.deepEqual(changes.changes_since(changes.look_of(now, 0), now), []);
});

test("a layer called constructor or __proto__ is a layer like any other", () => {
  const run = { epoch: 1, state: "live", layers: [layer("constructor", "moving")] };
  assert.deepEqual(
    changes.changes_since({ time: 0, epoch: 1, state: "live", layers: {} }, run).map((change) => change.text),
    ["constructor is new"],
  );
});

const number = {
  stream: "probe",
  reference: "seed7",
  measure: "pwcca_distance",
  value: 0.2123456789,
  noise_floor: 0.85,
  standard_error: 0.004,
  p_value: 1e-9,
  unlike: false,
  status: "ok",
  samples: 2000,
  effective_samples: 2000,
  independent_samples: 1873,
  samples_needed: null,
  ranks: [64, 63],
  direction: "nearing",
  slope: -0.1,
  epoch: 24,
  line: 9,
  spark: [],
  spark_at: [],
};

test("the sentence to copy has the exact number, its size, its floor and its caveats", () => {
  const text = sentence.layer_sentence(
    { name: "first", version: "0.1.0" },
    { ...layer("fc1", "settled", 14), samples_needed: null, disagree: null },
    number,
  );
  assert.equal(
    text,
    "fc1 of first: pwcca_distance to seed7 is 0.2123456789 ± 0.004 at epoch 24 (probe stream, n = 2,000, 1,873 independent, ranks 64 and 63, unrelated data: 0.85, p = 1e-9); coming nearer; verdict: settled since epoch 14. (livecca 0.1.0)",
  );
  const weak = sentence.layer_sentence(
    { name: "first", version: "0.1.0" },
    { ...layer("fc1", "undecided"), samples_needed: 640, disagree: null },
    { ...number, unlike: true, samples_needed: 5200, status: "undersampled" },
  );
  assert.match(weak, /status undersampled/);
  assert.match(weak, /no nearer than unrelated data of this size \(about 5,200 images would tell\)/);
  assert.match(weak, /about 640 images would do/);
  const copied = (more) => sentence.layer_sentence({ name: "r", version: "1" }, { ...layer("x", null), disagree: null }, { ...number, ...more });
  assert.match(copied({ samples: 32000, effective_samples: 500 }), /n = 32,000 of 500 images, /);
  assert.match(copied({ direction: "leaving" }), /; going away; /);
  assert.match(copied({ direction: "keeping" }), /; keeping its distance; /);
  assert.match(copied({ direction: "undecided" }), /; not known whether it comes nearer; /);
  assert.match(
    sentence.layer_sentence(
      { name: "r", version: "1" },
      { ...layer("x", null), disagree: null },
      { ...number, value: null, status: "missing" },
    ),
    /no answer \(missing\); no verdict/,
  );
});

test("references are ranked nearest first; what is no nearer than unrelated data comes later, what has no value last", () => {
  const of = (reference, value, unlike = false) => ({ ...number, reference, value, unlike });
  const all = { numbers: [of("none", null), of("chance", 0.1, true), of("far", 0.6), of("near", 0.2)] };
  assert.deepEqual(
    ranking.ranked(all, "probe", "pwcca_distance").map((one) => one.reference),
    ["near", "far", "chance", "none"],
  );
  const alike = { numbers: all.numbers.map((one) => ({ ...one, measure: "linear_cka_similarity" })) };
  assert.deepEqual(
    ranking.ranked(alike, "probe", "linear_cka_similarity").map((one) => one.reference),
    ["far", "near", "chance", "none"],
  );
});

test("the filter takes text, patterns and several of them, and no pattern language", () => {
  const match = (text, ...of) => of.filter(filter.filter_of(text));
  assert.deepEqual(match("", "a", "b"), ["a", "b"]);
  assert.deepEqual(match("conv*", "conv1", "deconv1"), ["conv1"]);
  assert.deepEqual(match("CONV fc2", "conv1", "fc1", "fc2"), ["conv1", "fc2"]);
  assert.deepEqual(match("a.b(", "a.b(c", "axb(c"), ["a.b(c"]);
  const words = (name) => (name === "a" ? ["settled", "alarm"] : ["moving"]);
  assert.deepEqual(["a", "b", "c", "d"].filter(filter.filter_of("is:moving", words)), ["b", "c", "d"]);
  assert.equal(filter.filter_for(["b", "c", "d"], ["a", "b", "c", "d"], words), "is:moving");
  assert.equal(filter.filter_for(["b", "c", "a"], ["a", "b", "c", "d"], words), '"b" "c" "a"');
  assert.deepEqual(match(filter.exactly(["conv1", 'a "b", c']), "conv1", "conv10", 'a "b", c', "b"), ["conv1", 'a "b", c']);
});

const curve = (layer_name, x, value, more = {}) => ({
  layer: layer_name,
  reference_layer: layer_name,
  x,
  value,
  floor: x.map(() => 0.9),
  error: x.map(() => null),
  line: x.map((at) => at + 1),
  unlike: x.map(() => 0),
  anew: [],
  ...more,
});

test("new points are added, with their new beginnings; what does not follow is asked for again", () => {
  const before = { lines: 2, direction: "distance", x: "epoch", total: 2, decimated: false, layers: [curve("a", [0, 1], [1, 2])] };
  const after = { lines: 3, direction: "distance", x: "epoch", total: 1, decimated: false, layers: [curve("a", [2], [3], { anew: [0] })] };
  const all = curves.joined(before, after);
  assert.deepEqual([all.layers[0].x, all.layers[0].value, all.layers[0].anew, all.lines, all.total], [[0, 1, 2], [1, 2, 3], [2], 3, 3]);
  assert.deepEqual(before.layers[0].x, [0, 1]);
  assert.equal(curves.joined({ ...before, decimated: true }, after), null);
  assert.equal(curves.joined(before, { ...after, decimated: true }), null);
  assert.equal(curves.joined(before, { ...after, layers: [curve("a", [0.5], [3])] }), null);
  assert.equal(curves.joined(before, { ...after, layers: [curve("new", [2], [3])] }), null);
});

test("the nearest point is a point, at edges and between", () => {
  assert.equal(curves.nearest([], 3), -1);
  assert.deepEqual(
    [-9, 0.4, 0.6, 9].map((at) => curves.nearest([0, 1, 2], at)),
    [0, 0, 1, 2],
  );
});

test("mean and spread over runs take only the x that all runs have", () => {
  const run = (x, value) => ({ lines: 1, direction: "distance", x: "epoch", total: 3, decimated: false, layers: [curve("a", x, value)] });
  assert.deepEqual(curves.spread_over([run([0, 1, 2], [1, 2, 3]), run([0, 2, 3], [3, null, 9])]), [
    { layer: "a", x: [0], mean: [2], low: [1], high: [3], unlike: [0], runs: 2 },
  ]);
  assert.deepEqual(curves.spread_over([run([0], [1])]), []);
});

test("long names lose what all share, and signs that turn the text are replaced", () => {
  const shared = of_names.shared_beginning(["encoder.layers.1.mlp", "encoder.layers.12.mlp"]);
  assert.equal(of_names.shorter("encoder.layers.12.mlp", shared), "…12.mlp");
  assert.equal(of_names.shared_beginning(["conv1", "conv2"]), "");
  assert.equal(
    of_names.fitted("abcdef", 4, (text) => text.length),
    "…def",
  );
  assert.equal(of_names.shorter("\u202Ex", ""), "\ufffdx");
});

test("numbers in tables are short, those on hover are the row's own", () => {
  assert.equal(numbers.exact(0.1 + 0.2), "0.30000000000000004");
  assert.equal(numbers.exact(null), "no value");
  assert.deepEqual([0.00001234, 0.0364, 1.254, 36.14, 361.2, 15210, null, -0.02].map(numbers.short), [
    "1.2e−5",
    "0.0364",
    "1.25",
    "36.1",
    "361",
    "15,210",
    "–",
    "−0.0200",
  ]);
  assert.equal(numbers.group(1234567), "1,234,567");
  assert.equal(numbers.measure_title("linear_cka_debiased_similarity"), "linear CKA debiased similarity");
});

test("what is shown goes into the URL and comes back", () => {
  const shown = {
    ...view.first_view,
    run: "0123456789ab",
    reference: "a/b & c=#",
    measure: "pwcca_distance",
    x: "step",
    log: true,
    smooth: 4,
    filter: "conv* fc",
    layer: 'a"b',
    from: 3,
    to: 9.5,
    others: ["abcdefabcdef"],
    spread: true,
  };
  assert.deepEqual(view.view_of("#" + view.hash_of(shown)), shown);
  assert.equal(view.hash_of(view.first_view), "");
  assert.deepEqual(view.view_of("#from=9&to=3&smooth=99&x=moon&with=../../etc,abc"), { ...view.first_view, smooth: 10 });
});

test("the pen of SVG escapes names and closes what it opens", () => {
  const drawing = new pen.SvgPen(() => ({ width: 10 }));
  drawing.beginPath();
  drawing.moveTo(1, 2);
  drawing.lineTo(3, 4);
  drawing.stroke();
  drawing.fillText(`<img src=x onerror="alert(1)">&\u0001`, 0, 0);
  const text = drawing.text(100, 50, "#fff", "<title>");
  assert.ok(text.includes("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;\ufffd"));
  assert.ok(text.includes(`d="M1 2L3 4"`));
  assert.ok(!/<img/.test(text));
});

test("an age is told in steps of 10 s, as the page redraws it every 10 s", () => {
  const ages = [0, 9.9, 10, 19, 59, 61, 3700].map((age) => numbers.age_text(age).replace(/[\u2009\u202f]/g, " "));
  assert.deepEqual(ages, ["just now", "just now", "10 s ago", "10 s ago", "50 s ago", "1 min ago", "1 h 1 min ago"]);
});
