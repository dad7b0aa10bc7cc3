// "To what": the references of a layer, nearest first.

import type { Layer, LayerNumber } from "../contract";

/**
 * The latest numbers of one stream and measure, nearest first. Numbers no nearer than unrelated data come after all
 * others, and those without a value last: nothing is known of their order.
 */
export function ranked(layer: Layer, stream: string, measure: string): LayerNumber[] {
  const sign = measure.endsWith("_similarity") ? -1 : 1;
  const group = (number: LayerNumber) => (number.value === null ? 2 : number.unlike ? 1 : 0);
  return layer.numbers
    .filter(
      (number) => number.stream === stream && number.measure === measure && number === number_of(layer, stream, number.reference, measure),
    )
    .sort((one, other) => group(one) - group(other) || sign * ((one.value ?? 0) - (other.value ?? 0)));
}

export function number_of(layer: Layer, stream: string, reference: string, measure: string): LayerNumber | null {
  const all = layer.numbers.filter((number) => number.stream === stream && number.reference === reference && number.measure === measure);
  return all.find((number) => number.reference_layer === layer.name) ?? all[0] ?? null;
}
