// Work on curves: adding new points, finding the nearest, means over runs.

import type { Curve, Curves } from "../contract";

/** Adds the points of a later answer. Null if they do not simply follow: then all must be asked for again. */
export function joined(before: Curves, added: Curves): Curves | null {
  if (before.decimated || added.decimated || before.x !== added.x) return null;
  const key = (curve: Curve) => JSON.stringify([curve.layer, curve.reference_layer]);
  const more = new Map(added.layers.map((curve) => [key(curve), curve]));
  const layers: Curve[] = [];
  for (const curve of before.layers) {
    const next = more.get(key(curve));
    more.delete(key(curve));
    if (!next || next.x.length === 0) {
      layers.push(curve);
      continue;
    }
    const length = curve.x.length;
    if (length > 0 && next.x[0] < curve.x[length - 1]) return null;
    layers.push({
      ...curve,
      x: curve.x.concat(next.x),
      value: curve.value.concat(next.value),
      floor: curve.floor.concat(next.floor),
      error: curve.error.concat(next.error),
      line: curve.line.concat(next.line),
      unlike: curve.unlike.concat(next.unlike),
      anew: curve.anew.concat(next.anew.map((index) => index + length)),
    });
  }
  if (more.size > 0) return null;
  return { ...before, lines: added.lines, total: before.total + added.total, layers };
}

/** The index of the point nearest to `at` in ascending `x`; -1 if there is none. */
export function nearest(x: number[], at: number): number {
  if (x.length === 0) return -1;
  let low = 0;
  let high = x.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < at) low = middle + 1;
    else high = middle;
  }
  return low > 0 && at - x[low - 1] <= x[low] - at ? low - 1 : low;
}

/** The x of a line number: that of the first point at or after it, as an event belongs to the snapshot it led to. */
export function x_of_line(curves: Curves, line: number): number | null {
  let best: number | null = null;
  let best_line = Infinity;
  let last: number | null = null;
  let last_line = -Infinity;
  for (const curve of curves.layers)
    for (let index = 0; index < curve.line.length; ++index) {
      const at = curve.line[index];
      if (at >= line && at < best_line) [best, best_line] = [curve.x[index], at];
      if (at < line && at > last_line) [last, last_line] = [curve.x[index], at];
    }
  return best ?? last;
}

export function extent(curves: Curves[], visible: (layer: string) => boolean): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const set of curves)
    for (const curve of set.layers) {
      if (!visible(curve.layer) || curve.x.length === 0) continue;
      low = Math.min(low, curve.x[0]);
      high = Math.max(high, curve.x[curve.x.length - 1]);
    }
  return low <= high ? [low, high] : null;
}

export interface Spread {
  layer: string;
  x: number[];
  mean: number[];
  low: number[];
  high: number[];
  /** 1 where any of the runs' numbers is no nearer than unrelated data. */
  unlike: (0 | 1)[];
  runs: number;
}

/**
 * Mean, lowest and highest of each layer over runs, at the x where every run has a value. Nothing is interpolated: an x
 * that one run lacks is left out.
 */
export function spread_over(runs: Curves[]): Spread[] {
  if (runs.length < 2) return [];
  const result: Spread[] = [];
  for (const first of runs[0].layers) {
    const tables = runs.map((run) => {
      const table = new Map<number, { value: number; unlike: 0 | 1 }>();
      const curve = run.layers.find((other) => other.layer === first.layer && other.reference_layer === first.reference_layer);
      curve?.x.forEach((x, index) => {
        const value = curve.value[index];
        if (value !== null) table.set(x, { value, unlike: curve.unlike[index] });
      });
      return table;
    });
    const spread: Spread = { layer: first.layer, x: [], mean: [], low: [], high: [], unlike: [], runs: runs.length };
    for (const [x] of tables[0]) {
      const points = tables.flatMap((table) => table.get(x) ?? []);
      if (points.length < runs.length) continue;
      const numbers = points.map((point) => point.value);
      spread.unlike.push(points.some((point) => point.unlike) ? 1 : 0);
      spread.x.push(x);
      spread.mean.push(numbers.reduce((sum, value) => sum + value, 0) / numbers.length);
      spread.low.push(Math.min(...numbers));
      spread.high.push(Math.max(...numbers));
    }
    if (spread.x.length > 0) result.push(spread);
  }
  return result;
}
