// Depth by time: a row a layer, a cell a snapshot. The settling front is drawn in it, and at its right the profile of the
// network at the cursor.

import type { Curve, Curves } from "../contract";
import { heat_number } from "../pure/colours";
import { nearest } from "../pure/curves";
import { fitted } from "../pure/names";
import { fixed } from "../pure/numbers";
import { settling_front } from "../pure/settling";
import { one_a_layer } from "./convergence";
import { ink_of } from "./ink";
import { Layer } from "./layer";
import { LinkedChart } from "./linked_chart";
import { marks_of, paint_marks, type Mark } from "./marks";
import { dot, shown_range } from "./paint_lines";
import type { ChartSettings, Plot } from "./time_chart";

export class HeatMap extends LinkedChart {
  private curves: Curve[] = [];
  private names: string[] = [];
  private front: (number | null)[] = [];
  private marks: Mark[] = [];
  private version = 0;
  private readonly still = new Layer();
  private direction: Curves["direction"] = "distance";
  private low = 0;
  private high = 1;
  private readonly cells = document.createElement("canvas");

  protected sources(): unknown[] {
    const { model } = this;
    const names = model.order();
    return [model.curves.get(model.view.run ?? ""), model.by_epoch, model.events, ...names, ...this.front_of(names)];
  }

  /** Where each layer is settled from, on the axis that is shown. */
  private front_of(names: string[]): (number | null)[] {
    const { model } = this;
    return settling_front(model.run?.verdict_history ?? [], names).map((epoch) => (epoch === null ? null : model.x_of_epoch(epoch)));
  }

  protected settings(): ChartSettings | null {
    const { model } = this;
    const range = model.range();
    const main = model.curves.get(model.view.run ?? "");
    if (!range || !main) return null;
    const visible = model.visible();
    const found = new Map(one_a_layer(main).map((curve) => [curve.layer, curve]));
    // The last layer on top, as networks are drawn from the bottom up.
    this.names = model
      .order()
      .filter((name) => visible(name) && found.has(name))
      .reverse();
    if (this.names.length === 0) return null;
    this.curves = this.names.map((name) => found.get(name)!);
    this.front = this.front_of(this.names);
    this.marks = marks_of(model.events, main, model.view.x).filter((mark) => mark.alarm);
    [this.low, this.high] = value_range(main);
    this.direction = main.direction;
    ++this.version;
    const row = Math.max(9, Math.min(24, 440 / this.names.length));
    return {
      height: Math.round(row * this.names.length + 42),
      gutters: model.gutters(),
      x: model.view.x,
      log: model.log,
      range,
      y: [0, this.names.length],
      y_values: false,
      x_values: true,
      ink: ink_of(model.theme()),
    };
  }

  paint(plot: Plot): void {
    const { pen } = plot;
    const row = plot.height / this.names.length;
    this.still.show(plot, `${this.version}`, (area) => this.paint_cells(area, row));
    pen.save();
    pen.beginPath();
    pen.rect(plot.left, plot.top, plot.width, plot.height);
    pen.clip();
    paint_marks(plot, this.marks);
    this.paint_front(plot, row);
    pen.restore();
    this.paint_names(plot, row);
    this.paint_profile(plot, row);
  }

  /** One pixel a column and layer, stretched. Where columns hold several rows, the farthest is shown: no spike is lost. */
  private paint_cells(plot: Plot, row: number): void {
    const width = Math.max(1, Math.round(plot.width));
    const { cells } = this;
    cells.width = width;
    cells.height = this.names.length;
    const drawing = cells.getContext("2d")!;
    const image = drawing.createImageData(width, this.names.length);
    const grey = [] as { from: number; to: number; layer: number }[];
    this.curves.forEach((curve, layer) => this.fill_row(plot, curve, layer, width, image, grey));
    drawing.putImageData(image, 0, 0);
    const canvas = plot.pen as CanvasRenderingContext2D;
    if (typeof canvas.drawImage === "function") {
      canvas.imageSmoothingEnabled = false;
      canvas.drawImage(cells, plot.left, plot.top, plot.width, plot.height);
    } else this.paint_cells_one_by_one(plot, image, row);
    plot.pen.strokeStyle = plot.ink.floor;
    plot.pen.lineWidth = 1;
    for (const { from, to, layer } of grey) this.hatch(plot, plot.left + from, plot.left + to, plot.top + layer * row, row);
    plot.pen.strokeStyle = plot.ink.page;
    plot.pen.lineWidth = row > 14 ? 2 : 1;
    plot.pen.beginPath();
    for (let layer = 1; layer < this.names.length; ++layer) {
      plot.pen.moveTo(plot.left, plot.top + layer * row);
      plot.pen.lineTo(plot.left + plot.width, plot.top + layer * row);
    }
    plot.pen.stroke();
  }

