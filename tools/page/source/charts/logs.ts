// What the user logged, on the same x below the layers: one small chart a name.

import type { LogCurve } from "../contract";
import type { Model } from "../data/model";
import { nearest } from "../pure/curves";
import { exact, short } from "../pure/numbers";
import { ink_of } from "./ink";
import { Layer } from "./layer";
import { LinkedChart } from "./linked_chart";
import { marks_near, marks_of, paint_marks, type Mark } from "./marks";
import { dot, is_dense, last_of_columns, paint_column_shades, paint_line, shown_range } from "./paint_lines";
import type { ChartSettings, Plot } from "./time_chart";

export class LogChart extends LinkedChart {
  private marks: Mark[] = [];
  private version = 0;
  private readonly still = new Layer();

  constructor(
    place: HTMLElement,
    model: Model,
    readonly name: string,
    private readonly is_last: () => boolean,
  ) {
    super(place, model);
  }

  private log(): LogCurve | null {
    return this.model.logs?.logs.find((log) => log.name === this.name) ?? null;
  }

  protected sources(): unknown[] {
    const { model } = this;
    return [this.log(), model.events, model.curves.get(model.view.run ?? ""), this.is_last()];
  }

  protected settings(): ChartSettings | null {
    const { model } = this;
    const range = model.range();
    const log = this.log();
    if (!range || !log || log.x.length === 0) return null;
    ++this.version;
    this.marks = marks_of(model.events, model.curves.get(model.view.run ?? ""), model.view.x);
    const [first, last] = shown_range(log.x, range[0], range[1], model.log);
    let low = Infinity;
    let high = -Infinity;
    for (let index = first; index <= last; ++index) {
      const value = log.value[index];
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (!(low <= high)) [low, high] = [0, 1];
    const margin = (high - low) * 0.12 || Math.abs(high) * 0.1 || 1;
    const last_one = this.is_last();
    return {
      height: last_one ? 112 : 84,
      gutters: model.gutters(),
      x: model.view.x,
      log: model.log,
      range,
      y: [low - margin, high + margin],
      y_values: true,
      x_values: last_one,
      ink: ink_of(model.theme()),
    };
  }

  paint(plot: Plot): void {
    const log = this.log();
    if (!log) return;
    const { pen, ink } = plot;
    const zero = log.x.map(() => 0 as const);
    const curve = { layer: log.name, reference_layer: null, ...log, floor: [], error: [], unlike: zero, anew: [] };
    pen.save();
    pen.beginPath();
    pen.rect(plot.left, plot.top, plot.width, plot.height);
    pen.clip();
    this.still.show(plot, `${this.version}`, (area) => {
      paint_marks(area, this.marks);
      const dense = is_dense(area, curve);
      if (dense) paint_column_shades(area, curve, ink.text_soft, 0.5);
      const thin = dense ? last_of_columns(area, curve, log.value) : { curve, value: log.value };
      paint_line(area, thin.curve, thin.value, { colour: ink.text, width: 1.5, alpha: 1, dash: [] });
    });
    pen.restore();
    this.paint_name(plot, log);
  }

  /** Its name and the value at the cursor, or else the latest that is shown. */
  private paint_name(plot: Plot, log: LogCurve): void {
    const { pen, ink } = plot;
    const x = this.model.cursor.now.x;
    const index = nearest(log.x, x ?? plot.to);
    const value = index < 0 ? null : log.value[index];
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.font = "12px system-ui, sans-serif";
    pen.fillStyle = ink.text;
    const left = plot.left + plot.width + 14;
    pen.fillText(log.name.length > 16 ? log.name.slice(0, 15) + "…" : log.name, left, plot.top + plot.height / 2 - 8);
    pen.fillStyle = ink.text_soft;
    pen.fillText(short(value), left, plot.top + plot.height / 2 + 9);
    if (x !== null && value !== null && index >= 0 && log.x[index] >= plot.from && log.x[index] <= plot.to) {
      pen.fillStyle = ink.text;
      dot(plot, plot.x(log.x[index]), plot.y(value), 3);
    }
  }

  protected cursor_moved(): void {
    this.chart?.repaint();
  }

  protected point(x: number, y: number, plot: Plot): void {
    super.point(x, y, plot);
    const log = this.log();
    const marks = marks_near(plot, this.marks, x);
    const index = log ? nearest(log.x, x) : -1;
    if (!log || index < 0) return;
    this.model.tell({
      text: `${log.name} ${exact(log.value[index])} at ${this.model.x_text(log.x[index])} (line ${log.line[index]})`,
      marks,
    });
  }
}
