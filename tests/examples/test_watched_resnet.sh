#!/usr/bin/env bash
# Runs the plain training and the watched one: they train alike, to the last digit, also if the watched one stops and goes
# on; every layer has its numbers; and watching takes few more lines.
# Usage: test_watched_resnet.sh path/to/resnet_plain path/to/resnet_watched path/to/their/sources
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "FAILED: $1"; exit 1; }

for program in "$1" "$2"; do
  status=0
  "$program" 2>"$folder/usage.txt" || status=$?
  [ "$status" = 2 ] && grep -q '^Usage: ' "$folder/usage.txt" || fail "expected $program alone to say its usage, got status $status"
done

"$1" 3 >"$folder/plain.txt"
"$2" 1 "$folder/run" >"$folder/watched.txt"
"$2" 3 "$folder/run" >>"$folder/watched.txt"
[ "$(wc -l <"$folder/plain.txt")" = 3 ] || fail "expected 3 epochs, got $(cat "$folder/plain.txt")"
diff "$folder/plain.txt" "$folder/watched.txt" || fail "expected the watched training to be the plain one"

for layer in stem block1 block2 fc; do
  for reference in seed7 start final; do
    grep -q "\"stream\":\"probe\",\"layer\":\"$layer\",\"reference\":\"$reference\"" "$folder/run/rows.jsonl" ||
      fail "expected numbers of $layer to $reference, got none"
  done
done
grep -q '"stream":"train","layer":"block2","reference":"seed7"' "$folder/run/rows.jsonl" ||
  fail "expected numbers of the train stream, got none"
! grep '"what":"unwatchable"' "$folder/run/rows.jsonl" || fail "expected every layer to be watched"

code() { sed -E 's,(^| )//.*,,; s,[ ]+$,,' "$1" | grep -v '^$'; }
lines=$(diff <(code "$3/plain.cpp") <(code "$3/watched.cpp") | grep -c '^>') || true
echo "watching takes $lines lines"
[ "$lines" -le 25 ] || fail "expected at most 25 lines more, got $lines"
