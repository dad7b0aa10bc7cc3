// The answer: the sentence, and where the run stands.

import type { Part, Summary } from "../contract";
import { age_text, clock, duration, group, percent } from "../pure/numbers";
import { filter_for } from "../pure/filter";
import { shown_text } from "../pure/names";
import { run_sentence } from "../pure/sentence";
import { CopyButton, Sign, use_clock, use_model } from "./common";

export function TopLine({ theme, change_theme }: { theme: string; change_theme: () => void }) {
  const model = use_model();
  const runs = model.runs?.runs ?? [];
  return (
    <header class="top">
      <strong class="brand">livecca</strong>
      {runs.length > 1 ? (
        <label class="pick">
          <span class="hidden">Run</span>
          <select
            value={model.view.run ?? ""}
            onChange={(event) => model.set({ run: event.currentTarget.value, layer: null, from: null, to: null })}
          >
            {runs.map((run) => (
              <option key={run.id} value={run.id}>
                {shown_text(model.run_title(run))}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <span class="run-name">{runs[0] ? shown_text(runs[0].name) : ""}</span>
      )}
      <StateBadge />
      <span class="spring" />
      <button type="button" class="quiet" onClick={change_theme} title={`Colours: ${theme}`} aria-label={`Colours: ${theme}. Change`}>
        <svg class="half" viewBox="0 0 16 16" aria-hidden="true">
          <circle cx="8" cy="8" r="6.500" />
          <path d="M8 1.500a6.500 6.500 0 0 1 0 13z" />
        </svg>
        {theme}
      </button>
    </header>
  );
}

function copied(model: ReturnType<typeof use_model>): string {
  const run = model.run!;
  const selection = model.selection;
  const where = { name: run.name, version: String(run.facts?.livecca ?? model.runs?.livecca ?? "") };
  const what = selection ? `${selection.measure} to ${selection.reference}, ${selection.stream} stream` : "no reference";
  return run_sentence(where, run.sentence, run.epoch, what, run.record?.text ?? null);
}

function StateBadge() {
  const model = use_model();
  use_clock(10); // each redrawing takes time from a training on this machine
  const summary = shown_summary(model);
  if (!summary) return null;
  const age = summary.last_time === null ? null : Math.max(0, model.now() - summary.last_time);
  if (model.gone.has(summary.id)) return <span class="badge bad">removed</span>;
  if (model.connection.state === "lost") return <span class="badge bad">no connection</span>;
  const words: Record<string, string> = { live: "live", finished: "finished", silent: "silent" };
  const when = model.source.exported ? `as of ${clock(summary.last_time)}` : age === null ? "no row yet" : `last row ${age_text(age)}`;
  return (
    <span class={`badge ${summary.state}`}>
      <i aria-hidden="true" />
      {words[summary.state] ?? summary.state}
      <small> · {when}</small>
    </span>
  );
}

export function shown_summary(model: ReturnType<typeof use_model>): Summary | null {
  return model.runs?.runs.find((run) => run.id === model.view.run) ?? null;
}

export function Sentence() {
  const model = use_model();
  // The list hears of changes first; the run's own answer follows.
  const said = shown_summary(model) ?? model.run;
  if (!said) return null;
  const parts: Part[] = said.parts.length ? said.parts : [{ text: said.sentence, kind: "note", layers: [] }];
  return (
    <div class="answer sentence">
      <h1 aria-live="polite">
        {parts.map((part, index) => (
          <Piece key={index} part={part} first={index === 0} />
        ))}
      </h1>
      {model.run && <CopyButton label="copy" text={() => copied(model)} />}
    </div>
  );
}

function Piece({ part, first }: { part: Part; first: boolean }) {
  const model = use_model();
  // Semicolons and the full stop are in the parts; they do not belong to what is coloured.
  const [, text, joint] = /^(.*?)([;.,]*)$/s.exec(shown_text(part.text.trim()))!;
  const filter = filter_for(part.layers, model.order(), model.words_of());
  // A short part stays on one line; a long one may break.
  const short = text.length <= 32 ? " short" : "";
  const choose = () =>
    model.set({ filter: model.view.filter === filter ? "" : filter, layer: part.layers.length === 1 ? part.layers[0] : null });
  // The sign never stands alone at a line's end.
  const [, word, rest] = /^(\S*)(.*)$/s.exec(text)!;
  const words = (
    <>
      <span class="together">
        <Sign kind={part.kind === "note" ? "none" : part.kind} />
        {word}
      </span>
      {rest}
    </>
  );
  return (
    <>
      {!first && " "}
      {part.layers.length ? (
        // Not a button, because browsers do not break a button over lines.
        <span
          role="button"
          tabIndex={0}
          class={`part ${part.kind}${short}`}
          aria-pressed={model.view.filter === filter}
          title={`Show only ${part.layers.slice(0, 8).join(", ")}${part.layers.length > 8 ? ", …" : ""}`}
          onClick={choose}
          onKeyDown={(event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), choose())}
        >
          {words}
        </span>
      ) : (
        <span class={`part ${part.kind}${short}`}>{words}</span>
      )}
      {joint}
    </>
  );
}

export function StripLine() {
  const model = use_model();
  const run = model.run;
  if (!run) return null;
  const { strip } = run;
  const facts: [string, string, boolean?][] = [
    ["epoch", group(strip.epoch)],
    ["step", group(strip.step)],
    ["elapsed", duration(strip.elapsed_seconds)],
    ["watching took, at the last snapshot", percent(strip.overhead_share)],
    ["steps dropped", group(strip.train_steps_dropped), (strip.train_steps_dropped ?? 0) > 0],
    ["snapshots with samples not finite", group(strip.nonfinite_snapshots), (strip.nonfinite_snapshots ?? 0) > 0],
    ["lines lost", group(strip.lines_lost), (strip.lines_lost ?? 0) > 0],
  ];
  if (strip.resumes) facts.push(["resumed", `${strip.resumes} ×`]);
  return (
    <dl class="strip">
      {facts
        .filter(([, value]) => value !== "–")
        .map(([name, value, bad]) => (
          <div key={name} class={bad ? "bad" : ""}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      {run.record && (
        <div class="record">
          <dt>can it be believed?</dt>
          <dd>{run.record.text}</dd>
        </div>
      )}
    </dl>
  );
}

export function Notices() {
  const model = use_model();
  const id = model.view.run ?? "";
  const summary = shown_summary(model);
  const notices: { kind: string; text: string }[] = [];
  if (model.failure) notices.push({ kind: "bad", text: model.failure });
  if (model.gone.has(id))
    notices.push({ kind: "bad", text: "This run's folder was removed while you looked. What you see is its last state." });
  if (model.connection.state === "lost")
    notices.push({
      kind: "bad",
      text: `The server has not answered since ${clock(model.connection.since / 1000).slice(11)}; trying again. What you see is from before.`,
    });
  if (summary && summary.read < 1)
    notices.push({ kind: "", text: `Reading: ${Math.floor(summary.read * 100)} % of the run is drawn. The sentence is of its latest state.` });
  if (summary?.state === "silent" && !model.gone.has(id))
    notices.push({
      kind: "warn",
      text: `No row for ${duration(model.now() - (summary.last_time ?? model.now()))}${summary.writer_gone ? ": the training process stopped or died without finish()" : ""}.`,
    });
  return (
    <div role="status">
      {notices.map((notice) => (
        <p key={notice.text} class={`notice ${notice.kind}`}>
          {notice.text}
        </p>
      ))}
      <ChangeList />
    </div>
  );
}

function ChangeList() {
  const model = use_model();
  if (!model.changes) return null;
  const { since, list } = model.changes;
  const shown = list.slice(0, 6);
  const close = () => {
    model.changes = null;
    model.changed();
  };
  return (
    <div class="notice changes">
      <p>
        Since you last looked, {duration(model.now() - since.time)} ago:{" "}
        {shown.map((change, index) => (
          <span key={index} class={`change ${change.kind}`}>
            {index > 0 && "; "}
            {change.layer ? (
              <button type="button" class="link" onClick={() => model.set({ layer: change.layer })}>
                {change.text}
              </button>
            ) : (
              change.text
            )}
          </span>
        ))}
        {list.length > shown.length && `; and ${list.length - shown.length} more`}.
      </p>
      <button type="button" class="quiet" onClick={close}>
        Close
      </button>
    </div>
  );
}
