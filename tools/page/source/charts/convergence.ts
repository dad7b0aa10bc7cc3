// The main chart: one line a layer, how far it is from the reference over time.

import type { Curve, Curves } from "../contract";
import { layer_colours } from "../pure/colours";
import { nearest, spread_over, type Spread } from "../pure/curves";
import { place_labels } from "../pure/labels";
import { fitted } from "../pure/names";
import { fixed } from "../pure/numbers";
import { reach_of, smooth } from "../pure/smoothing";
import { ink_of } from "./ink";
import { Layer } from "./layer";
import { LinkedChart } from "./linked_chart";
import { marks_near, marks_of, paint_marks, type Mark } from "./marks";
import { is_dense, last_of_columns, paint_column_shades, paint_error_band, paint_line } from "./paint_lines";
import type { ChartSettings, Plot } from "./time_chart";

export const run_dashes: number[][] = [[], [7, 4], [2, 3], [9, 3, 2, 3], [4, 2]];

const label_height = 15;
/** With more lines than this, bands would hide each other: then only the chosen layer has one. */
const most_bands = 12;

interface Drawn {
  id: string;
  run_index: number;
  curve: Curve;
  value: (number | null)[];
  colour: string;
}

/** One curve a layer: with several layers of the reference, the one of the same name if there is one. */
export function one_a_layer(curves: Curves): Curve[] {
  const best = new Map<string, Curve>();
  for (const curve of curves.layers) {
    const known = best.get(curve.layer);
    if (!known || (curve.reference_layer === curve.layer && known.reference_layer !== curve.layer)) best.set(curve.layer, curve);
  }
  return [...best.values()];
}

export class ConvergenceChart extends LinkedChart {
  private drawn: Drawn[] = [];
  private spreads: (Spread & { colour: string })[] = [];
  private marks: Mark[] = [];
  private floors: number[] = [];
  private focus: string | null = null;
  private layers = 0;
  private version = 0;
  private readonly still = new Layer();
  private readonly still_quiet = new Layer();

  protected sources(): unknown[] {
    const { model } = this;
    // Labels of layers with alarms, and of those that move, come first.
    const signs = model.layers().map((layer) => `${layer.name}\n${layer.verdict === "moving"}\n${layer.alarms.length > 0}`);
    return [...model.ids.map((id) => model.curves.get(id)), model.events, ...signs];
  }

  protected settings(): ChartSettings | null {
    const { model } = this;
    const range = model.range();
    const main = model.curves.get(model.view.run ?? "");
    if (!range || !main) return null;
    model.width_is(this.place.clientWidth - model.gutters().left - model.gutters().right);
    this.collect(range);
    this.marks = marks_of(model.events, main, model.view.x);
    this.layers = new Set(this.drawn.map((line) => line.curve.layer)).size;
    ++this.version;
    const tall = Math.min(620, Math.max(340, this.layers * 13 + 60));
    return {
      height: innerWidth < 700 ? Math.min(tall, 380) : tall,
      gutters: model.gutters(),
      x: model.view.x,
      log: model.log,
      range,
      y: this.value_range(range, main.direction),
      y_values: true,
      x_values: true,
      ink: ink_of(model.theme()),
    };
  }

  private collect([from, to]: [number, number]): void {
    const { model } = this;
    const visible = model.visible();
    const order = model.order();
    const colours = layer_colours(order.length, model.theme());
    const colour_of = (layer: string) => colours[order.indexOf(layer)] ?? ink_of(model.theme()).text_soft;
    const reach = reach_of(model.view.smooth, from, to);
    this.drawn = [];
    model.ids.forEach((id, run_index) => {
      const curves = model.curves.get(id);
      if (!curves) return;
      for (const curve of one_a_layer(curves))
        if (visible(curve.layer))
          this.drawn.push({
            id,
            run_index,
            curve,
            value: reach > 0 ? smooth(curve.x, curve.value, curve.anew, reach) : curve.value,
            colour: colour_of(curve.layer),
          });
    });
    const runs = model.ids.map((id) => model.curves.get(id)).filter((curves): curves is Curves => !!curves);
    this.spreads = model.view.spread
      ? spread_over(runs)
          .filter((spread) => visible(spread.layer))
          .map((spread) => ({ ...spread, colour: colour_of(spread.layer) }))
      : [];
  }