  private fill_row(
    plot: Plot,
    curve: Curve,
    layer: number,
    width: number,
    image: ImageData,
    grey: { from: number; to: number; layer: number }[],
  ): void {
    const [first, last] = shown_range(curve.x, plot.from, plot.to, plot.log);
    const strongest = new Float64Array(width).fill(-Infinity);
    let open: { from: number; to: number; layer: number } | null = null;
    const at = (index: number) => plot.x(curve.x[index]) - plot.left;
    for (let index = first; index <= last; ++index) {
      const value = curve.value[index];
      if (value === null) {
        open = null;
        continue;
      }
      // A cell reaches halfway to its neighbours, and no farther than one usual step where a neighbour is missing.
      const x = at(index);
      const step = index > first ? x - at(index - 1) : index < last ? at(index + 1) - x : 12;
      const left = Math.max(0, Math.round(index > first ? (x + at(index - 1)) / 2 : x - step / 2));
      const right = Math.min(width, Math.max(left + 1, Math.round(index < last ? (x + at(index + 1)) / 2 : x + step / 2)));
      const share = far_share(value, [this.low, this.high], this.direction);
      const colour = heat_number(share, plot.ink.theme);
      for (let column = left; column < right; ++column) {
        if (share <= strongest[column]) continue;
        strongest[column] = share;
        const place = (layer * width + column) * 4;
        image.data[place] = colour >> 16;
        image.data[place + 1] = (colour >> 8) & 255;
        image.data[place + 2] = colour & 255;
        image.data[place + 3] = 255;
      }
      if (!curve.unlike[index]) open = null;
      else if (open) open.to = right;
      else grey.push((open = { from: left, to: right, layer }));
    }
  }

  private paint_cells_one_by_one(plot: Plot, image: ImageData, row: number): void {
    for (let layer = 0; layer < image.height; ++layer)
      for (let column = 0, begin = 0; column <= image.width; ++column) {
        const pixel = (place: number) => [0, 1, 2, 3].map((part) => image.data[(layer * image.width + place) * 4 + part]).join();
        if (column < image.width && pixel(column) === pixel(begin)) continue;
        const [red, green, blue, there] = pixel(begin).split(",");
        if (there === "255") {
          plot.pen.fillStyle = `rgb(${red},${green},${blue})`;
          plot.pen.fillRect(plot.left + begin, plot.top + layer * row, column - begin, row);
        }
        begin = column;
      }
  }

  /** Cells that cannot be told from unrelated data are hatched. */
  private hatch(plot: Plot, left: number, right: number, top: number, row: number): void {
    const { pen, ink } = plot;
    pen.save();
    pen.beginPath();
    pen.rect(left, top, right - left, row);
    pen.clip();
    pen.fillStyle = ink.page;
    pen.fillRect(left, top, right - left, row);
    pen.beginPath();
    for (let at = left - row - ((left - row) % 5); at < right; at += 5) {
      pen.moveTo(at, top + row);
      pen.lineTo(at + row, top);
    }
    pen.stroke();
    pen.restore();
  }

