// Smoothing is for the eye only: the raw line stays behind it, and what is read off is always a row.

/**
 * An exponential mean that forgets with the distance in x: after `reach`, a point counts 1/e. So it does not depend on
 * how densely points lie. It begins anew where a trend does and at gaps, which stay gaps.
 */
export function smooth(x: number[], value: (number | null)[], anew: number[], reach: number): (number | null)[] {
  if (!(reach > 0)) return value.slice();
  const begins = new Set(anew);
  let mean: number | null = null;
  let weight = 0;
  return value.map((raw, index) => {
    if (raw === null) {
      mean = null;
      return null;
    }
    if (mean === null || begins.has(index)) {
      mean = raw;
      weight = 1;
      return raw;
    }
    // The weight of all before counts too: without it the first point would pull for as long as `reach`.
    const kept = Math.exp(-Math.max(0, x[index] - x[index - 1]) / reach) * weight;
    mean += (raw - mean) / (kept + 1);
    weight = kept + 1;
    return mean;
  });
}

/** The strength 0 to 10 of the slider as a reach in x: at 10, a quarter of what is shown. */
export function reach_of(strength: number, from: number, to: number): number {
  if (strength <= 0) return 0;
  return ((to - from) * 0.25 * 2 ** strength) / 2 ** 10;
}
