// Lines of layers over time: grey where they are no nearer than unrelated data, open where there is no value, cut where
// a new trend begins.

import type { Curve } from "../contract";
import { nearest } from "../pure/curves";
import type { Plot } from "./time_chart";

export interface LineStyle {
  colour: string;
  width: number;
  alpha: number;
  dash: number[];
}

/** First and last index that matter for what is shown: one point beyond each edge, so that lines run out of the plot. */
export function shown_range(x: number[], from: number, to: number, log: boolean): [number, number] {
  if (x.length === 0) return [0, -1];
  let first = Math.max(0, nearest(x, from) - 1);
  // What lies at 0 or below has no place on a logarithmic axis, so no line comes from there either.
  while (log && first < x.length && x[first] <= 0) ++first;
  return [first, Math.min(x.length - 1, nearest(x, to) + 1)];
}

/** Whether pixels hold more than two rows each, so that a line through all of them would be a smear. */
export function is_dense(plot: Plot, curve: Curve): boolean {
  const [first, last] = shown_range(curve.x, plot.from, plot.to, plot.log);
  return last - first > 2.2 * plot.width;
}

/** The last row of each pixel column: what the line is drawn through if columns hold many. Rows as they are, no means. */
export function last_of_columns(plot: Plot, curve: Curve, value: (number | null)[]): { curve: Curve; value: (number | null)[] } {
  const [first, last] = shown_range(curve.x, plot.from, plot.to, plot.log);
  const kept: number[] = [];
  const anew: number[] = [];
  const begins = new Set(curve.anew);
  let column = NaN;
  let cut = false;
  for (let index = first; index <= last; ++index) {
    const at = Math.floor(plot.x(curve.x[index]));
    if (at === column && value[index] !== null) kept[kept.length - 1] = index;
    else if (at !== column) kept.push(index);
    if (begins.has(index)) cut = true;
    if (cut && at !== column) {
      anew.push(kept.length - 1);
      cut = false;
    }
    column = at;
  }
  const take = <Kind>(from: Kind[]) => kept.map((index) => from[index]);
  return {
    curve: { ...curve, x: take(curve.x), value: take(curve.value), floor: [], error: [], line: [], unlike: take(curve.unlike), anew },
    value: take(value),
  };
}

/** One line. `value` is the curve's own, or smoothed. */
export function paint_line(plot: Plot, curve: Curve, value: (number | null)[], style: LineStyle): void {
  const { pen } = plot;
  const [first, last] = shown_range(curve.x, plot.from, plot.to, plot.log);
  const begins = new Set(curve.anew);
  pen.lineWidth = style.width;
  pen.globalAlpha = style.alpha;
  pen.setLineDash(style.dash);
  for (const grey of [true, false]) {
    pen.strokeStyle = grey ? plot.ink.chance : style.colour;
    pen.beginPath();
    let open = false;
    let drawn = false;
    for (let index = first; index <= last; ++index) {
      const now = value[index];
      const previous = index > first ? value[index - 1] : null;
      if (now === null || previous === null || begins.has(index)) {
        open = false;
        continue;
      }
      // A piece is grey if either end is: where a line begins to mean something is not known between two rows.
      if ((curve.unlike[index] === 1 || curve.unlike[index - 1] === 1) !== grey) {
        open = false;
        continue;
      }
      if (!open) pen.moveTo(plot.x(curve.x[index - 1]), plot.y(previous));
      pen.lineTo(plot.x(curve.x[index]), plot.y(now));
      open = drawn = true;
    }
    if (drawn) pen.stroke();
  }
  pen.setLineDash([]);
  paint_lone_points(plot, curve, value, style, first, last, begins);
  pen.globalAlpha = 1;
}

