// What the page knows and shows: charts and panels read it. How it comes to know it is in model.ts.

import type { Curve, Curves, Events, Layer, Logs, RowKind, Run, RunsAnswer, Selection } from "../contract";
import type { Theme } from "../pure/colours";
import { extent, x_of_line } from "../pure/curves";
import type { Change, Look } from "../pure/changes";
import { shared_beginning, shorter } from "../pure/names";
import { clock } from "../pure/numbers";
import { filter_of } from "../pure/filter";
import { CursorStore } from "./cursor";
import type { Source } from "./source";
import { view_of, type View } from "./view";

let measuring: CanvasRenderingContext2D | null = null;
const widths = new Map<string, number>();

function text_width(text: string): number {
  let width = widths.get(text);
  if (width === undefined) {
    measuring ??= document.createElement("canvas").getContext("2d")!;
    measuring.font = "12px system-ui, sans-serif";
    width = measuring.measureText(text).width;
    widths.set(text, width);
  }
  return width;
}

export interface Connection {
  state: "open" | "lost" | "exported" | "starting";
  since: number;
}

/** What the hand points at: a row of a curve, marks, or another short text. */
export interface Told {
  id?: string;
  curve?: Curve;
  index?: number;
  marks?: { alarm: boolean; text: string }[];
  text?: string;
  /** Where to show it, if not beside the hand. */
  at?: { x: number; y: number };
}

export abstract class Shown {
  view: View = view_of(location.hash);
  runs: RunsAnswer | null = null;
  run: Run | null = null;
  curves = new Map<string, Curves>();
  /** The same numbers by epoch: tells where an epoch lies on another axis. */
  by_epoch: Curves | null = null;
  logs: Logs | null = null;
  events: Events | null = null;
  connection: Connection = { state: "starting", since: Date.now() };
  /** How often the server came back: what failed meanwhile is asked for again. */
  reopened = 0;
  gone = new Set<string>();
  failure: string | null = null;
  changes: { since: Look; list: Change[] } | null = null;
  /** Seconds to add to this machine's clock to get the server's. */
  clock_offset = 0;
  /** Width of the plots in pixels: what the server decimates for. */
  width = innerWidth < 1180 ? innerWidth - 240 : (Math.min(1760, innerWidth) - 48) * 0.6 - 230;
  /** A hand drags the charts: what comes in meanwhile is drawn when it lets go. */
  dragging = false;
  readonly cursor = new CursorStore();

  told: Told | null = null;

  private readonly listeners = new Set<() => void>();
  private readonly range_listeners = new Set<(from: number, to: number, done: boolean) => void>();
  private readonly told_listeners = new Set<(told: Told | null) => void>();
  private frame = 0;
  private shortened = { order: "", shared: "" };

  constructor(readonly source: Source) {}

  abstract set(change: Partial<View>): void;
  protected abstract width_changed(): void;