  private value_range([from, to]: [number, number], direction: string): [number, number] {
    let low = direction === "distance" ? 0 : Infinity;
    let high = -Infinity;
    const floors = new Set<number>();
    for (const { curve } of this.drawn) {
      const first = Math.max(0, nearest(curve.x, from) - 1);
      const last = Math.min(curve.x.length - 1, nearest(curve.x, to) + 1);
      for (let index = first; index <= last; ++index) {
        const value = curve.value[index];
        if (value === null) continue;
        const error = curve.error[index] ?? 0;
        low = Math.min(low, value);
        high = Math.max(high, value + Math.min(error, 0.2 * Math.abs(value)));
        const floor = curve.floor[index];
        if (floor !== null && index === last) floors.add(Math.round(floor * 1000) / 1000);
      }
    }
    if (!(low <= high)) [low, high] = [0, 1];
    if (high === low) high = low + (Math.abs(low) || 1) * 0.1;
    this.floors = [...floors];
    // The floor belongs into the picture if that does not press the lines flat.
    for (const floor of floors) {
      if (direction === "distance" && floor > high && floor < high * 1.5) high = floor;
      if (direction !== "distance" && floor < low && low - floor < 0.5 * (high - low)) low = floor;
    }
    const margin = (high - low) * 0.06;
    return [low === 0 ? 0 : low - margin, high + margin];
  }

  paint(plot: Plot): void {
    const { pen } = plot;
    this.focus = this.model.cursor.now.layer ?? this.model.view.layer;
    pen.save();
    pen.beginPath();
    pen.rect(plot.left, plot.top, plot.width, plot.height);
    pen.clip();
    pen.lineJoin = "round";
    pen.lineCap = "round";
    this.paint_floor(plot);
    const focused = (layer: string) => layer === this.focus;
    if (this.spreads.length) {
      this.still.show(plot, `${this.version}`, (area) => {
        paint_marks(area, this.marks);
        this.paint_spreads(area, this.spreads, false);
      });
      this.paint_spreads(
        plot,
        this.spreads.filter((spread) => focused(spread.layer)),
        true,
      );
    } else {
      const above = this.drawn.filter((line) => focused(line.curve.layer));
      const quiet = above.length > 0 && above.length < this.drawn.length;
      // All lines are kept as a picture; only the one that is pointed at is painted whenever the cursor moves.
      (quiet ? this.still_quiet : this.still).show(plot, `${this.version}`, (area) => {
        paint_marks(area, this.marks);
        for (const line of this.drawn) this.paint_one(area, line, quiet ? 0.35 : 1, false);
      });
      for (const line of above) this.paint_one(plot, line, 1, true);
    }
    pen.restore();
    this.paint_labels(plot);
  }

  private paint_one(plot: Plot, line: Drawn, alpha: number, focused: boolean): void {
    const { curve, value, colour } = line;
    const dense = is_dense(plot, curve);
    if (this.layers <= most_bands || focused) paint_error_band(plot, curve, colour, focused ? 0.3 : 0.16 * alpha);
    if (dense) paint_column_shades(plot, curve, colour, (focused ? 0.6 : 0.4) * alpha);
    if (this.model.view.smooth > 0) paint_line(plot, curve, curve.value, { colour, width: 1, alpha: 0.25 * alpha, dash: [] });
    const thin = dense ? last_of_columns(plot, curve, value) : { curve, value };
    paint_line(plot, thin.curve, thin.value, {
      colour,
      width: focused ? 3 : this.layers > 30 ? 1.4 : 1.9,
      alpha,
      dash: run_dashes[line.run_index % run_dashes.length],
    });
  }

  private paint_spreads(plot: Plot, spreads: ConvergenceChart["spreads"], focused: boolean): void {
    const { pen } = plot;
    for (const spread of spreads) {
      pen.globalAlpha = focused ? 0.32 : 0.15;
      pen.fillStyle = spread.colour;
      pen.beginPath();
      spread.x.forEach((x, index) =>
        index ? pen.lineTo(plot.x(x), plot.y(spread.high[index])) : pen.moveTo(plot.x(x), plot.y(spread.high[index])),
      );
      for (let index = spread.x.length - 1; index >= 0; --index) pen.lineTo(plot.x(spread.x[index]), plot.y(spread.low[index]));
      pen.closePath();
      pen.fill();
      const curve: Curve = {
        layer: spread.layer,
        reference_layer: null,
        x: spread.x,
        value: spread.mean,
        floor: [],
        error: [],
        line: [],
        unlike: spread.unlike,
        anew: [],
      };
      paint_line(plot, curve, spread.mean, { colour: spread.colour, width: focused ? 3 : 2, alpha: 1, dash: [] });
    }
  }

