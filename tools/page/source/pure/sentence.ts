// "Copy as a sentence": a number with all that is needed to believe it, for a message to a colleague.

import type { Direction, Layer, LayerNumber } from "../contract";
import { exact, group } from "./numbers";
import { words_of } from "./changes";

export const direction_words: Record<Direction, string> = {
  nearing: "coming nearer",
  leaving: "going away",
  keeping: "keeping its distance",
  undecided: "not known whether it comes nearer",
};

interface Where {
  name: string;
  version: string;
  folder?: string;
}

/** One layer's latest number, with its caveats. */
export function layer_sentence(where: Where, layer: Layer, number: LayerNumber | null): string {
  const words: string[] = [];
  if (!number || number.value === null) {
    const why = number ? ` (${number.status})` : "";
    words.push(`${layer.name} of ${where.name}: no answer${why}`);
  } else {
    const error = number.standard_error === null ? "" : ` ± ${exact(number.standard_error)}`;
    words.push(
      `${layer.name} of ${where.name}: ${number.measure} to ${number.reference} is ${exact(number.value)}${error} ` +
        `at epoch ${exact(number.epoch)} (${number.stream} stream${facts_of(number)})`,
    );
    if (number.unlike) words.push("no nearer than unrelated data of this size" + needed(number.samples_needed));
    if (number.direction) words.push(direction_words[number.direction]);
  }
  words.push(verdict_words(layer));
  for (const alarm of layer.alarms) words.push(`alarm: ${words_of(alarm.verdict)}: ${alarm.message}`);
  if (layer.disagree) words.push(`measures disagree: ${layer.disagree}`);
  return words.join("; ") + `. (livecca ${where.version})`;
}

function facts_of(number: LayerNumber): string {
  const facts: string[] = [];
  if (number.samples !== null) {
    // Samples of one image depend on each other: how many images there were is what counts.
    const of_images = number.effective_samples !== null && number.effective_samples !== number.samples;
    facts.push(`n = ${group(number.samples)}${of_images ? ` of ${group(Math.round(number.effective_samples!))} images` : ""}`);
  }
  if (number.independent_samples !== null && number.independent_samples !== number.samples)
    facts.push(`${group(Math.round(number.independent_samples))} independent`);
  if (number.ranks) facts.push(`ranks ${number.ranks[0]} and ${number.ranks[1]}`);
  facts.push(number.noise_floor === null ? "no floor is known" : `unrelated data: ${exact(number.noise_floor)}`);
  if (number.p_value !== null) facts.push(`p = ${exact(number.p_value)}`);
  if (number.status !== "ok") facts.push(`status ${number.status}`);
  return ", " + facts.join(", ");
}

function needed(samples: number | null): string {
  return samples === null ? "" : ` (about ${group(Math.ceil(samples))} images would tell)`;
}

function verdict_words(layer: Layer): string {
  if (!layer.verdict) return "no verdict";
  const since = layer.since_epoch === null ? "" : ` since epoch ${exact(layer.since_epoch)}`;
  const more =
    layer.verdict === "undecided" && layer.samples_needed !== null
      ? ` (about ${group(Math.ceil(layer.samples_needed))} images would do)`
      : "";
  return `verdict: ${layer.verdict}${since}${more}`;
}

/** The whole run: its sentence, where it comes from, and what was compared. */
export function run_sentence(where: Where, sentence: string, epoch: number | null, selection: string, record: string | null): string {
  const at = epoch === null ? "" : ` at epoch ${exact(epoch)}`;
  return `${where.name}${at}: ${sentence} (${selection}${record ? `; ${record}` : ""}; livecca ${where.version})`;
}
