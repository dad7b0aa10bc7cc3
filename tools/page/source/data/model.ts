// All that the page knows, and how it comes to know it. Panels read it; whatever changes is drawn in the next frame.

import type { Curve, Curves, Events, Layer, Logs, Run, RunsAnswer, Selection, Summary } from "../contract";
import type { Theme } from "../pure/colours";
import { extent, joined, x_of_line } from "../pure/curves";
import { changes_since, look_of, type Change, type Look } from "../pure/changes";
import { clock } from "../pure/numbers";
import { filter_of } from "../pure/ranking";
import { CursorStore } from "./cursor";
import { Live } from "./live";
import { Refused, type Source, type Window } from "./source";
import { hash_of, view_of, type View } from "./view";

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
}

/** While a run grows, it is asked for at most this often. */
const refresh_pause = 400;

export class Model {
  view: View = view_of(location.hash);
  runs: RunsAnswer | null = null;
  run: Run | null = null;
  curves = new Map<string, Curves>();
  /** The same numbers by epoch: tells where an epoch lies on another axis. */
  by_epoch: Curves | null = null;
  logs: Logs | null = null;
  events: Events | null = null;
  connection: Connection = { state: "starting", since: Date.now() };
  gone = new Set<string>();
  failure: string | null = null;
  changes: { since: Look; list: Change[] } | null = null;
  /** Seconds to add to this machine's clock to get the server's. */
  clock_offset = 0;
  /** Width of the plots in pixels: what the server decimates for. */
  width = 800;
  readonly cursor = new CursorStore();

  told: Told | null = null;

  private readonly listeners = new Set<() => void>();
  private readonly range_listeners = new Set<(from: number, to: number, done: boolean) => void>();
  private readonly told_listeners = new Set<(told: Told | null) => void>();
  private frame = 0;
  private wanted = 0;
  private timer: number | undefined;
  private stale = new Set<string>();

  constructor(readonly source: Source) {}

