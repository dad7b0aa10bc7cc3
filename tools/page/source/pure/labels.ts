// Labels at the ends of lines: where each stands, so that none covers another.

export interface Wanted {
  /** The line's end, in pixels from the top. */
  y: number;
  /** Higher stays longer when there is no room for all. */
  priority: number;
}

export interface Placed {
  /** Index into the wanted labels. */
  index: number;
  y: number;
}

/**
 * Places labels of `height` pixels between `top` and `bottom`, each as near as it can be to its line's end, in the
 * order of the ends. Where there is no room for all, the ones of least priority are left out, evenly over the height.
 */
export function place_labels(wanted: Wanted[], height: number, top: number, bottom: number): Placed[] {
  const all = wanted.map((label, index) => ({ ...label, index })).filter((label) => Number.isFinite(label.y));
  const room = Math.max(0, Math.floor((bottom - top) / height));
  if (all.length <= room) return spread_out(all, height, top, bottom);
  // From the most important on, and among equals from the top down: whoever finds its own place free.
  const kept: typeof all = [];
  all.sort((one, other) => other.priority - one.priority || one.y - other.y || one.index - other.index);
  for (const label of all)
    if (kept.length < room && (kept.every((other) => Math.abs(other.y - label.y) >= height * 0.95) || label.priority >= 100))
      kept.push(label);
  // Lines that end close together leave most of the height empty: then some more of them, evenly by their order.
  const more = Math.floor(room / 2) - kept.length;
  const rest = all.filter((label) => !kept.includes(label)).sort((one, other) => one.y - other.y || one.index - other.index);
  for (let count = 0; count < more; ++count) kept.push(rest[Math.floor(((count + 0.5) * rest.length) / more)]);
  return spread_out(kept, height, top, bottom);
}

function spread_out(labels: (Wanted & { index: number })[], height: number, top: number, bottom: number): Placed[] {
  const kept = labels.slice().sort((one, other) => one.y - other.y || one.index - other.index);
  // Blocks of touching labels: each block stands at the mean of where its labels want to be (pool adjacent violators).
  const blocks: { members: typeof kept; centre: number }[] = [];
  for (const label of kept) {
    blocks.push({ members: [label], centre: bounded(label.y, 1, height, top, bottom) });
    while (blocks.length > 1 && overlap(blocks[blocks.length - 2], blocks[blocks.length - 1], height)) {
      const last = blocks.pop()!;
      const joined = blocks[blocks.length - 1];
      joined.members.push(...last.members);
      const mean = joined.members.reduce((sum, member) => sum + member.y, 0) / joined.members.length;
      joined.centre = bounded(mean, joined.members.length, height, top, bottom);
    }
  }
  return blocks.flatMap((block) =>
    block.members.map((member, at) => ({ index: member.index, y: block.centre + (at - (block.members.length - 1) / 2) * height })),
  );
}

function bounded(centre: number, members: number, height: number, top: number, bottom: number): number {
  const half = (members * height) / 2;
  return Math.max(top + half, Math.min(bottom - half, centre));
}

function overlap(upper: { members: unknown[]; centre: number }, lower: { members: unknown[]; centre: number }, height: number): boolean {
  return lower.centre - upper.centre < ((upper.members.length + lower.members.length) / 2) * height - 1e-9;
}
