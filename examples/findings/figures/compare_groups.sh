#!/usr/bin/env bash
# Compares the networks of a finding: each with each, layer by layer. For every groups….json that the finding wrote into its
# run folder, writes distances….jsonl (the matrices) and bands….json (the means within and between groups).
# Usage: compare_groups.sh path/to/livecca RUN
set -euo pipefail
livecca=$1
for groups in "$2"/groups*.json; do
  [ -f "$groups" ] || continue  # the finding has no groups
  rest=${groups##*/groups}
  "$livecca" compare --groups "$groups" --bands "$2/bands$rest" --measures pwcca --format json >"$2/distances${rest}l.part"
  mv "$2/distances${rest}l.part" "$2/distances${rest}l"
done