  listen_to(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed(): void {
    if (this.frame) return;
    // A hidden page gets no frames, but its data should be there when it is looked at again.
    const tell = () => {
      this.frame = 0;
      for (const listener of this.listeners) listener();
    };
    this.frame = document.hidden ? window.setTimeout(tell, 50) : requestAnimationFrame(tell);
  }

  get selection(): Selection | null {
    const run = this.run;
    const summary = this.runs?.runs.find((one) => one.id === this.view.run);
    const headline = run?.headline ?? summary?.headline ?? null;
    // What another run had is kept only where this one has it too.
    const known = (chosen: string | null, all: string[] | undefined) =>
      chosen !== null && (all?.includes(chosen) ?? true) ? chosen : undefined;
    const references = run?.references.map((one) => one.name);
    const stream = known(this.view.stream, run?.streams) ?? headline?.stream ?? run?.streams[0];
    const reference = known(this.view.reference, references) ?? headline?.reference ?? references?.[0];
    const measure = known(this.view.measure, run?.measures) ?? headline?.measure ?? run?.measures[0];
    return stream !== undefined && reference !== undefined && measure !== undefined ? { stream, reference, measure } : null;
  }

  /** Whether x is drawn logarithmically. Wall clock is not: its zero is in 1970. */
  get log(): boolean {
    return this.view.log && this.view.x !== "time";
  }

  get ids(): string[] {
    return this.view.run ? [this.view.run, ...this.view.others.filter((id) => id !== this.view.run)] : [];
  }

  visible(): (layer: string) => boolean {
    return filter_of(this.view.filter, this.words_of());
  }

  /** What is said of a layer, for the filter: its verdict, and whether it has an alarm. */
  words_of(): (name: string) => string[] {
    const words = new Map(this.layers().map((layer) => [layer.name, [layer.verdict ?? "none", ...(layer.alarms.length ? ["alarm"] : [])]]));
    return (name) => words.get(name) ?? [];
  }

  layers(): Layer[] {
    return this.run?.layers ?? [];
  }

  /** Changes whenever the run has a new row of one of these kinds. */
  newest(...kinds: RowKind[]): (number | undefined)[] {
    const last = this.run?.last_lines;
    return last ? kinds.map((kind) => last[kind]) : [this.run?.lines];
  }

  now(): number {
    return this.source.exported ? (this.runs?.now ?? 0) : Date.now() / 1000 + this.clock_offset;
  }

  /** Names of all layers, in the network's order. */
  order(): string[] {
    return this.layers().length
      ? this.layers().map((layer) => layer.name)
      : [...new Set((this.curves.get(this.view.run ?? "")?.layers ?? []).map((curve) => curve.layer))];
  }

  /** A layer's name as tables and labels have room for it: without what all names begin with, if they are long. */
  short(name: string): string {
    const order = this.order();
    if (this.shortened.order !== order.join("\n")) this.shortened = { order: order.join("\n"), shared: shared_beginning(order) };
    return shorter(name, this.shortened.shared);
  }

  /** A run's name; its folder where several have the same name. */
  run_title(run: { id: string; name: string; folder: string }): string {
    const same = (this.runs?.runs ?? []).some((other) => other.id !== run.id && other.name === run.name);
    return same ? run.folder : run.name;
  }

  theme(): Theme {
    const chosen = document.documentElement.dataset.theme;
    if (chosen === "light" || chosen === "dark") return chosen;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  /** The same for all charts, so that their axes stand below each other. */
  gutters(): { left: number; right: number } {
    const longest = Math.max(0, ...this.order().map((name) => text_width(this.short(name))));
    const small = innerWidth < 700;
    return {
      left: Math.round(Math.min(small ? 62 : 118, Math.max(46, longest + 20))),
      right: Math.round(Math.min(small ? 118 : 190, Math.max(small ? 92 : 112, longest + 84))),
    };
  }

  /** The x that is shown. */
  range(): [number, number] | null {
    if (this.view.from !== null && this.view.to !== null) return [this.view.from, this.view.to];
    const all = extent([...this.curves.values()], () => true) ?? this.extent_of_logs();
    if (!all) return null;
    let [from, to] = all;
    if (this.log && from <= 0) from = this.first_positive() ?? 1;
    if (from >= to) return this.log ? [from / 2, from * 2] : [from - 1, to + 1];
    return [from, to];
  }

  /** A run without a reference has no curves, but it may have logs. */
  private extent_of_logs(): [number, number] | null {
    const x = (this.logs?.logs ?? []).flatMap((log) => (log.x.length ? [log.x[0], log.x[log.x.length - 1]] : []));
    return x.length ? [Math.min(...x), Math.max(...x)] : null;
  }

  private first_positive(): number | null {
    let best: number | null = null;
    const all = [...[...this.curves.values()].flatMap((curves) => curves.layers), ...(this.logs?.logs ?? [])];
    for (const curve of all) {
      const x = curve.x.find((value) => value > 0);
      if (x !== undefined && (best === null || x < best)) best = x;
    }
    return best;
  }

  /** Where an epoch lies on the axis that is shown: at the first snapshot that is not before it. */
  x_of_epoch(epoch: number): number | null {
    if (this.view.x === "epoch") return epoch;
    const main = this.curves.get(this.view.run ?? "");
    let line = Infinity;
    for (const curve of this.by_epoch?.layers ?? [])
      curve.x.forEach((at, index) => at >= epoch && (line = Math.min(line, curve.line[index])));
    return main && line < Infinity ? x_of_line(main, line) : null;
  }

  x_text(x: number): string {
    return this.view.x === "time" ? clock(x) : `${this.view.x} ${x}`;
  }

  /** The x of the snapshot before or after. */
  neighbour(x: number, step: 1 | -1): number | null {
    let best: number | null = null;
    for (const curve of this.curves.get(this.view.run ?? "")?.layers ?? [])
      for (const other of curve.x) if ((other - x) * step > 0 && (best === null || (best - other) * step > 0)) best = other;
    return best;
  }

  listen_to_range(listener: (from: number, to: number, done: boolean) => void): () => void {
    this.range_listeners.add(listener);
    return () => this.range_listeners.delete(listener);
  }

  move_range(from: number, to: number, done: boolean): void {
    this.dragging = !done;
    for (const listener of this.range_listeners) listener(from, to, done);
  }

  /** The charts found out how wide they are; what was asked for another width is asked for again. */
  width_is(pixels: number): void {
    // More columns than pixels do no harm.
    if (pixels < this.width * 1.1 || pixels < 50) return;
    this.width = pixels;
    if ([...this.curves.values()].some((curves) => curves.decimated)) this.width_changed();
  }

  /** What the hand points at; shown beside it. */
  tell(told: Told | null): void {
    this.told = told;
    for (const listener of this.told_listeners) listener(told);
  }

  listen_to_told(listener: (told: Told | null) => void): () => void {
    this.told_listeners.add(listener);
    return () => this.told_listeners.delete(listener);
  }
}