  private paint_floor(plot: Plot): void {
    const { pen, ink } = plot;
    const chosen = this.focus === null ? null : this.drawn.find((line) => line.curve.layer === this.focus && line.run_index === 0);
    pen.strokeStyle = ink.floor;
    pen.fillStyle = ink.floor;
    pen.lineWidth = 1;
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "alphabetic";
    pen.textAlign = "left";
    const floors = chosen ? [...new Set(chosen.curve.floor.slice(-1).filter((floor): floor is number => floor !== null))] : this.floors;
    if (floors.length === 0) return;
    const [lowest, highest] = [Math.min(...floors), Math.max(...floors)];
    const inside = floors.filter((floor) => floor <= plot.high && floor >= plot.low);
    pen.setLineDash([5, 4]);
    for (const floor of inside.length > 4 ? [Math.min(...inside)] : inside) {
      pen.beginPath();
      pen.moveTo(plot.left, Math.round(plot.y(floor)) + 0.5);
      pen.lineTo(plot.left + plot.width, Math.round(plot.y(floor)) + 0.5);
      pen.stroke();
    }
    pen.setLineDash([]);
    const range = lowest === highest ? fixed(lowest) : `${fixed(lowest)} to ${fixed(highest)}`;
    const whose = chosen ? ` (${chosen.curve.layer})` : "";
    if (inside.length === 0) {
      const above = lowest > plot.high;
      this.say(plot, `${above ? "↑" : "↓"} unrelated data: ${range}${whose}`, above ? plot.top + 14 : plot.top + plot.height - 6);
    } else {
      // Above the highest line that is drawn, or below the lowest.
      const lowest_line = plot.y(Math.min(...inside));
      const highest_line = inside.length > 4 ? lowest_line : plot.y(Math.max(...inside));
      this.say(plot, `unrelated data: ${range}${whose}`, highest_line - plot.top > 16 ? highest_line - 5 : lowest_line + 14);
    }
  }

  /** Words in the plot, at its right where lines are calm, on ground of their own. */
  private say(plot: Plot, text: string, y: number): void {
    const { pen, ink } = plot;
    const width = pen.measureText(text).width;
    const left = plot.left + plot.width - width - 8;
    pen.globalAlpha = 0.8;
    pen.fillStyle = ink.page;
    pen.fillRect(left - 3, y - 11, width + 6, 14);
    pen.globalAlpha = 1;
    pen.fillStyle = ink.text_soft;
    pen.fillText(text, left, y);
  }

