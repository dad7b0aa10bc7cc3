// A line a layer: what it does, since when, how far it is, and whether that number can be told from chance.

import type { Direction, Layer, LayerNumber } from "../contract";
import { words_of } from "../pure/changes";
import { exactly } from "../pure/filter";
import { shown_text } from "../pure/names";
import { fixed, group, short } from "../pure/numbers";
import { number_of } from "../pure/ranking";
import { direction_words, layer_sentence } from "../pure/sentence";
import { CopyButton, Sign, use_colours, use_model } from "./common";

export function LayerTable() {
  const model = use_model();
  const colours = use_colours();
  const selection = model.selection;
  const layers = model.layers();
  if (!model.run) return null;
  if (layers.length === 0) return <p class="empty">No layer has been seen yet. The first snapshot brings them.</p>;
  const visible = model.visible();
  const shown = layers.filter((layer) => visible(layer.name));
  const numbers = new Map(
    layers.map((layer) => [layer, selection ? number_of(layer, selection.stream, selection.reference, selection.measure) : null]),
  );
  const known = [...numbers.values()];
  const far = Math.max(1e-9, ...known.map((number) => Math.max(number?.value ?? 0, number?.noise_floor ?? 0)));
  return (
    <section class="layer-section" aria-label="Layers">
      <div class="table-card">
        <table class={`layers${layers.length > 14 ? " many" : ""}`} role="table">
          <caption class="hidden">Layers in the network's order{selection && `: ${selection.measure} to ${selection.reference}`}</caption>
          <thead role="rowgroup">
            <tr role="row">
              <th scope="col">layer</th>
              <th scope="col">verdict</th>
              <th scope="col" class="spark-head">
                {selection ? `to ${selection.reference}` : ""}
              </th>
              <th scope="col" class="right">
                now
              </th>
              <th scope="col" class="right wide">
                unrelated
              </th>
              <th scope="col" class="bar-head">
                <span class="hidden">now against unrelated data</span>
              </th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {shown.map((layer) => (
              <LayerLine
                key={layer.name}
                layer={layer}
                number={numbers.get(layer) ?? null}
                colour={colours.get(layer.name) ?? ""}
                far={far}
              />
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < layers.length && (
        <p class="note">
          {shown.length} of {layers.length} layers.{" "}
          <button type="button" class="link" onClick={() => model.set({ filter: "" })}>
            Show all
          </button>
        </p>
      )}
      <p class="note legend-note">
        {known.some((number) => number?.direction) && "↓ coming nearer, ↑ going away, = keeping · "}
        {known.some((number) => number?.standard_error != null) && "± one standard error · "}
        <b>~</b> no nearer than unrelated data
        <span class="tick-key">
          {" "}
          · <span class="tick-sample" aria-hidden="true" /> score of unrelated data
        </span>
      </p>
    </section>
  );
}

function LayerLine({ layer, number, colour, far }: { layer: Layer; number: LayerNumber | null; colour: string; far: number }) {
  const model = use_model();
  const chosen = model.view.layer === layer.name;
  const choose = () => model.set({ layer: chosen ? null : layer.name });
  const over = (name: string | null) => () => model.cursor.set(model.cursor.now.x, name);
  const alarm = layer.alarms[0];
  return (
    <>
      <tr
        role="row"
        class={`layer${chosen ? " chosen" : ""}${alarm ? " alarmed" : ""}`}
        onMouseEnter={over(layer.name)}
        onMouseLeave={over(null)}
        onClick={choose}
      >
        <th scope="row" role="rowheader" class="name">
          <button
            type="button"
            class="plain"
            aria-expanded={chosen}
            title={layer.name}
            onClick={(event) => {
              event.stopPropagation();
              choose();
            }}
          >
            <i class="swatch" style={{ background: colour }} aria-hidden="true" />
            <span class="tail">
              <bdi title={layer.name}>{model.short(layer.name)}</bdi>
            </span>
          </button>
        </th>
        <td role="cell" class="verdict">
          <VerdictWords layer={layer} />
          {layer.disagree && (
            <abbr class="disagree" title={`Measures disagree: ${layer.disagree}`}>
              {" "}
              ≠
            </abbr>
          )}
        </td>
        <td role="cell" class="spark">
          <Spark values={number?.spark ?? []} at={number?.spark_at ?? []} colour={number?.unlike ? "" : colour} />
        </td>
        <td role="cell" class="value">
          <ValueNow number={number} />
        </td>
        <td role="cell" class="floor right wide">
          {fixed(number?.noise_floor)}
        </td>
        <td role="cell" class="bar">
          <Bar number={number} far={far} colour={colour} />
        </td>
      </tr>
      {layer.alarms.map((one) => (
        <tr role="row" key={one.verdict} class="alarm-line">
          <td role="cell" colSpan={6}>
            <Sign kind="alarm" />
            <b>{words_of(one.verdict)}</b>
            {one.since_epoch !== null && ` since epoch ${short_epoch(one.since_epoch)}`}
            {one.message && `: ${shown_text(one.message)}`}
          </td>
        </tr>
      ))}
      {chosen && (
        <tr role="row" class="more">
          <td role="cell" colSpan={6}>
            <LayerFacts layer={layer} number={number} />
          </td>
        </tr>
      )}
    </>
  );
}

export const short_epoch = (epoch: number | null) => (epoch === null ? "–" : String(Math.round(epoch * 100) / 100));

function VerdictWords({ layer }: { layer: Layer }) {
  const word = layer.verdict;
  return (
    <span class={`verdict-word ${word ?? "none"}`}>
      <Sign kind={word ?? "none"} />
      <b>{word ?? "no verdict"}</b>
      {word === "undecided"
        ? layer.samples_needed !== null && <small class="needs">needs ~{group(Math.ceil(layer.samples_needed))} images</small>
        : layer.since_epoch !== null && <small> since {short_epoch(layer.since_epoch)}</small>}
    </span>
  );
}

const arrows: Record<Direction, string> = { nearing: "↓", leaving: "↑", keeping: "=", undecided: "?" };

function ValueNow({ number }: { number: LayerNumber | null }) {
  if (!number) return <span class="no-answer">no answer</span>;
  if (number.value === null)
    return (
      <span class="no-answer" title={`status ${number.status}`}>
        no answer <small>{number.status.replace(/_/g, " ")}</small>
      </span>
    );
  const words = number.direction ? direction_words[number.direction] : "";
  return (
    <span class={number.unlike ? "unlike" : ""}>
      {number.direction && (
        <span class="arrow" title={words} aria-label={words}>
          {arrows[number.direction]}{" "}
        </span>
      )}
      {number.unlike && <abbr title="no nearer than unrelated data">~</abbr>}
      {fixed(number.value)}
      {number.standard_error !== null && <small> ± {fixed(number.standard_error)}</small>}
    </span>
  );
}

/** The whole run, from 0 to its highest; `at` is where each value stands, from 0 to 1. Gaps stay gaps. */
function Spark({ values, at, colour }: { values: (number | null)[]; at: number[]; colour: string }) {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0) return null;
  const high = Math.max(...known, 1e-12);
  const low = Math.min(0, ...known);
  const x = (index: number) => (values.length < 2 ? 50 : 1 + at[index] * 98);
  const y = (value: number) => 22 - ((value - low) / (high - low || 1)) * 20;
  let path = "";
  values.forEach((value, index) => {
    if (value === null) return;
    const alone = (index === 0 || values[index - 1] === null) && (index + 1 === values.length || values[index + 1] === null);
    path += `${index === 0 || values[index - 1] === null ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}` + (alone ? "h.01" : "");
  });
  const last = values.length - 1;
  return (
    <svg class="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <path d={path} style={{ stroke: colour || "var(--chance)" }} />
      {values[last] !== null && (
        <path
          class="end"
          d={`M${x(last).toFixed(1)} ${y(values[last] as number).toFixed(1)}h.01`}
          style={{ stroke: colour || "var(--chance)" }}
        />
      )}
    </svg>
  );
}

function Bar({ number, far, colour }: { number: LayerNumber | null; far: number; colour: string }) {
  if (!number || number.value === null) return null;
  const share = (value: number) => `${(Math.max(0, Math.min(1, value / far)) * 100).toFixed(1)}%`;
  return (
    <span class="bar-box" aria-hidden="true">
      <i class="bar-fill" style={{ width: share(number.value), background: number.unlike ? "var(--chance)" : colour }} />
      {number.noise_floor !== null && <i class="bar-floor" style={{ left: share(number.noise_floor) }} />}
    </span>
  );
}

function LayerFacts({ layer, number }: { layer: Layer; number: LayerNumber | null }) {
  const model = use_model();
  const version = String(model.run?.facts?.livecca ?? model.runs?.livecca ?? "");
  const only = model.view.filter === exactly([layer.name]);
  const facts: [string, string][] = [];
  if (layer.speed !== null) facts.push(["moves", `${short(layer.speed)} an epoch`]);
  if (layer.remaining_low !== null && layer.remaining_high !== null)
    facts.push(["yet to go", `${short(layer.remaining_low)} to ${short(layer.remaining_high)} (right about 8 times in 10)`]);
  if (layer.settling_epoch !== null)
    facts.push([
      "expected to settle",
      `epoch ${short_epoch(layer.settling_epoch)} (${short_epoch(layer.settling_epoch_low)} to ${short_epoch(layer.settling_epoch_high)})`,
    ]);
  if (number?.value !== null && number) {
    facts.push([
      "samples",
      group(number.samples) +
        (number.independent_samples !== null && number.independent_samples !== number.samples
          ? `, ${group(Math.round(number.independent_samples))} independent`
          : ""),
    ]);
    if (number.ranks) facts.push(["ranks", number.ranks.join(" and ")]);
    facts.push(["unrelated data", fixed(number.noise_floor)]);
    if (number.p_value !== null) facts.push(["p", short(number.p_value)]);
    facts.push(["status", number.status.replace(/_/g, " ")]);
  }
  return (
    <div class="facts">
      {layer.message && <p>{layer.message}</p>}
      {layer.disagree && <p class="warn">Measures disagree: {layer.disagree}</p>}
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="actions">
        <CopyButton label="Copy as a sentence" text={() => layer_sentence({ name: model.run!.name, version }, layer, number)} />
        <button type="button" class="quiet" onClick={() => model.set({ filter: only ? "" : exactly([layer.name]) })}>
          {only ? "Show all layers" : "Show only this layer"}
        </button>
      </p>
    </div>
  );
}
