// One chart over the run's time. uPlot does axes, scales and the choice of a range; what stands in the plot is painted by
// the chart's owner, because lines here are more than lines: grey below the floor, bands, shades and gaps.

import uPlot from "uplot";
import type { XAxis } from "../contract";
import { SvgPen, type Pen } from "./pen";
import type { Ink } from "./ink";

/** Where things stand in the plot, in CSS pixels of the whole chart. */
export interface Plot {
  pen: Pen;
  left: number;
  top: number;
  width: number;
  height: number;
  x(value: number): number;
  y(value: number): number;
  from: number;
  to: number;
  low: number;
  high: number;
  ink: Ink;
  log: boolean;
  /** A hand moves the plot. */
  moving: boolean;
}

export interface Gutters {
  left: number;
  right: number;
}

export interface ChartSettings {
  height: number;
  gutters: Gutters;
  x: XAxis;
  log: boolean;
  range: [number, number];
  /** Lowest and highest value shown. */
  y: [number, number];
  y_values: boolean;
  x_values: boolean;
  ink: Ink;
}

export interface ChartOwner {
  paint(plot: Plot): void;
  /** The mouse is at this x, and this many pixels from the chart's top; null when it left. */
  pointed(x: number | null, y: number, plot: Plot | null): void;
  chosen(x: number, y: number, plot: Plot): void;
  zoomed(from: number, to: number): void;
  /** A hand drags the plot: `done` when it lets go. */
  panned(from: number, to: number, done: boolean): void;
  reset(): void;
}

// Whole pixels: uPlot scales the number for fine screens, and reads no fractions.
const axis_font = "12px system-ui, sans-serif";
/** Distances of ticks. Not 2.5, because an epoch is a whole number. */
const steps = Array.from({ length: 19 }, (_, power) => [1, 2, 5].map((times) => times * 10 ** (power - 6))).flat();

export class TimeChart {
  private plot: uPlot | null = null;
  private moving = false;
  private frame = 0;
  private readonly line: HTMLDivElement;
  private drag: { x: number; from: number; to: number } | null = null;

  constructor(
    private readonly place: HTMLElement,
    private readonly owner: ChartOwner,
    private settings: ChartSettings,
  ) {
    this.line = document.createElement("div");
    this.line.className = "cursor-line";
    this.build();
  }

  /** Follows new settings. Only another kind of axis needs another uPlot. */
  update(settings: ChartSettings): void {
    const before = this.settings;
    this.settings = settings;
    const same =
      before.x === settings.x &&
      before.log === settings.log &&
      before.ink.theme === settings.ink.theme &&
      before.gutters.left === settings.gutters.left &&
      before.gutters.right === settings.gutters.right &&
      before.y_values === settings.y_values &&
      before.x_values === settings.x_values;
    if (!same || !this.plot) return this.build();
    const width = this.place.clientWidth;
    const plot = this.plot;
    plot.batch(() => {
      if (plot.width !== width || plot.height !== settings.height) plot.setSize({ width, height: settings.height });
      plot.setScale("x", { min: settings.range[0], max: settings.range[1] });
      plot.setScale("y", { min: settings.y[0], max: settings.y[1] });
    });
    plot.redraw(false, true);
  }

  /** Only the range, at once: for dragging. */
  move(from: number, to: number, moving: boolean): void {
    this.moving = moving;
    this.settings = { ...this.settings, range: [from, to] };
    this.plot?.setScale("x", { min: from, max: to });
    if (!moving) this.plot?.redraw(false, true);
  }