  private paint_labels(plot: Plot): void {
    const { pen, ink } = plot;
    const alarmed = new Map(this.model.layers().map((layer) => [layer.name, layer]));
    const ends = (
      this.spreads.length
        ? this.spreads.map((spread) => ({
            layer: spread.layer,
            colour: spread.colour,
            x: spread.x,
            value: spread.mean as (number | null)[],
            own: spread.mean as (number | null)[],
            unlike: spread.unlike,
          }))
        : this.drawn
            .filter((line) => line.run_index === 0)
            .map((line) => ({
              layer: line.curve.layer,
              colour: line.colour,
              x: line.curve.x,
              value: line.value,
              own: line.curve.value,
              unlike: line.curve.unlike,
            }))
    )
      .map((line) => ({ ...line, index: last_shown(line.x, line.value, plot.to) }))
      .filter((line) => line.index >= 0);
    const wanted = ends.map((line) => {
      const layer = alarmed.get(line.layer);
      const y = Math.max(plot.top, Math.min(plot.top + plot.height, plot.y(line.value[line.index]!)));
      const priority = (line.layer === this.focus ? 1000 : 0) + (layer?.alarms.length ? 100 : 0) + (layer?.verdict === "moving" ? 10 : 0);
      return { y, priority };
    });
    const placed = place_labels(wanted, label_height, plot.top - 4, plot.top + plot.height + 6);
    const right = plot.left + plot.width;
    // Labels that stand far from their lines' ends get longer leaders, so that these can be followed.
    const lead = placed.some(({ index, y }) => Math.abs(y - wanted[index].y) > 2 * label_height) ? 26 : 11;
    const room = this.model.gutters().right - lead - 15;
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    for (const { index, y } of placed) {
      const line = ends[index];
      const focused = line.layer === this.focus;
      const end_x = Math.min(right, Math.max(plot.left, plot.x(line.x[line.index])));
      const grey = line.unlike[line.index] === 1;
      pen.strokeStyle = grey ? ink.chance : line.colour;
      pen.lineWidth = focused ? 2 : 1.2;
      // Where the line ended before the plot does, the leader must not look like more of it.
      const ended = end_x < right - 3;
      pen.globalAlpha = ended ? 0.6 : 1;
      pen.setLineDash(ended ? [1.5, 4] : []);
      pen.beginPath();
      pen.moveTo(end_x, wanted[index].y);
      pen.lineTo(Math.max(end_x, right), wanted[index].y);
      pen.lineTo(right + lead, y);
      pen.stroke();
      pen.setLineDash([]);
      pen.globalAlpha = 1;
      pen.font = `${focused ? "600 " : ""}12px system-ui, sans-serif`;
      // Also of a smoothed line: what is read off is always a row's number.
      const value = `${grey ? "~" : ""}${fixed(line.own[line.index])}`;
      const value_width = pen.measureText(value).width;
      pen.fillStyle = ink.text;
      pen.fillText(
        fitted(this.model.short(line.layer), room - value_width - 6, (text) => pen.measureText(text).width),
        right + lead + 3,
        y,
      );
      pen.fillStyle = ink.text_soft;
      pen.textAlign = "right";
      pen.fillText(value, right + room + lead + 5, y);
      pen.textAlign = "left";
    }
    if (placed.length < ends.length) this.paint_left_out(plot, ends.length - placed.length);
  }

  private paint_left_out(plot: Plot, count: number): void {
    const { pen, ink } = plot;
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = ink.text_soft;
    pen.fillText(`+ ${count} not named`, plot.left + plot.width + 14, plot.top + plot.height + 17);
  }

  protected cursor_moved(): void {
    const focus = this.model.cursor.now.layer ?? this.model.view.layer;
    if (focus !== this.focus) this.chart?.repaint();
  }

  protected point(x: number, y: number, plot: Plot): void {
    const found = this.line_at(x, y, plot);
    const marks = marks_near(plot, this.marks, x);
    if (!found) {
      this.model.cursor.set(this.snapped(x), null);
      this.model.tell(marks.length ? { marks } : null);
      return;
    }
    const { line, index } = found;
    this.model.cursor.set(line.curve.x[index], line.curve.layer);
    this.model.tell({ id: line.id, curve: line.curve, index, marks });
  }

  private line_at(x: number, y: number, plot: Plot): { line: Drawn; index: number } | null {
    let best: { line: Drawn; index: number } | null = null;
    let least = 28;
    for (const line of this.drawn) {
      const middle = nearest(line.curve.x, x);
      // In a dense chart several rows lie below the mouse: the one at its height is meant, a spike for example.
      for (let index = Math.max(0, middle - 6); index <= Math.min(line.curve.x.length - 1, middle + 6); ++index) {
        const value = line.curve.value[index];
        if (value === null) continue;
        const across = Math.abs(plot.x(line.curve.x[index]) - plot.x(x));
        if (index !== middle && across > 4) continue;
        const apart = Math.abs(plot.y(value) - y) + (index === middle ? 0 : across);
        if (apart < least) [best, least] = [{ line, index }, apart];
      }
    }
    return best;
  }

  chosen(x: number, y: number, plot: Plot): void {
    const found = this.line_at(x, y, plot);
    const layer = found?.line.curve.layer ?? null;
    this.model.set({ layer: layer === this.model.view.layer ? null : layer });
  }
}

function last_shown(x: number[], value: (number | null)[], to: number): number {
  let index = x.length ? nearest(x, to) : -1;
  if (index >= 0 && x[index] > to) --index;
  while (index >= 0 && value[index] === null) --index;
  return index;
}
