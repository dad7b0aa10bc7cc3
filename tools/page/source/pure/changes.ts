// "What changed since I last looked": the difference of two looks at a run.

import type { Layer } from "../contract";
import { plural } from "./numbers";

export interface Look {
  time: number;
  epoch: number | null;
  state: string;
  layers: Record<string, { verdict: string | null; since: number | null; alarms: string[] }>;
}

export interface Change {
  kind: "settled" | "alarm" | "moving" | "note";
  text: string;
  layer: string | null;
}

interface Seen {
  epoch: number | null;
  state: string;
  layers: Pick<Layer, "name" | "verdict" | "since_epoch" | "alarms">[];
}

export function look_of(run: Seen, time: number): Look {
  const layers: Look["layers"] = {};
  for (const layer of run.layers)
    layers[layer.name] = { verdict: layer.verdict, since: layer.since_epoch, alarms: layer.alarms.map((alarm) => alarm.verdict) };
  return { time, epoch: run.epoch, state: run.state, layers };
}

/** Alarms first, then words that changed, then the rest. Empty if nothing changed. */
export function changes_since(before: Look, run: Seen): Change[] {
  const alarms: Change[] = [];
  const words: Change[] = [];
  const notes: Change[] = [];
  for (const layer of run.layers) {
    const earlier = Object.prototype.hasOwnProperty.call(before.layers, layer.name) ? before.layers[layer.name] : null;
    if (!earlier) {
      notes.push({ kind: "note", text: `${layer.name} is new`, layer: layer.name });
      continue;
    }
    for (const alarm of layer.alarms)
      if (!earlier.alarms.includes(alarm.verdict))
        alarms.push({ kind: "alarm", text: `alarm: ${layer.name} ${words_of(alarm.verdict)}`, layer: layer.name });
    for (const name of earlier.alarms)
      if (!layer.alarms.some((alarm) => alarm.verdict === name))
        notes.push({ kind: "note", text: `${layer.name} no longer ${words_of(name)}`, layer: layer.name });
    if (layer.verdict !== earlier.verdict) words.push(word_change(layer, earlier.verdict));
  }
  if (run.epoch !== null && before.epoch !== null && run.epoch !== before.epoch) {
    const more = run.epoch - before.epoch;
    notes.push({
      kind: "note",
      text: more > 0 ? `${plural(round(more), "epoch")} more` : `begun anew: epoch ${round(run.epoch)}`,
      layer: null,
    });
  }
  if (run.state !== before.state) notes.push({ kind: "note", text: `the run is now ${run.state}`, layer: null });
  return [...alarms, ...words, ...notes];
}

function word_change(layer: Seen["layers"][number], earlier: string | null): Change {
  const kind = layer.verdict === "settled" ? "settled" : layer.verdict === "moving" ? "moving" : "note";
  const since = layer.verdict === "settled" && layer.since_epoch !== null ? ` at epoch ${round(layer.since_epoch)}` : "";
  const was = earlier === "settled" && layer.verdict !== "settled" ? ", no longer settled" : "";
  return { kind, text: `${layer.name} is ${layer.verdict ?? "without a verdict"}${since}${was}`, layer: layer.name };
}

export function words_of(alarm: string): string {
  return alarm.replace(/_/g, " ");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