/** Points with no neighbour to be joined to would be invisible. */
function paint_lone_points(
  plot: Plot,
  curve: Curve,
  value: (number | null)[],
  style: LineStyle,
  first: number,
  last: number,
  begins: Set<number>,
): void {
  for (let index = first; index <= last; ++index) {
    const now = value[index];
    if (now === null) continue;
    const before = index > 0 && value[index - 1] !== null && !begins.has(index);
    const after = index + 1 < value.length && value[index + 1] !== null && !begins.has(index + 1);
    if (before || after) continue;
    plot.pen.fillStyle = curve.unlike[index] ? plot.ink.chance : style.colour;
    dot(plot, plot.x(curve.x[index]), plot.y(now), 3.2);
  }
}

export function dot(plot: Plot, x: number, y: number, radius: number): void {
  const { pen } = plot;
  pen.beginPath();
  for (let corner = 0; corner < 12; ++corner) {
    const turn = (corner * Math.PI) / 6;
    const [to_x, to_y] = [x + radius * Math.cos(turn), y + radius * Math.sin(turn)];
    if (corner === 0) pen.moveTo(to_x, to_y);
    else pen.lineTo(to_x, to_y);
  }
  pen.closePath();
  pen.fill();
}

/** ± one standard error: a soft even band, grey where the line is. */
export function paint_error_band(plot: Plot, curve: Curve, colour: string, alpha: number): void {
  const { pen } = plot;
  const [first, last] = shown_range(curve.x, plot.from, plot.to, plot.log);
  const begins = new Set(curve.anew);
  const has_band = (index: number) => curve.value[index] !== null && curve.error[index] !== null;
  let piece: number[] = [];
  let piece_grey = false;
  const finish = () => {
    if (piece.length > 1) fill_band(plot, curve, piece, piece_grey ? plot.ink.chance : colour);
    piece = [];
  };
  pen.globalAlpha = alpha;
  for (let index = first + 1; index <= last; ++index) {
    const joined = has_band(index) && has_band(index - 1) && !begins.has(index);
    const grey = curve.unlike[index] === 1 || curve.unlike[index - 1] === 1;
    if (joined && piece.length > 0 && grey === piece_grey) {
      piece.push(index);
      continue;
    }
    finish();
    if (joined) [piece, piece_grey] = [[index - 1, index], grey];
  }
  finish();
  pen.globalAlpha = 1;
}

function fill_band(plot: Plot, curve: Curve, piece: number[], colour: string): void {
  const { pen } = plot;
  const edge = (index: number, sign: number) => plot.y(curve.value[index]! + sign * curve.error[index]!);
  pen.fillStyle = colour;
  pen.beginPath();
  pen.moveTo(plot.x(curve.x[piece[0]]), edge(piece[0], 1));
  for (const index of piece) pen.lineTo(plot.x(curve.x[index]), edge(index, 1));
  for (const index of piece.slice().reverse()) pen.lineTo(plot.x(curve.x[index]), edge(index, -1));
  pen.closePath();
  pen.fill();
}

/**
 * From the lowest to the highest row of each pixel column, where several rows share one: dashed upright strokes, which
 * together look striped, so that they are not taken for an error. Every column is drawn: no spike is lost.
 */
export function paint_column_shades(plot: Plot, curve: Curve, colour: string, alpha: number): void {
  const { pen } = plot;
  const [first, last] = shown_range(curve.x, plot.from, plot.to, plot.log);
  pen.strokeStyle = colour;
  pen.globalAlpha = alpha;
  pen.lineWidth = 1;
  pen.setLineDash([2, 1.5]);
  pen.beginPath();
  let column = NaN;
  let low = Infinity;
  let high = -Infinity;
  const finish = () => {
    if (high > low) {
      pen.moveTo(column + 0.5, plot.y(low));
      pen.lineTo(column + 0.5, plot.y(high));
    }
  };
  for (let index = first; index <= last; ++index) {
    const value = curve.value[index];
    if (value === null) continue;
    const at = Math.floor(plot.x(curve.x[index]));
    if (at !== column) {
      finish();
      [column, low, high] = [at, value, value];
    } else {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  finish();
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}
