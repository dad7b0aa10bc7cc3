// The canonical correlations of one layer, and how PWCCA weighs them.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Spectrum as SpectrumAnswer } from "../contract";
import { nearest } from "../pure/curves";
import { fixed, short } from "../pure/numbers";
import { Panel, use_answer, use_model, use_near } from "./common";
import { short_epoch } from "./layers";

/** The layer that is looked at: the chosen one, else the one that most likely matters. */
function shown_layer(model: ReturnType<typeof use_model>): string | null {
  const layers = model.layers();
  if (model.view.layer !== null && layers.some((layer) => layer.name === model.view.layer)) return model.view.layer;
  const worst =
    layers.find((layer) => layer.alarms.length) ??
    [...layers].reverse().find((layer) => layer.verdict === "moving") ??
    layers[layers.length - 1];
  return worst?.name ?? null;
}

/** The row of the layer at the cursor, once the cursor rests; null: the latest. */
function use_line_at_cursor(layer: string | null): number | null {
  const model = use_model();
  const [line, set_line] = useState<number | null>(null);
  useEffect(() => {
    let timer: number | undefined;
    const undo = model.cursor.listen(({ x }) => {
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        const curve = model.curves.get(model.view.run ?? "")?.layers.find((one) => one.layer === layer);
        const index = x === null || !curve ? -1 : nearest(curve.x, x);
        set_line(index < 0 ? null : curve!.line[index]);
      }, 120);
    });
    return () => {
      undo();
      clearTimeout(timer);
    };
  }, [layer]);
  return model.source.exported ? null : line;
}

export function Spectrum() {
  const model = use_model();
  const [place, near] = use_near();
  const { selection, view } = model;
  const layer = shown_layer(model);
  const line = use_line_at_cursor(layer);
  const { answer } = use_answer(
    () =>
      view.run && selection && layer !== null
        ? model.source.spectrum(view.run, selection.stream, layer, selection.reference, line)
        : null,
    near,
    [view.run, selection?.stream, selection?.reference, layer, line, ...model.newest("spectrum")],
  );
  const correlations = answer?.row?.canonical_correlations ?? null;
  return (
    <div ref={place}>
      {layer !== null && selection && (
        <Panel id="spectrum" title={`Correlations of ${layer} with ${selection.reference}`}>
          {correlations && correlations.length > 0 ? (
            <Drawing answer={answer!} correlations={correlations} />
          ) : (
            <p class="empty">{near ? "No answer: the run has no spectrum of this layer and reference." : ""}</p>
          )}
        </Panel>
      )}
    </div>
  );
}

function Drawing({ answer, correlations }: { answer: SpectrumAnswer; correlations: number[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, set_width] = useState(0);
  useEffect(() => {
    const watcher = new ResizeObserver(() => set_width(box.current?.clientWidth ?? 0));
    watcher.observe(box.current!);
    return () => watcher.disconnect();
  }, []);
  const { row, line95 } = answer;
  const weights = row?.weights ?? [];
  const sum = weights.reduce((total, weight) => total + Math.abs(weight), 0);
  const heaviest = Math.max(1e-12, ...weights.map(Math.abs));
  const [top, middle, bottom, left] = [10, 132, 196, 34];
  const step = Math.max(0, width - left - 12) / correlations.length;
  const y = (value: number) => middle - Math.max(0, Math.min(1, value)) * (middle - top);
  const bar = (index: number, from: number, to: number) =>
    `M${(left + index * step).toFixed(2)} ${from.toFixed(1)}V${to.toFixed(1)}h${Math.max(0.5, step * 0.82).toFixed(2)}V${from.toFixed(1)}z`;
  const clear = line95 === null ? correlations.length : correlations.filter((value) => value > line95).length;
  const above = correlations.map((value, index) => (line95 === null || value > line95 ? bar(index, middle, y(value)) : "")).join("");
  const below = correlations.map((value, index) => (line95 !== null && value <= line95 ? bar(index, middle, y(value)) : "")).join("");
  const weighed = weights
    .map((weight, index) => bar(index, middle + 14, middle + 14 + (Math.abs(weight) / heaviest) * (bottom - middle - 14)))
    .join("");
  return (
    <>
      <div ref={box} class="spectrum">
        {width > 0 && (
          <svg
            width={width}
            height={bottom + 8}
            role="img"
            aria-label={`${correlations.length} correlations from ${short(correlations[0])} down to ${short(correlations[correlations.length - 1])}`}
          >
            {[0, 0.5, 1].map((tick) => (
              <g key={tick}>
                <path class="grid" d={`M${left} ${y(tick)}H${width - 12}`} />
                <text x={left - 6} y={y(tick) + 4} text-anchor="end">
                  {tick}
                </text>
              </g>
            ))}
            <path class="above" d={above} />
            <path class="below" d={below} />
            <path class="weights" d={weighed} />
            {line95 !== null && (
              <>
                <path class="limit" d={`M${left} ${y(line95)}H${width - 12}`} />
                <text x={width - 14} y={y(line95) - 5} text-anchor="end">
                  unrelated data, 95 %: {fixed(line95)}
                </text>
              </>
            )}
            {weights.length > 0 && (
              <text x={left} y={middle + 11}>
                weights
              </text>
            )}
          </svg>
        )}
      </div>
      <p class="note">
        {line95 === null
          ? `${correlations.length} correlations; no limit of unrelated data is known`
          : `${clear} of ${correlations.length} are above the line; the largest of unrelated data stays below it in 95 of 100 cases`}
        {sum > 0 &&
          clear > 0 &&
          line95 !== null &&
          `; they have ${Math.round((100 * weights.slice(0, clear).reduce((total, weight) => total + Math.abs(weight), 0)) / sum)} % of PWCCA's weight`}
        {row && ` · epoch ${short_epoch(row.epoch)}, status ${row.status.replace(/_/g, " ")}`}
      </p>
    </>
  );
}
