// What all charts over time share: the range of x, the cursor, and what hands do to them.

import type { Model } from "../data/model";
import { nearest } from "../pure/curves";
import type { Curve } from "../contract";
import { TimeChart, type ChartOwner, type ChartSettings, type Plot } from "./time_chart";

export abstract class LinkedChart implements ChartOwner {
  protected chart: TimeChart | null = null;
  private readonly undo: (() => void)[] = [];
  private readonly watcher: ResizeObserver;
  private width = 0;
  private drawn_from: unknown[] = [];

  constructor(
    protected readonly place: HTMLElement,
    protected readonly model: Model,
  ) {
    this.undo.push(
      model.cursor.listen((cursor) => {
        this.chart?.show_cursor(cursor.x);
        this.cursor_moved();
      }),
      model.listen_to_range((from, to, done) => this.chart?.move(from, to, !done)),
    );
    this.watcher = new ResizeObserver(() => {
      if (Math.abs(this.place.clientWidth - this.width) >= 1) this.update();
    });
    this.watcher.observe(place);
  }

  /** What the picture is made from, beside what is the same for all charts. Equal if nothing of it has changed. */
  protected abstract sources(): unknown[];
  /** Everything that is needed to draw; null if there is nothing to be drawn. */
  protected abstract settings(): ChartSettings | null;
  abstract paint(plot: Plot): void;
  protected cursor_moved(): void {}

  update(): void {
    const { model } = this;
    if (this.chart && model.dragging) return;
    const { left, right } = model.gutters();
    // Of the layers, those that the filter lets through: it may be about verdicts.
    const names = model.order().filter(model.visible());
    const size = [this.place.clientWidth, left, right, devicePixelRatio];
    const from = [model.view, model.theme(), ...size, ...(model.range() ?? []), ...names, ...this.sources()];
    if (this.chart && from.length === this.drawn_from.length && from.every((one, index) => one === this.drawn_from[index])) return;
    this.drawn_from = from;
    const settings = this.place.clientWidth > 0 ? this.settings() : null;
    this.width = this.place.clientWidth;
    if (!settings) {
      this.chart?.destroy();
      this.chart = null;
      return;
    }
    if (this.chart) this.chart.update(settings);
    else this.chart = new TimeChart(this.place, this, settings);
    this.chart.show_cursor(model.cursor.now.x);
  }

  destroy(): void {
    this.watcher.disconnect();
    for (const undo of this.undo) undo();
    this.chart?.destroy();
  }

  get canvas(): HTMLCanvasElement | null {
    return this.chart?.canvas ?? null;
  }

  svg(title: string, background: string): string | null {
    return this.chart?.svg(title, background) ?? null;
  }

  pointed(x: number | null, y: number, plot: Plot | null): void {
    if (x === null || !plot) {
      this.model.cursor.set(null, null);
      this.model.tell(null);
      return;
    }
    this.point(x, y, plot);
  }

  /** The mouse is in the plot: the cursor goes to the nearest snapshot. */
  protected point(x: number, _y: number, _plot: Plot): void {
    this.model.cursor.set(this.snapped(x), this.model.cursor.now.layer);
  }

  protected snapped(x: number): number | null {
    return nearest_of(this.model.curves.get(this.model.view.run ?? "")?.layers ?? [], x);
  }

  chosen(_x: number, _y: number, _plot: Plot): void {}

  zoomed(from: number, to: number): void {
    this.model.set({ from, to });
  }

  panned(from: number, to: number, done: boolean): void {
    this.model.move_range(from, to, done);
    if (done) this.model.set({ from, to });
  }

  reset(): void {
    this.model.set({ from: null, to: null });
  }

  private go_to(x: number, layer: string | null): void {
    const { model } = this;
    model.cursor.set(x, layer);
    const id = model.view.run ?? "";
    const curve = model.curves.get(id)?.layers.find((one) => one.layer === layer);
    const index = curve ? nearest(curve.x, x) : -1;
    model.tell(curve && index >= 0 ? { id, curve, index, at: corner(this.place) } : { text: model.x_text(x), at: corner(this.place) });
  }

  /** Arrow keys go from snapshot to snapshot; plus, minus and 0 zoom. True if the key was meant for the chart. */
  key(key: string): boolean {
    const { model } = this;
    const range = model.range();
    if (!range || !this.chart) return false;
    const at = model.cursor.now.x ?? range[1];
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const next = model.cursor.now.x === null ? at : model.neighbour(at, key === "ArrowRight" ? 1 : -1);
      if (next !== null) this.go_to(next, model.cursor.now.layer ?? model.view.layer);
      return true;
    }
    if (key === "ArrowUp" || key === "ArrowDown") {
      const names = model.order().filter(model.visible());
      const now = names.indexOf(model.cursor.now.layer ?? model.view.layer ?? "");
      const next = names[Math.max(0, Math.min(names.length - 1, now < 0 ? 0 : now + (key === "ArrowUp" ? 1 : -1)))];
      if (next !== undefined) this.go_to(at, next);
      return true;
    }
    if (key === "+" || key === "=" || key === "-") {
      model.set(pair(this.chart.scaled(at, key === "-" ? 2 : 0.5)));
      return true;
    }
    if (key === "0") {
      this.reset();
      return true;
    }
    if (key === "Escape") {
      model.cursor.set(null, null);
      model.tell(null);
      return true;
    }
    return false;
  }
}

/** Where a chart stands on the screen: what is said of the keyboard's cursor has no hand to stand beside. */
const corner = (place: HTMLElement) => {
  const box = place.getBoundingClientRect();
  return { x: box.left + 80, y: box.top + 20 };
};

const pair = ([from, to]: [number, number]) => ({ from, to });

/** The x nearest to `x` that any of the curves has. */
export function nearest_of(curves: Curve[], x: number): number | null {
  let best: number | null = null;
  for (const curve of curves) {
    const index = nearest(curve.x, x);
    if (index >= 0 && (best === null || Math.abs(curve.x[index] - x) < Math.abs(best - x))) best = curve.x[index];
  }
  return best;
}
