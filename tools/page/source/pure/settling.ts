// The settling front: from which epoch on each layer has been settled, and still is.

import type { HistoryPiece } from "../contract";

/**
 * The epoch since which each layer is settled without a break, in the order of `layers`; null where it is not settled
 * now. Only words that the run said count: nothing is worked out from the curves.
 */
export function settling_front(history: HistoryPiece[], layers: string[]): (number | null)[] {
  return layers.map((layer) => {
    const pieces = history.filter((piece) => piece.layer === layer).sort((one, other) => one.from_epoch - other.from_epoch);
    const last = pieces[pieces.length - 1];
    if (!last || last.verdict !== "settled") return null;
    let since = last.from_epoch;
    for (let at = pieces.length - 2; at >= 0 && pieces[at].verdict === "settled"; --at) since = pieces[at].from_epoch;
    return since;
  });
}

export function verdict_at(history: HistoryPiece[], layer: string, epoch: number): string | null {
  let found: string | null = null;
  for (const piece of history)
    if (piece.layer === layer && piece.from_epoch <= epoch && (piece.to_epoch === null || epoch <= piece.to_epoch)) found = piece.verdict;
  return found;
}
