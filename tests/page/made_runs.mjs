// Made runs, in the shape that the server answers. Every number comes from a seed, so that pictures and tests repeat.

export function random_from(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const first_time = 1764450000;
const round = (value, digits = 1e6) => Math.round(value * digits) / digits;

const id_of = (name) => {
  let hash = 7n;
  for (const letter of name) hash = (hash * 1099511628211n + BigInt(letter.codePointAt(0))) & 0xffffffffffffn;
  return hash.toString(16).padStart(12, "0");
};

/**
 * A run that grows by add(). Options: name, layers (names), snapshots, references, measures, streams, seed, state, and the
 * kinds "no_reference", "undersampled", "alarm". With `whole` it has rows of all kinds, as a program needs them that serves it.
 */
export class MadeRun {
  constructor(options) {
    Object.assign(this, {
      seed: 1, snapshots: 40, state: "finished", references: ["seed7", "start", "before-1", "final"],
      measures: ["pwcca_distance", "linear_cka_debiased_similarity"], streams: ["probe", "train"], steps: 390, kind: "", spike: null, whole: false,
    }, options);
    this.id = id_of(this.name);
    this.random = random_from(this.seed);
    this.lines = 1;
    this.last_lines = { unknown: 0, run: 0, measure: 0, spectrum: 0, layer: 0, drift: 0, verdict: 0, direction: 0, verdict_record: 0, log: 0, event: 0, overhead: 0, alarm: 0 };
    this.rows = new Map();
    this.points = new Map(); // key stream/measure/reference/layer -> points
    this.log_points = new Map();
    this.events = [];
    this.alarms = [];
    this.snapshot_facts = [];
    this.history = [];
    this.record({ kind: "run", livecca: "0.1.0", network: "net", measures: this.measures });
    if (this.kind === "no_reference") this.references = [];
    const more = this.snapshots;
    this.snapshots = 0;
    for (let index = 0; index < more; ++index) this.add(more);
  }

  record(row) {
    const line = this.lines++;
    this.last_lines[row.kind] = line;
    this.rows.set(line, { schema: 1, kind: row.kind, run: this.name, wall_time: this.time ?? first_time, ...row, checksum: "9f0c2a11" });
    return line;
  }

  /** One more snapshot. */
  add(of = 40) {
    const index = this.snapshots++;
    this.epoch = index;
    this.step = index * this.steps;
    this.time = first_time + index * 31 + (index > 12 ? 600 : 0);
    this.snapshot_facts.push({ epoch: this.epoch, step: this.step });
    this.layers.forEach((layer, depth) => {
      for (const stream of this.streams)
        for (const reference of this.references)
          for (const measure of this.measures) this.add_measure(layer, depth, stream, reference, measure, index, of);
      this.add_verdict(layer, depth, index);
    });
    if (this.whole) this.add_other_kinds(index);
    for (const kind of ["spectrum", "layer", "drift", "overhead"]) this.last_lines[kind] = this.lines - 1; // with the measures
    const loss = 2.3 * Math.exp(-index / 9) + 0.06 + this.random() * 0.08;
    const rate = index < 24 ? 0.1 : 0.01;
    for (const [name, value] of [["loss", loss], ["accuracy", 1 - Math.exp(-index / 7) * 0.9 - this.random() * 0.01], ["learning_rate", rate]]) {
      const line = this.record({ kind: "log", epoch: this.epoch, step: this.step, name, value: round(value) });
      if (!this.log_points.has(name)) this.log_points.set(name, []);
      this.log_points.get(name).push({ epoch: this.epoch, step: this.step, time: this.time, value: round(value), line });
    }
    if (index === 0) this.event("unverified_probe", "", "The run was not told the probe's inputs, so a probe that changes would not be noticed");
    if (index === 12) this.event("history_thinned", "snapshot-0007", "A kept snapshot was removed, because the history was above its limit");
  }

  event(what, subject, message) {
    const line = this.record({ kind: "event", epoch: this.epoch, what, subject, message, count: 1 });
    this.events.push({ line, epoch: this.epoch, time: this.time, what, subject, message, count: 1 });
  }

  add_measure(layer, depth, stream, reference, measure, index, of) {
    const share = depth / Math.max(1, this.layers.length - 1);
    const floor = this.kind === "undersampled" ? 0.18 + 0.05 * share : 0.86 - 0.12 * share;
    const pace = 3 + 13 * share;
    const noise = (this.random() - 0.5) * 0.016;
    let distance;
    if (reference === "start") distance = 0.75 * (1 - Math.exp(-index / pace)) * (0.25 + 0.75 * share) + noise * 0.5;
    else if (reference.startsWith("before")) distance = 0.32 * Math.exp(-index / pace) * (0.4 + 0.6 * share) + 0.004 + Math.abs(noise) * 0.4;
    else if (reference === "final") distance = 0.7 * Math.max(0, Math.exp(-index / pace) - Math.exp(-(of - 1) / pace)) + (index < of - 1 ? Math.abs(noise) * 0.5 : 0);
    else distance = 0.14 + 0.32 * share + 0.55 * (1 - 0.45 * share) * Math.exp(-index / pace) + noise + (this.seed % 7) * 0.012;
    if (this.kind === "undersampled") distance = floor + 0.02 + Math.abs(noise);
    if (this.kind === "alarm" && depth === this.layers.length - 2 && index > 26) distance += 0.03 * (index - 26);
    if (reference.startsWith("before") && index === 0) return;
    // A run that goes on has no final state yet.
    if (reference === "final" && this.state === "live") return;
    if (this.spike && this.spike.index === index && depth === this.spike.depth) distance = this.spike.value;
    const gap = this.kind === "" && index === 17 && depth === 1;
    const similarity = measure.endsWith("_similarity");
    const value = gap ? null : round(similarity ? 1 - distance * 0.9 : Math.max(0, distance), 1e9);
    const noise_floor = similarity ? 0 : round(floor);
    const unlike = value !== null && !similarity && value >= noise_floor - 0.01;
    const status = value === null ? "missing" : this.kind === "undersampled" ? "undersampled" : depth === 3 ? "rank_deficient" : "ok";
    const ranks = [64 + depth, 64];
    const row = {
      kind: "measure", epoch: this.epoch, step: this.step, stream, layer, reference,
      reference_kind: reference === "start" ? "start" : reference.startsWith("before") ? "before" : reference === "final" ? "final" : "network",
      reference_layer: layer, measure, value, noise_floor, standard_error: value === null || similarity ? null : round(0.004 + 0.018 * Math.exp(-index / 10)),
      p_value: unlike ? 0.41 : 1e-12, samples_needed: unlike ? 5200 : null, samples: this.kind === "undersampled" ? 500 : 2000,
      effective_samples: this.kind === "undersampled" ? 500 : 2000, independent_samples: this.kind === "undersampled" ? 500 : 1873, samples_left_out: 0, features: [64, 64], features_of_taps: [64, 64], ranks, window: stream, precision: "exact", modes: ["eval", "eval"], status,
    };
    const line = this.record(row);
    const key = [stream, measure, reference, layer].join("\n");
    if (!this.points.has(key)) this.points.set(key, []);
    this.points.get(key).push({ epoch: this.epoch, step: this.step, time: this.time, line, unlike, anew: this.kind === "" && index === 30 && stream === "train", ...row });
  }

  add_verdict(layer, depth, index) {
    const settles = 7 + depth * (this.layers.length > 20 ? 0.7 : 4);
    let verdict = index < 6 ? "undecided" : index >= settles ? "settled" : "moving";
    if (this.kind === "undersampled") verdict = "undecided";
    if (this.kind === "alarm" && depth === this.layers.length - 2 && index > 26) verdict = "moving";
    if (this.kind === "wandering" && depth === 2 && index > 10) verdict = "wandering";
    const last = this.history.filter((piece) => piece.layer === layer).pop();
    const since_epoch = verdict === "undecided" ? null : last?.verdict === verdict ? last.from_epoch : this.epoch;
    const speed = verdict === "undecided" ? null : verdict === "settled" ? 0.001 : 0.02;
    const line = this.record({
      kind: "verdict", epoch: this.epoch, step: this.step, stream: "probe", layer, verdict, measure: this.measures[0], since_epoch, speed, message: "",
      samples_needed: this.kind === "undersampled" ? 5200 : null,
    });
    if (last && last.verdict === verdict) last.to_epoch = this.epoch;
    else this.history.push({ layer, verdict, from_epoch: this.epoch, to_epoch: this.epoch });
    if (this.kind === "alarm" && depth === this.layers.length - 2 && index >= 28)
      this.alarms.push({ line: (this.last_lines.alarm = line), epoch: this.epoch, step: this.step, layer, verdict: "dead", message: "41 of 64 neurons no longer vary; they did at epoch 27", since_epoch: 28 });
  }

  add_other_kinds(index) {
    const at = { epoch: this.epoch, step: this.step };
    const [reference, measure] = [this.references[0], this.measures[0]];
    this.layers.forEach((layer, depth) => {
      const is_dead = this.kind === "alarm" && depth === this.layers.length - 2 && index >= 28;
      if (is_dead)
        this.record({
          kind: "verdict", ...at, stream: "probe", layer, verdict: "dead", since_epoch: 28,
          message: "41 of 64 neurons no longer vary; they did at epoch 27",
        });
      const samples = { samples: 2000, effective_samples: 1987, samples_left_out: 0, samples_nonfinite: 0 };
      this.record({
        kind: "layer", ...at, stream: "probe", network: "net", layer, features: 64, features_of_tap: 64, dead: is_dead ? 41 : depth === 1 ? 3 : 0,
        rank: is_dead ? 23 : 64, effective_rank: 21.5 + depth, condition: 1340, root_mean_square: 0.8125, dtype: "float32", ...samples,
      });
      if (reference === undefined) return;
      const spectrum = this.spectrum(new Map([["layer", layer]])).row;
      this.record({ ...spectrum, ...at, stream: "probe", reference, reference_layer: layer });
      this.record({
        kind: "drift", ...at, layer, reference, reference_layer: layer, measure, probe: 0.2, train: round(0.2 + 0.013 * depth),
        probe_noise_floor: 0.8, train_noise_floor: 0.81, drift: round(0.013 * depth),
      });
      const leaves = is_dead || (this.kind === "alarm" && depth === this.layers.length - 2 && index > 26);
      const direction = leaves ? "leaving" : depth > 3 ? "nearing" : "keeping";
      this.record({
        kind: "direction", ...at, stream: "probe", layer, reference, reference_layer: layer, measure, direction, slope: leaves ? 0.03 : -0.002, slope_error: 0.0004,
        error_source: "jackknife", snapshots: 5,
      });
    });
    this.record({
      kind: "event", epoch: this.epoch, step: this.step, what: "overhead", observe_seconds: 0.2, wait_seconds: 0, reference_seconds: 0,
      accumulate_seconds: 0.3, solve_seconds: 0.0625, training_seconds: 9.8, share: 0.02, train_steps_observed: 0, train_steps_dropped: 0,
      observe_every: 0, images_share: 1, lines_lost: 0, resumes: 0,
    });
  }

  // --- answers -------------------------------------------------------------------------------------------------------

  headline() {
    return this.references.length && this.snapshots ? { stream: this.streams[0], reference: this.references[0], measure: this.measures[0] } : null;
  }

  layer_answer(layer, depth) {
    const pieces = this.history.filter((piece) => piece.layer === layer);
    const now = pieces[pieces.length - 1];
    const numbers = [];
    for (const stream of this.streams)
      for (const reference of this.references)
        for (const measure of this.measures) {
          const points = this.points.get([stream, measure, reference, layer].join("\n"));
          if (!points) continue;
          const point = points[points.length - 1];
          const direction = this.snapshots < 3 || stream === "train" ? null : reference === "start" ? "leaving" : point.unlike ? "undecided" : depth > 3 ? "nearing" : "keeping";
          numbers.push({
            stream, reference, measure, value: point.value, noise_floor: point.noise_floor, standard_error: point.standard_error, p_value: point.p_value, unlike: point.unlike,
            status: point.status, samples: point.samples, effective_samples: point.effective_samples, independent_samples: point.independent_samples,
            samples_needed: point.samples_needed, ranks: point.ranks, direction: reference.startsWith("before") ? null : direction, slope: -0.002, epoch: point.epoch, line: point.line,
            spark: points.slice(-40).map((one) => one.value), spark_at: points.slice(-40).map((_, place, all) => round(place / Math.max(1, all.length - 1), 1000)),
          });
        }
    const alarms = this.alarms.filter((alarm) => alarm.layer === layer).slice(-1).map(({ verdict, message, since_epoch }) => ({ verdict, message, since_epoch }));
    return {
      name: layer, verdict: now?.verdict ?? null, since_epoch: now?.from_epoch ?? null, speed: now ? round(0.02 * Math.exp(-this.snapshots / 20) * (1 + depth)) : null,
      remaining: 0.03, remaining_low: 0.0045, remaining_high: 0.075, settling_epoch: null, settling_epoch_low: null, settling_epoch_high: null,
      message: null, samples_needed: this.kind === "undersampled" ? 640 : null, alarms, features: 64, dead: alarms.length ? 41 : 0, effective_rank: round(30 - depth, 10), numbers,
      disagree: depth === 4 && this.kind === "alarm" ? "pwcca_distance says nearing, linear_cka_debiased_similarity says leaving" : null,
    };
  }

  summary() {
    const answers = this.layers.map((layer, depth) => this.layer_answer(layer, depth));
    const settled = answers.filter((layer) => layer.verdict === "settled");
    const parts = [];
    if (answers.length && this.snapshots) {
      const alarmed = answers.filter((layer) => layer.alarms.length);
      for (const layer of alarmed) parts.push({ text: `${layer.name} has been dead since epoch 28`, kind: "alarm", layers: [layer.name] });
      const moving = answers.filter((layer) => layer.verdict === "moving");
      if (this.kind === "undersampled") parts.push({ text: `no layer can be told from chance with 500 images`, kind: "chance", layers: answers.map((layer) => layer.name) });
      else {
        parts.push({ text: `${settled.length} of ${answers.length} layers have settled`, kind: "settled", layers: settled.map((layer) => layer.name) });
        if (moving.length) parts.push({ text: `${moving[moving.length - 1].name} still moves (0.02 an epoch)`, kind: "moving", layers: [moving[moving.length - 1].name] });
      }
    } else parts.push({ text: "no snapshot yet", kind: "note", layers: [] });
    parts.forEach((part, index) => (part.text = (index ? " " : "") + part.text + (index + 1 < parts.length ? ";" : ".")));
    return {
      id: this.id, name: this.name, folder: `runs/${this.name}`, state: this.state, writer_gone: this.state !== "live", lines: this.lines - 1, last_lines: (this.read ?? 1) < 1 ? null : this.last_lines, read: this.read ?? 1, first_time, last_time: this.time ?? first_time, epoch: this.epoch ?? null,
      step: this.step ?? null, layers: this.snapshots ? this.layers.length : 0, settled: settled.length, sentence: parts.map((part) => part.text).join(""), parts, alarms: new Set(this.alarms.map((alarm) => alarm.layer)).size,
      headline: this.headline(),
    };
  }

  answer() {
    const known = this.snapshots ? this.layers : [];
    return {
      ...this.summary(), facts: { ...this.rows.get(1) }, streams: this.streams, references: (this.snapshots ? this.references : []).filter((name) => name !== "final" || this.state !== "live").map((name) => ({ name, kind: name === "start" || name === "final" ? name : name.startsWith("before") ? "before" : "network" })),
      measures: this.measures, layers: known.map((layer, depth) => this.layer_answer(layer, depth)),
      strip: { epoch: this.epoch ?? null, step: this.step ?? null, elapsed_seconds: this.snapshots * 31, overhead_share: 0.021, train_steps_dropped: 0, lines_lost: 0, nonfinite_snapshots: this.kind === "alarm" ? 12 : 0, resumes: 0 },
      record: this.state === "finished" && this.snapshots > 10 ? { text: "settled was right in 41 of 43 cases" } : null,
      logs: [...this.log_points.keys()], verdict_history: this.history,
    };
  }

  curves(query) {
    const [stream, reference, measure] = ["stream", "reference", "measure"].map((name) => query.get(name));
    const x = query.get("x") ?? "epoch";
    const since = Number(query.get("since") ?? 0);
    let total = 0;
    let decimated = false;
    const layers = [];
    for (const layer of this.layers) {
      const points = this.points.get([stream, measure, reference, layer].join("\n"));
      if (!points) continue;
      const wanted = points.filter((point) => point.line > since);
      total += wanted.length;
      const kept = since ? wanted : m4(wanted, query, (point) => point[x]);
      decimated ||= kept.length < wanted.length;
      layers.push({
        layer, reference_layer: layer, x: kept.map((point) => point[x]), value: kept.map((point) => point.value), floor: kept.map((point) => point.noise_floor),
        error: kept.map((point) => point.standard_error), line: kept.map((point) => point.line), unlike: kept.map((point) => (point.unlike ? 1 : 0)),
        anew: kept.flatMap((point, index) => (point.anew ? [index] : [])),
      });
    }
    return { lines: this.lines - 1, direction: measure?.endsWith("_similarity") ? "similarity" : "distance", x, total, decimated, layers };
  }

  logs_answer(query) {
    const x = query.get("x") ?? "epoch";
    const logs = [...this.log_points].map(([name, points]) => {
      const kept = m4(points, query, (point) => point[x]);
      return { name, x: kept.map((point) => point[x]), value: kept.map((point) => point.value), line: kept.map((point) => point.line) };
    });
    return { lines: this.lines - 1, logs };
  }

  health() {
    return {
      layers: (this.snapshots ? this.layers : []).map((layer, depth) => ({
        epoch: this.epoch, step: this.step, stream: "probe", network: "net", layer, features: 64, features_of_tap: 64, dead: depth === 5 && this.kind === "alarm" ? 41 : 0, rank: 64, effective_rank: round(30 - depth * 0.4, 10),
        condition: 238, root_mean_square: round(1 + depth / 10), samples: 2000, effective_samples: 2000, samples_left_out: 0, samples_nonfinite: 0,
      })),
      overhead: this.snapshot_facts.map((fact, index) => ({ ...fact, time: first_time + index * 31, share: round(0.02 + 0.01 * Math.exp(-index / 4)), solve_seconds: round(0.05 + 0.02 * Math.sin(index)) })),
      drifts: this.references.length && this.snapshots ? this.layers.map((layer, depth) => ({ layer, reference: "seed7", measure: "pwcca_distance", drift: round(0.01 * depth), probe_noise_floor: 0.8, train_noise_floor: 0.81 })) : [],
    };
  }

  spectrum(query) {
    const depth = Math.max(0, this.layers.indexOf(query.get("layer")));
    const size = 64;
    const correlations = Array.from({ length: size }, (_, index) => round(Math.max(0.02, 0.99 * Math.exp(-((index / (14 + depth * 3)) ** 1.5)))));
    const weights = correlations.map((value, index) => round(0.04 * Math.exp(-index / 18) + 0.002));
    return { row: { kind: "spectrum", epoch: this.epoch, step: this.step, layer: query.get("layer"), canonical_correlations: correlations, weights, status: "ok" }, line95: 0.27 };
  }

  matrix(query) {
    const count = this.layers.length;
    const index = Number(query.get("index") ?? -1) < 0 ? this.snapshots - 1 : Number(query.get("index"));
    const values = this.layers.map((_, row) => this.layers.map((_, column) => round(Math.min(0.95, 0.15 + (Math.abs(row - column) / Math.max(1, count)) * 0.9 + 0.4 * Math.exp(-index / 10)))));
    return {
      snapshots: this.snapshot_facts, index, rows: this.layers, columns: this.layers, values, unlike: values.map((row) => row.map((value) => value > 0.85)), direction: "distance",
    };
  }
}

/** First, last, lowest and highest of each pixel column, as the contract says. */
function m4(points, query, x_of) {
  const width = Number(query.get("width") ?? 800);
  const log = query.get("log") === "1";
  let shown = log ? points.filter((point) => x_of(point) > 0) : points;
  const number = (name) => (query.get(name) === null ? null : Number(query.get(name)));
  const [from, to] = [number("from") ?? (shown.length ? x_of(shown[0]) : 0), number("to") ?? (shown.length ? x_of(shown[shown.length - 1]) : 1)];
  const first = shown.findIndex((point) => x_of(point) >= from);
  let last = shown.length - 1;
  while (last > 0 && x_of(shown[last]) > to) --last;
  shown = shown.slice(Math.max(0, (first < 0 ? shown.length : first) - 1), last + 2);
  if (shown.length <= width * 4) return shown;
  const bend = log ? Math.log : (value) => value;
  const columns = new Map();
  shown.forEach((point, index) => {
    const column = Math.floor(((bend(x_of(point)) - bend(from)) / (bend(to) - bend(from))) * width);
    const kept = columns.get(column);
    if (!kept) columns.set(column, { first: index, last: index, low: index, high: index, null_at: point.value === null ? index : -1 });
    else {
      kept.last = index;
      if (point.value === null) kept.null_at = index;
      else {
        if (shown[kept.low].value === null || point.value < shown[kept.low].value) kept.low = index;
        if (shown[kept.high].value === null || point.value > shown[kept.high].value) kept.high = index;
      }
    }
  });
  const kept = new Set();
  for (const { first: one, last: two, low, high, null_at } of columns.values()) for (const index of [one, two, low, high, null_at]) if (index >= 0) kept.add(index);
  return [...kept].sort((one, other) => one - other).map((index) => shown[index]);
}

export const seven = ["conv1", "conv2", "conv3", "conv4", "conv5", "fc1", "fc2"];
export const many = (count) => Array.from({ length: count }, (_, index) => `encoder.layers.${index}.mlp`);

/** The runs that tests and pictures use. */
export const made = {
  seven: (more = {}) => new MadeRun({ name: "first", layers: seven, ...more }),
  sixty: (more = {}) => new MadeRun({ name: "vit-60", layers: many(60), snapshots: 44, streams: ["probe"], references: ["seed7", "start", "before-1"], measures: ["pwcca_distance"], state: "live", ...more }),
  long: (more = {}) => new MadeRun({ name: "long", layers: many(20), snapshots: 1000, streams: ["probe"], references: ["seed7"], measures: ["pwcca_distance", "mean_cca_distance", "linear_cka_debiased_similarity"], spike: { index: 613, depth: 4, value: 0.83 }, ...more }),
  one_layer: () => new MadeRun({ name: "one-layer", layers: ["fc"], snapshots: 30 }),
  one_row: () => new MadeRun({ name: "one-row", layers: ["fc1", "fc2"], snapshots: 1, references: ["seed7"], state: "live" }),
  empty: () => new MadeRun({ name: "empty", layers: seven, snapshots: 0, state: "live" }),
  no_reference: () => new MadeRun({ name: "no-reference", layers: seven, kind: "no_reference" }),
  undersampled: (more = {}) => new MadeRun({ name: "undersampled", layers: seven, kind: "undersampled", ...more }),
  alarm: (more = {}) => new MadeRun({ name: "alarm", layers: seven, kind: "alarm", snapshots: 36, state: "live", ...more }),
  seeds: () => [new MadeRun({ name: "seed-1", layers: seven, seed: 1 }), new MadeRun({ name: "seed-2", layers: seven, seed: 4 })],
  names: (more = {}) => new MadeRun({ name: `<b>"bad" & 'run'</b>`, layers: [`<img src=x onerror="alert(1)">`, `a"b'c & d`, "line\nbreak", "plain", "\u202Eright"], snapshots: 12, references: [`<script>seed</script>/x`, "start"], ...more }),
};