  async begin(): Promise<void> {
    addEventListener("hashchange", () => this.show(view_of(location.hash), false));
    addEventListener("pagehide", () => this.remember());
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.remember());
    if (this.source.exported) this.connection = { state: "exported", since: Date.now() };
    else this.listen();
    await this.load_runs();
  }

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

  // --- what is shown -------------------------------------------------------------------------------------------------

  get selection(): Selection | null {
    const run = this.run;
    const summary = this.runs?.runs.find((one) => one.id === this.view.run);
    const headline = run?.headline ?? summary?.headline ?? null;
    const stream = this.view.stream ?? headline?.stream ?? run?.streams[0];
    const reference = this.view.reference ?? headline?.reference ?? run?.references[0]?.name;
    const measure = this.view.measure ?? headline?.measure ?? run?.measures[0];
    return stream !== undefined && reference !== undefined && measure !== undefined ? { stream, reference, measure } : null;
  }

  get ids(): string[] {
    return this.view.run ? [this.view.run, ...this.view.others.filter((id) => id !== this.view.run)] : [];
  }

  visible(): (layer: string) => boolean {
    return filter_of(this.view.filter);
  }

  layers(): Layer[] {
    return this.run?.layers ?? [];
  }

  now(): number {
    return this.source.exported ? (this.runs?.now ?? 0) : Date.now() / 1000 + this.clock_offset;
  }

  /** Names of all layers, in the network's order. */
  order(): string[] {
    return this.layers().length ? this.layers().map((layer) => layer.name) : [...new Set((this.curves.get(this.view.run ?? "")?.layers ?? []).map((curve) => curve.layer))];
  }

  theme(): Theme {
    const chosen = document.documentElement.dataset.theme;
    if (chosen === "light" || chosen === "dark") return chosen;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  /** The same for all charts, so that their axes stand below each other. */
  gutters(): { left: number; right: number } {
    const longest = Math.max(0, ...this.order().map((name) => text_width(name)));
    const small = innerWidth < 700;
    return {
      left: Math.round(Math.min(small ? 62 : 118, Math.max(46, longest + 14))),
      right: Math.round(Math.min(small ? 104 : 178, Math.max(small ? 92 : 112, longest + 74))),
    };
  }

  /** The x that is shown. */
  range(): [number, number] | null {
    if (this.view.from !== null && this.view.to !== null) return [this.view.from, this.view.to];
    const all = extent([...this.curves.values()], () => true);
    if (!all) return null;
    let [from, to] = all;
    if (this.view.log && from <= 0) from = this.first_positive() ?? 1;
    if (from >= to) return this.view.log ? [from / 2, from * 2] : [from - 1, to + 1];
    return [from, to];
  }

  private first_positive(): number | null {
    let best: number | null = null;
    for (const curves of this.curves.values())
      for (const curve of curves.layers) {
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
    for (const curve of this.by_epoch?.layers ?? []) curve.x.forEach((at, index) => at >= epoch && (line = Math.min(line, curve.line[index])));
    return main && line < Infinity ? x_of_line(main, line) : null;
  }

  x_text(x: number): string {
    return this.view.x === "time" ? clock(x) : `${this.view.x} ${x}`;
  }

  /** The x of the snapshot before or after. */
  neighbour(x: number, step: 1 | -1): number | null {
    let best: number | null = null;
    for (const curve of this.curves.get(this.view.run ?? "")?.layers ?? [])
      for (const other of curve.x)
        if ((other - x) * step > 0 && (best === null || (best - other) * step > 0)) best = other;
    return best;
  }

  listen_to_range(listener: (from: number, to: number, done: boolean) => void): () => void {
    this.range_listeners.add(listener);
    return () => this.range_listeners.delete(listener);
  }

  move_range(from: number, to: number, done: boolean): void {
    for (const listener of this.range_listeners) listener(from, to, done);
  }

  /** The charts found out how wide they are; what was asked for another width is asked for again. */
  width_is(pixels: number): void {
    if (Math.abs(pixels - this.width) < 40 || pixels < 50) return;
    this.width = pixels;
    if ([...this.curves.values()].some((curves) => curves.decimated)) void this.load_curves();
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

  /** Changes what is shown, and asks for what that needs. */
  set(change: Partial<View>): void {
    this.show({ ...this.view, ...change }, true);
  }

  private show(next: View, write: boolean): void {
    const before = this.view;
    if (next.x !== before.x || next.log !== before.log) next = next.from === before.from ? { ...next, from: null, to: null } : next;
    this.view = next;
    if (write) history.replaceState(null, "", "#" + hash_of(next));
    if (next.run !== before.run) {
      this.forget();
      void this.load_run();
    } else if (JSON.stringify(this.asked(before)) !== JSON.stringify(this.asked(next))) {
      void this.load_curves();
    }
    this.changed();
  }

  private asked(view: View): unknown[] {
    return [view.stream, view.reference, view.measure, view.x, view.log, view.from, view.to, view.others, view.spread];
  }

  private forget(): void {
    this.run = null;
    this.curves = new Map();
    this.by_epoch = null;
    this.logs = null;
    this.events = null;
    this.changes = null;
    this.cursor.set(null, null);
  }

  // --- loading -------------------------------------------------------------------------------------------------------

  private async load_runs(): Promise<void> {
    try {
      const answer = await this.source.runs();
      if (answer.version !== 1) throw new Error(`The server speaks version ${answer.version}; this page knows version 1. Reload the page.`);
      this.runs = answer;
      this.clock_offset = this.source.exported ? answer.now - Date.now() / 1000 : answer.now - Date.now() / 1000;
      this.failure = null;
      const known = answer.runs.some((run) => run.id === this.view.run);
      if (!known && !this.gone.has(this.view.run ?? "")) {
        const missing = this.view.run;
        this.view = { ...this.view, run: answer.runs[0]?.id ?? null };
        if (missing && this.view.run) this.failure = `The run of this link is not served here; this is ${answer.runs[0].name}`;
      }
      if (this.view.run && !this.run) await this.load_run();
      else if (this.view.run && known) await this.refresh(this.view.run);
    } catch (error) {
      this.fail(error);
    }
    this.changed();
  }

  private async load_run(): Promise<void> {
    const id = this.view.run;
    if (!id) return;
    try {
      // Curves do not wait for the run: the summary says what its headline is.
      const curves = this.selection ? this.load_curves() : null;
      const run = await this.source.run(id);
      if (id !== this.view.run) return;
      this.run = run;
      this.gone.delete(id);
      this.compare_with_last_look(run);
      this.changed();
      await (curves ?? this.load_curves());
      this.events = await this.source.events(id);
    } catch (error) {
      this.fail(error, id);
    }
    this.changed();
  }

  window(): Window {
    const { x, log, from, to, spread } = this.view;
    // A mean over runs needs points at the same x, so there nothing may be left out.
    return { x, log, from, to, width: spread && this.view.others.length ? 4000 : Math.max(50, Math.round(this.width)) };
  }

  private async load_curves(): Promise<void> {
    const selection = this.selection;
    if (!selection) return;
    const ticket = ++this.wanted;
    try {
      const ids = this.ids;
      const window = this.window();
      const answers = ids.map((id) => this.source.curves(id, selection, window).catch((error) => this.without(error, id)));
      const logs = this.source.logs(ids[0], window).catch(() => null);
      const by_epoch = window.x === "epoch" ? null : this.source.curves(ids[0], selection, { x: "epoch", log: false, from: null, to: null, width: 400 }).catch(() => null);
      const all = await Promise.all(answers);
      if (ticket !== this.wanted) return;
      this.curves = new Map(ids.flatMap((id, at) => (all[at] ? [[id, all[at]!] as const] : [])));
      this.changed();
      const [found_logs, found_epochs] = await Promise.all([logs, by_epoch]);
      if (ticket !== this.wanted) return;
      this.logs = found_logs;
      this.by_epoch = found_epochs;
    } catch (error) {
      this.fail(error);
    }
    this.changed();
  }

  private without(error: unknown, id: string): null {
    // One run of several without this reference is no failure: the chart says who is missing.
    if (!(error instanceof Refused)) throw error;
    if (id === this.view.run && error.status !== 404) this.failure = error.message;
    return null;
  }

  private fail(error: unknown, id?: string): void {
    if (error instanceof Refused) {
      if (id && error.status === 404 && this.run) this.gone.add(id);
      else this.failure = error.message;
    } else if (error instanceof TypeError && !this.source.exported) {
      // fetch() could not reach the server. The stream's own state says so; this is for a page that has none yet.
      if (this.connection.state !== "lost") this.connection = { state: "lost", since: Date.now() };
    } else {
      this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  // --- live ----------------------------------------------------------------------------------------------------------

  private listen(): void {
    new Live({
      run: (summary) => this.heard(summary),
      gone: (id) => {
        this.gone.add(id);
        if (this.runs && id !== this.view.run) this.runs = { ...this.runs, runs: this.runs.runs.filter((run) => run.id !== id) };
        this.changed();
      },
      anew: (id) => {
        if (id === this.view.run) {
          this.forget();
          void this.load_run();
        } else if (this.ids.includes(id)) void this.load_curves();
      },
      open: (again) => {
        this.connection = { state: "open", since: Date.now() };
        if (again || !this.runs) void this.load_runs();
        this.changed();
      },
      lost: () => {
        if (this.connection.state !== "lost") this.connection = { state: "lost", since: Date.now() };
        this.changed();
      },
    }).begin();
  }

  private heard(summary: Summary): void {
    if (!this.runs) return;
    this.gone.delete(summary.id);
    const rest = this.runs.runs.filter((run) => run.id !== summary.id);
    const at = this.runs.runs.findIndex((run) => run.id === summary.id);
    rest.splice(Math.max(0, at), 0, summary);
    this.runs = { ...this.runs, runs: rest };
    if (!this.view.run) {
      this.view = { ...this.view, run: summary.id };
      void this.load_run();
    } else if (this.ids.includes(summary.id)) {
      this.stale.add(summary.id);
      if (this.timer === undefined) void this.refresh_stale();
    }
    this.changed();
  }

  private async refresh_stale(): Promise<void> {
    // Held while an answer is on its way, so that a fast run does not heap up questions.
    this.timer = window.setTimeout(() => undefined, 0);
    const ids = [...this.stale];
    this.stale.clear();
    for (const id of ids) await this.refresh(id);
    this.timer = window.setTimeout(() => {
      this.timer = undefined;
      if (this.stale.size) void this.refresh_stale();
    }, refresh_pause);
  }

  /** Asks for what is new of a run. */
  private async refresh(id: string): Promise<void> {
    const selection = this.selection;
    try {
      const curves = this.curves.get(id);
      const run = id === this.view.run ? this.source.run(id) : null;
      if (!selection || !curves || curves.decimated || this.view.from !== null) {
        await this.load_curves();
      } else {
        const ticket = this.wanted;
        const added = await this.source.curves(id, selection, { ...this.window(), since: curves.lines });
        const all = joined(curves, added);
        if (ticket === this.wanted) {
          if (all) this.curves = new Map(this.curves).set(id, all);
          else await this.load_curves();
          if (id === this.view.run && all) {
            const logs = await this.source.logs(id, this.window()).catch(() => null);
            if (ticket === this.wanted && logs) this.logs = logs;
          }
        }
      }
      if (run) {
        const answer = await run;
        if (id === this.view.run) {
          this.run = answer;
          this.events = await this.source.events(id);
        }
      }
    } catch (error) {
      this.fail(error, id);
    }
    this.changed();
  }

  // --- since I last looked -------------------------------------------------------------------------------------------

  private compare_with_last_look(run: Run): void {
    if (this.source.exported || this.changes) return;
    try {
      const kept = localStorage.getItem("livecca-look-" + run.id);
      if (!kept) return;
      const look = JSON.parse(kept) as Look;
      const list = changes_since(look, run);
      if (list.length) this.changes = { since: look, list };
    } catch {
      // No storage, or another version's: then nothing is known of an earlier look.
    }
  }

  remember(): void {
    if (!this.run || this.source.exported) return;
    try {
      localStorage.setItem("livecca-look-" + this.run.id, JSON.stringify(look_of(this.run, this.now())));
    } catch {
      // As above.
    }
  }
}