  /** Paints anew in the next frame: for what follows the cursor. */
  repaint(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.plot?.redraw(false, false);
    });
  }

  show_cursor(x: number | null): void {
    const plot = this.plot;
    if (!plot) return;
    const left = x === null ? NaN : plot.valToPos(x, "x");
    const inside = left >= -0.5 && left <= plot.over.clientWidth + 0.5;
    this.line.classList.toggle("shown", inside);
    if (inside) this.line.style.transform = `translateX(${Math.round(left)}px)`;
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    this.plot?.destroy();
    this.plot = null;
  }

  get canvas(): HTMLCanvasElement | null {
    return this.plot?.ctx.canvas ?? null;
  }

  /** The chart as a drawing of its own, axes and all. */
  svg(title: string, background: string): string {
    const plot = this.plot!;
    const pen = new SvgPen((text) => plot.ctx.measureText(text));
    const area = this.area(pen);
    const { ink } = this.settings;
    pen.font = axis_font;
    pen.fillStyle = ink.text_soft;
    pen.strokeStyle = ink.grid;
    this.owner.paint({ ...area, moving: false });
    const ticks = plot.axes.map((axis) => {
      const known = axis as unknown as { _splits?: number[]; _values?: (string | null)[] };
      return (known._splits ?? []).map((at, index) => ({ at, text: known._values?.[index] ?? null }));
    });
    if (this.settings.x_values) this.name_axis({ ...area, moving: false });
    pen.font = axis_font;
    pen.fillStyle = ink.text_soft;
    pen.textBaseline = "alphabetic";
    pen.textAlign = "center";
    for (const { at, text } of ticks[0])
      if (text && at >= area.from && at <= area.to) pen.fillText(text, area.x(at), area.top + area.height + 16);
    pen.textAlign = "right";
    for (const { at, text } of ticks[1]) if (text && at >= area.low && at <= area.high) pen.fillText(text, area.left - 6, area.y(at) + 4);
    return pen.text(plot.width, plot.height, background, title);
  }

  private build(): void {
    this.plot?.destroy();
    const { settings, owner } = this;
    const { ink } = settings;
    const axis = (shown: boolean, more: uPlot.Axis): uPlot.Axis => ({
      stroke: ink.text_soft,
      font: axis_font,
      ticks: { show: false },
      grid: { stroke: ink.grid, width: 1 },
      ...(shown ? {} : { values: (_: uPlot, splits: number[]) => splits.map(() => "") }),
      ...more,
    });
    const options: uPlot.Options = {
      width: Math.max(80, this.place.clientWidth),
      height: settings.height,
      padding: [8, settings.gutters.right, settings.x_values ? 0 : 4, 0],
      legend: { show: false },
      cursor: { x: false, y: false, points: { show: false }, drag: { x: true, y: false, setScale: false }, focus: { prox: -1 } },
      scales: {
        x: { time: settings.x === "time", distr: settings.log ? 3 : 1, auto: false, range: (_, min, max) => [min, max] },
        y: { auto: false, range: (_, min, max) => [min, max] },
      },
      axes: [
        axis(settings.x_values, {
          size: settings.x_values ? 28 : 4,
          space: 60,
          ...(settings.x === "time" || settings.log ? {} : { incrs: steps }),
        }),
        axis(settings.y_values, {
          size: settings.gutters.left,
          // So that a small chart has two numbers.
          space: settings.height < 150 ? 20 : 34,
          grid: settings.y_values ? { stroke: ink.grid, width: 1 } : { show: false },
        }),
      ],
      series: [{}, { show: true, paths: () => null, points: { show: false } }],
      hooks: {
        draw: [(plot) => this.paint(plot)],
        setSelect: [
          (plot) => {
            if (plot.select.width < 4) return;
            const from = plot.posToVal(plot.select.left, "x");
            const to = plot.posToVal(plot.select.left + plot.select.width, "x");
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            owner.zoomed(from, to);
          },
        ],
      },
    };
    this.plot = new uPlot(
      options,
      [
        [settings.range[0], settings.range[1]],
        [null, null],
      ] as unknown as uPlot.AlignedData,
      this.place,
    );
    this.plot.batch(() => {
      this.plot!.setScale("x", { min: settings.range[0], max: settings.range[1] });
      this.plot!.setScale("y", { min: settings.y[0], max: settings.y[1] });
    });
    this.plot.over.append(this.line);
    this.hands(this.plot.over);
  }

  private paint(plot: uPlot): void {
    const pen = plot.ctx;
    pen.save();
    pen.scale(devicePixelRatio, devicePixelRatio);
    const area = this.area(pen);
    this.owner.paint(area);
    if (this.settings.x_values) this.name_axis(area);
    pen.restore();
  }

  private name_axis(area: Plot): void {
    const { pen } = area;
    pen.font = axis_font;
    pen.fillStyle = this.settings.ink.text_soft;
    pen.textAlign = "right";
    pen.textBaseline = "alphabetic";
    if (this.settings.x !== "time") pen.fillText(this.settings.x, area.left - 10, area.top + area.height + 17);
  }

  private area(pen: Pen): Plot {
    const plot = this.plot!;
    const { log, ink } = this.settings;
    const over = {
      left: plot.bbox.left / devicePixelRatio,
      top: plot.bbox.top / devicePixelRatio,
      width: plot.bbox.width / devicePixelRatio,
      height: plot.bbox.height / devicePixelRatio,
    };
    const from = plot.scales.x.min!;
    const to = plot.scales.x.max!;
    const low = plot.scales.y.min!;
    const high = plot.scales.y.max!;
    const first = log ? Math.log(from) : from;
    const per_x = over.width / ((log ? Math.log(to) : to) - first);
    const per_y = over.height / (high - low);
    return {
      pen,
      ...over,
      from,
      to,
      low,
      high,
      ink,
      log,
      moving: this.moving,
      x: (value) => over.left + ((log ? Math.log(value) : value) - first) * per_x,
      y: (value) => over.top + over.height - (value - low) * per_y,
    };
  }

  private hands(over: HTMLElement): void {
    const at = (event: PointerEvent | MouseEvent) => {
      const box = over.getBoundingClientRect();
      return { left: event.clientX - box.left, top: event.clientY - box.top };
    };
    over.addEventListener("pointermove", (event) => {
      if (this.drag) return this.dragged(event);
      const { left, top } = at(event);
      const area = this.area(this.plot!.ctx);
      this.owner.pointed(this.plot!.posToVal(left, "x"), area.top + top, area);
    });
    // A finger that is lifted leaves what it showed; a mouse takes it along.
    over.addEventListener("pointerleave", (event) => !this.drag && event.pointerType === "mouse" && this.owner.pointed(null, 0, null));
    let pressed = { x: 0, y: 0 };
    over.addEventListener("pointerdown", (event) => {
      pressed = { x: event.clientX, y: event.clientY };
    });
    over.addEventListener("click", (event) => {
      // The end of a drag is no click.
      if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > 4 || event.shiftKey) return;
      const { left, top } = at(event);
      const area = this.area(this.plot!.ctx);
      this.owner.chosen(this.plot!.posToVal(left, "x"), area.top + top, area);
    });
    over.addEventListener("dblclick", () => this.owner.reset());
    // Captured before uPlot, which would choose a range: with Shift or the middle button the plot is dragged instead.
    over.addEventListener(
      "mousedown",
      (event) => {
        if (!event.shiftKey && event.button !== 1) return;
        event.stopImmediatePropagation();
        event.preventDefault();
        this.drag = { x: event.clientX, from: this.settings.range[0], to: this.settings.range[1] };
        const let_go = (last: MouseEvent) => {
          removeEventListener("mouseup", let_go);
          removeEventListener("mousemove", follow);
          this.dragged(last);
          this.drag = null;
          this.owner.panned(...this.settings.range, true);
        };
        const follow = (next: MouseEvent) => this.dragged(next);
        addEventListener("mousemove", follow);
        addEventListener("mouseup", let_go);
      },
      { capture: true },
    );
    this.fingers(over);
    over.addEventListener(
      "wheel",
      (event) => {
        // A plain wheel scrolls the page, as everywhere.
        if (!event.ctrlKey && !event.shiftKey) return;
        event.preventDefault();
        const centre = this.plot!.posToVal(at(event).left, "x");
        this.owner.zoomed(...this.scaled(centre, Math.exp((event.deltaY || event.deltaX) * 0.0015)));
      },
      { passive: false },
    );
  }

  /** Two fingers stretch the axis. */
  private fingers(over: HTMLElement): void {
    const down = new Map<number, number>();
    let apart = 0;
    const spread = () => Math.max(20, Math.abs([...down.values()][0] - [...down.values()][1]));
    over.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "touch") return;
      down.set(event.pointerId, event.clientX);
      if (down.size === 2) apart = spread();
    });
    over.addEventListener("pointermove", (event) => {
      if (!down.has(event.pointerId)) return;
      down.set(event.pointerId, event.clientX);
      if (down.size !== 2) return;
      const centre = this.plot!.posToVal(([...down.values()][0] + [...down.values()][1]) / 2 - over.getBoundingClientRect().left, "x");
      this.owner.panned(...this.scaled(centre, apart / spread()), false);
      apart = spread();
    });
    for (const end of ["pointerup", "pointercancel"] as const)
      over.addEventListener(end, (event) => {
        if (down.size === 2 && down.has(event.pointerId)) this.owner.panned(...this.settings.range, true);
        down.delete(event.pointerId);
      });
  }

  /** The range made longer by `factor` about `centre`, on the axis as it is drawn. */
  scaled(centre: number, factor: number): [number, number] {
    const [from, to] = this.settings.range;
    const bend = this.settings.log ? Math.log : (value: number) => value;
    const back = this.settings.log ? Math.exp : (value: number) => value;
    return [back(bend(centre) - (bend(centre) - bend(from)) * factor), back(bend(centre) + (bend(to) - bend(centre)) * factor)];
  }

  private dragged(event: MouseEvent): void {
    const drag = this.drag;
    if (!drag || !this.plot) return;
    const width = this.plot.over.clientWidth;
    const bend = this.settings.log ? Math.log : (value: number) => value;
    const back = this.settings.log ? Math.exp : (value: number) => value;
    const by = ((bend(drag.to) - bend(drag.from)) * (drag.x - event.clientX)) / width;
    this.owner.panned(back(bend(drag.from) + by), back(bend(drag.to) + by), false);
  }
}