  /** A step line through the moments from which each layer has been settled; open where a layer is not. */
  private paint_front(plot: Plot, row: number): void {
    const { pen, ink } = plot;
    for (const [colour, width] of [
      [ink.page, 4.5],
      [ink.front, 2],
    ] as const) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      this.front.forEach((x, layer) => {
        if (x === null) return;
        const at = plot.x(x);
        if (layer > 0 && this.front[layer - 1] !== null) pen.lineTo(at, plot.top + layer * row);
        else pen.moveTo(at, plot.top + layer * row);
        pen.lineTo(at, plot.top + (layer + 1) * row);
      });
      pen.stroke();
    }
  }

  private paint_names(plot: Plot, row: number): void {
    const { pen, ink } = plot;
    const focus = this.model.cursor.now.layer ?? this.model.view.layer;
    const every = Math.ceil(11 / row);
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    this.names.forEach((name, layer) => {
      if (name !== focus && (this.names.length - 1 - layer) % every) return;
      pen.font = `${name === focus ? "600 " : ""}${row < 13 ? 10 : 12}px system-ui, sans-serif`;
      pen.fillStyle = name === focus ? ink.text : ink.text_soft;
      pen.fillText(
        fitted(this.model.short(name), plot.left - 12, (text) => pen.measureText(text).width),
        plot.left - 7,
        plot.top + (layer + 0.5) * row,
      );
    });
  }

  /** Value by depth at the cursor, or at the end of what is shown: a point a layer, with its floor as a tick. */
  private paint_profile(plot: Plot, row: number): void {
    const { pen, ink } = plot;
    const left = plot.left + plot.width + 16;
    const width = this.model.gutters().right - 34;
    const x = this.model.cursor.now.x ?? plot.to;
    const place = (value: number) => left + Math.max(0, Math.min(1, (value - this.low) / (this.high - this.low))) * width;
    pen.fillStyle = ink.grid;
    pen.fillRect(left, plot.top, 1, plot.height);
    pen.fillRect(left + width, plot.top, 1, plot.height);
    pen.strokeStyle = ink.text_soft;
    pen.lineWidth = 1;
    this.curves.forEach((curve, layer) => {
      const index = nearest(curve.x, x);
      const value = index < 0 ? null : curve.value[index];
      if (value === null) return;
      const y = plot.top + (layer + 0.5) * row;
      pen.beginPath();
      pen.moveTo(left, y);
      pen.lineTo(place(value), y);
      pen.stroke();
      pen.fillStyle = curve.unlike[index] ? ink.chance : ink.text;
      dot(plot, place(value), y, Math.min(4, row * 0.3));
      const floor = curve.floor[index];
      if (floor !== null && floor <= this.high) {
        pen.fillStyle = ink.floor;
        pen.fillRect(place(floor) - 0.5, y - row * 0.35, 1.5, row * 0.7);
      }
    });
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "alphabetic";
    pen.textAlign = "left";
    pen.fillStyle = ink.text_soft;
    pen.fillText(fixed(this.low, 1), left, plot.top + plot.height + 17);
    pen.textAlign = "right";
    pen.fillText(fixed(this.high, 1), left + width, plot.top + plot.height + 17);
  }

  protected cursor_moved(): void {
    this.chart?.repaint();
  }

  protected point(x: number, y: number, plot: Plot): void {
    const layer = Math.floor(((y - plot.top) / plot.height) * this.names.length);
    const curve = this.curves[Math.max(0, Math.min(this.curves.length - 1, layer))];
    const index = nearest(curve.x, x);
    if (index < 0) return;
    this.model.cursor.set(curve.x[index], curve.layer);
    this.model.tell({ id: this.model.view.run ?? "", curve, index });
  }

  chosen(x: number, y: number, plot: Plot): void {
    const name = this.names[Math.floor(((y - plot.top) / plot.height) * this.names.length)];
    if (name !== undefined && Number.isFinite(x)) this.model.set({ layer: name === this.model.view.layer ? null : name });
  }
}

/** From 0, near, to 1, far: the same colours mean the same for distances and similarities. */
export function far_share(value: number, [low, high]: [number, number], direction: Curves["direction"]): number {
  const share = (value - low) / (high - low);
  return direction === "distance" ? share : 1 - share;
}

/** What the colours span: all of the run, so that a colour means the same in every part of it. */
export function value_range(curves: Curves): [number, number] {
  let low = curves.direction === "distance" ? 0 : 1;
  let high = curves.direction === "distance" ? 0 : 1;
  for (const curve of curves.layers)
    for (const value of curve.value) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  return high > low ? [low, high] : [low, low + 1];
}
