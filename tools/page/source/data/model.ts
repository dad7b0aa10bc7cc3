// How the page comes to know what it shows: it asks the source, and hears of changes.

import type { Curves, RowKind, Run, Selection, Summary } from "../contract";
import { changes_since, look_of, type Look } from "../pure/changes";
import { joined } from "../pure/curves";
import { Live } from "./live";
import { Shown } from "./shown";
import { Refused, type Window } from "./source";
import { hash_of, view_of, type View } from "./view";

/** While a run grows, it is asked for at most this often, and not at once: rows of one snapshot come in pieces. */
const refresh_pause = 600;
const rows_gather = 450;
/** Longer, if a snapshot's last row is still to come: verdicts follow the numbers after some tenths of a second. */
const snapshot_gather = 250;
/** What the answer about a run is made from. Of other rows its summary tells enough. */
const kinds_of_run: RowKind[] = ["run", "measure", "layer", "drift", "verdict", "direction", "verdict_record", "overhead"];

export class Model extends Shown {
  private wanted = 0;
  private timer: number | undefined;
  private stale = new Set<string>();
  private loading = false;
  private live: Live | null = null;
  /** How many lines each run had when the stream told of it last. */
  private readonly told_lines = new Map<string, number>();

  async begin(): Promise<void> {
    addEventListener("hashchange", () => this.show(view_of(location.hash), false));
    addEventListener("pagehide", () => this.remember());
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.remember());
    if (this.source.exported) this.connection = { state: "exported", since: Date.now() };
    else this.listen();
    await this.load_runs();
  }

  /** Changes what is shown, and asks for what that needs. */
  set(change: Partial<View>): void {
    this.show({ ...this.view, ...change }, true);
  }

  private show(next: View, write: boolean): void {
    const before = this.view;
    // An address without a run is about the one that is shown.
    if (next.run === null) next = { ...next, run: before.run };
    if (next.x !== before.x || next.log !== before.log) next = next.from === before.from ? { ...next, from: null, to: null } : next;
    this.view = next;
    this.failure = null;
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
    if (this.loading) return;
    this.loading = true;
    try {
      const answer = await this.source.runs();
      if (answer.version !== 1) throw new Error(`The server speaks version ${answer.version}; this page knows version 1. Reload the page.`);
      this.runs = answer;
      this.clock_offset = answer.now - Date.now() / 1000;
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
    this.loading = false;
    this.changed();
  }

  private async load_run(): Promise<void> {
    const id = this.view.run;
    if (!id) return;
    try {
      // Curves do not wait for the run: the summary says what its headline is.
      const guessed = JSON.stringify(this.selection);
      const curves = this.selection ? this.load_curves() : null;
      const run = await this.source.run(id);
      if (id !== this.view.run) return;
      this.run = run;
      this.gone.delete(id);
      this.compare_with_last_look(run);
      this.changed();
      await (curves && guessed === JSON.stringify(this.selection) ? curves : this.load_curves());
      await this.load_events(id);
      // What came while it was read.
      const heard = this.runs?.runs.find((one) => one.id === id);
      if (heard) this.heard(heard);
    } catch (error) {
      this.fail(error, id);
    }
    this.changed();
  }

  private async load_events(id: string): Promise<void> {
    const before = this.events;
    const added = await this.source.events(id, before?.lines ?? 0);
    if (id !== this.view.run || this.events !== before) return;
    if (before && added.events.length + added.alarms.length === 0) {
      before.lines = added.lines; // the same as before: nothing is drawn anew
      return;
    }
    this.events =
      before && !this.source.exported
        ? { lines: added.lines, events: before.events.concat(added.events), alarms: before.alarms.concat(added.alarms) }
        : added;
  }

  window(): Window {
    const { x, from, to, spread } = this.view;
    // A mean over runs needs points at the same x, so there nothing may be left out.
    return { x, log: this.log, from, to, width: spread && this.view.others.length ? 4000 : Math.max(50, Math.round(this.width)) };
  }

  protected width_changed(): void {
    void this.load_curves();
  }

  private async load_curves(): Promise<void> {
    const selection = this.selection;
    const ids = this.ids;
    if (ids.length === 0) return;
    const ticket = ++this.wanted;
    const window = this.window();
    try {
      if (!selection) {
        this.logs = await this.source.logs(ids[0], window).catch(() => null);
        return this.changed();
      }
      const answers = ids.map((id) => this.source.curves(id, selection, window).catch((error) => this.without(error, id)));
      const logs = this.source.logs(ids[0], window).catch(() => null);
      const by_epoch = this.ask_by_epoch(ids[0], selection, window);
      const all = await Promise.all(answers);
      if (ticket !== this.wanted) return;
      // What is known of a run that was removed stays on the screen.
      const kept = (id: string, at: number) => all[at] ?? (this.gone.has(id) ? this.curves.get(id) : undefined);
      this.curves = new Map(ids.flatMap((id, at) => (kept(id, at) ? [[id, kept(id, at)!] as const] : [])));
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
      // fetch() could not reach the server. If its stream is open all the same, nothing else will make us ask again.
      if (this.connection.state === "open") setTimeout(() => this.connection.state === "lost" && this.live?.begin(), 2000);
      if (this.connection.state !== "lost") this.connection = { state: "lost", since: Date.now() };
    } else {
      this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  // --- live ----------------------------------------------------------------------------------------------------------

  private listen(): void {
    this.live = new Live({
      run: (summary) => this.heard_of(summary),
      gone: (id) => {
        this.gone.add(id);
        this.told_lines.delete(id);
        if (this.runs && id !== this.view.run) this.runs = { ...this.runs, runs: this.runs.runs.filter((run) => run.id !== id) };
        this.changed();
      },
      anew: (id) => {
        this.told_lines.delete(id);
        this.load_anew(id);
      },
      open: (again) => {
        this.connection = { state: "open", since: Date.now() };
        if (again) ++this.reopened;
        if (again || !this.runs) void this.load_runs();
        this.changed();
      },
      lost: () => {
        if (this.connection.state !== "lost") this.connection = { state: "lost", since: Date.now() };
        this.changed();
      },
    });
    this.live.begin();
    this.live.follow_sight();
  }

  private heard_of(summary: Summary): void {
    // A folder that was removed and made again, or a file with fewer lines, is another run: nothing of the old one holds.
    const is_other = this.gone.delete(summary.id) || summary.lines < (this.told_lines.get(summary.id) ?? 0);
    this.told_lines.set(summary.id, summary.lines);
    if (is_other) this.load_anew(summary.id);
    this.heard(summary);
  }

  private load_anew(id: string): void {
    if (id === this.view.run) {
      this.forget();
      void this.load_run();
    } else if (this.ids.includes(id)) void this.load_curves();
  }

  private heard(summary: Summary): void {
    if (!this.runs) return;
    const rest = this.runs.runs.filter((run) => run.id !== summary.id);
    const at = this.runs.runs.findIndex((run) => run.id === summary.id);
    rest.splice(Math.max(0, at), 0, summary);
    this.runs = { ...this.runs, runs: rest };
    if (!this.view.run) {
      this.view = { ...this.view, run: summary.id };
      void this.load_run();
    } else if (summary.id === this.view.run && !this.run) {
      // It is being read just now.
    } else if (this.ids.includes(summary.id) && (this.lines_of(summary.id) !== summary.lines || this.is_read_further(summary))) {
      this.stale.add(summary.id);
      this.timer ??= window.setTimeout(() => this.refresh_soon(), rows_gather);
      return; // one picture, when the numbers are there
    }
    this.changed();
  }

  /** Until a long file is read, its run is told from its ends: other things are known then, though no line is new. */
  private is_read_further(summary: Summary): boolean {
    return summary.id === this.view.run && this.run !== null && this.run.read !== summary.read;
  }

  /** Up to which line a run is known; the first stream of events repeats what the list said. */
  private lines_of(id: string): number | undefined {
    const curves = this.curves.get(id)?.lines;
    return id === this.view.run && this.run ? Math.min(this.run.lines, curves ?? this.run.lines) : curves;
  }

  private refresh_soon(): void {
    const is_in_parts = [...this.stale].some((id) => {
      const last = this.runs?.runs.find((run) => run.id === id)?.last_lines;
      return last && last.overhead > 0 && last.measure > last.overhead;
    });
    if (is_in_parts) this.timer = window.setTimeout(() => void this.refresh_stale(), snapshot_gather);
    else void this.refresh_stale();
  }

  private async refresh_stale(): Promise<void> {
    // Held while an answer is on its way, so that a fast run does not heap up questions.
    this.timer = window.setTimeout(() => undefined, 0);
    const ids = [...this.stale];
    this.stale.clear();
    for (const id of ids) await this.refresh(id);
    this.timer = window.setTimeout(() => {
      this.timer = undefined;
      if (this.stale.size) this.refresh_soon();
    }, refresh_pause);
  }

  /** Asks for what is new of a run, and for no more: what is asked for and drawn takes time from the training beside it. */
  private async refresh(id: string): Promise<void> {
    const before = this.run;
    const summary = this.runs?.runs.find((one) => one.id === id);
    const is_shown = id === this.view.run;
    // Before the file is read to its end nobody knows.
    const last = is_shown && !before?.last_lines ? null : summary?.last_lines;
    const has_new = (lines: number, ...kinds: RowKind[]) => !last || kinds.some((kind) => last[kind] > lines);
    const curves = this.curves.get(id);
    const has_points = !curves || has_new(curves.lines, "measure");
    const loads_all = has_points && (!curves || !this.may_extend(curves));
    const has_run = is_shown && before && (has_new(before.lines, ...kinds_of_run) || summary?.state !== before.state);
    const asked: Promise<unknown>[] = [];
    if (loads_all) asked.push(this.load_curves());
    else if (has_points) asked.push(this.extend_curves(id, curves!));
    else if (summary) curves!.lines = Math.max(curves!.lines, summary.lines);
    if (is_shown && !loads_all && has_new(this.logs?.lines ?? 0, "log")) asked.push(this.refresh_logs(id));
    if (is_shown && has_new(this.events?.lines ?? 0, "event", "alarm")) asked.push(this.load_events(id));
    const run = has_run ? this.source.run(id) : null;
    const [answer, ...others] = await Promise.allSettled([run, ...asked]);
    // Another answer may have come meanwhile, of a run begun anew for example.
    if (this.run === before && answer.status === "fulfilled") {
      if (answer.value) this.run = answer.value;
      else if (is_shown && before && summary) this.run = with_summary(before, summary);
    }
    for (const one of [answer, ...others]) if (one.status === "rejected") this.fail(one.reason, id);
    this.changed();
  }

  private may_extend(curves: Curves): boolean {
    const many = curves.layers.some((curve) => curve.x.length > 8 * this.width);
    return this.selection !== null && !curves.decimated && !many && this.view.from === null;
  }

  private async extend_curves(id: string, curves: Curves): Promise<void> {
    const ticket = this.wanted;
    const selection = this.selection!;
    const window = this.window();
    const by_epoch = id === this.view.run ? this.ask_by_epoch(id, selection, window) : null;
    const added = await this.source.curves(id, selection, { ...window, since: curves.lines });
    // While others are on their way, these points may be of another measure.
    if (ticket !== this.wanted || this.curves.get(id) !== curves) return void this.stale.add(id);
    const all = joined(curves, added);
    if (!all) return this.load_curves();
    this.curves = new Map(this.curves).set(id, all);
    const found = await by_epoch;
    if (found && ticket === this.wanted) this.by_epoch = found;
  }

  private ask_by_epoch(id: string, selection: Selection, window: Window): Promise<Curves | null> {
    if (window.x === "epoch") return Promise.resolve(null);
    return this.source.curves(id, selection, { x: "epoch", log: false, from: null, to: null, width: 400 }).catch(() => null);
  }

  private async refresh_logs(id: string): Promise<void> {
    const ticket = this.wanted;
    const logs = await this.source.logs(id, this.window()).catch(() => null);
    if (ticket === this.wanted && logs && id === this.view.run) this.logs = logs;
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

/** A run as its newest summary has it, where nothing else of it has changed. */
function with_summary(run: Run, summary: Summary): Run {
  const { epoch, step, first_time, last_time } = summary;
  const elapsed_seconds = first_time === null || last_time === null ? null : Math.max(0, last_time - first_time);
  return { ...run, ...summary, layers: run.layers, strip: { ...run.strip, epoch, step, elapsed_seconds } };
}
