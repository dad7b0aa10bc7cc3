// The main chart with what is said below it.

import { useRef } from "preact/hooks";
import { ConvergenceChart, run_dashes } from "../charts/convergence";
import { shown_text } from "../pure/names";
import { measure_title, plural } from "../pure/numbers";
import { ChartPlace, Panel, use_model } from "./common";
import { ExportButtons } from "./exports";

export function Convergence() {
  const model = use_model();
  const chart = useRef<ConvergenceChart | null>(null);
  const { selection, view } = model;
  const main = model.curves.get(view.run ?? "");
  if (!model.run) return null;
  if (!selection)
    return (
      <Panel id="convergence" title="Convergence">
        <p class="empty">
          {model.layers().length === 0 ? (
            "No snapshot yet, so there is no distance to draw."
          ) : (
            <>
              This run has no reference yet, so there is no distance to draw. Give it one: another network, a pack, or keep the history for{" "}
              <i>start</i>.
            </>
          )}
        </p>
      </Panel>
    );
  const title = `${measure_title(selection.measure)} to ${selection.reference}`;
  const points = main?.layers.some((curve) => curve.value.some((value) => value !== null)) ?? false;
  return (
    <Panel id="convergence" title={title} tools={<ExportButtons title={title} chart={() => chart.current} />} note={points && <Legend />}>
      {main && !points && <p class="empty">No answer: no row of this stream, reference and measure has a value.</p>}
      <div class={points ? "" : "nothing"}>
        <ChartPlace
          first
          name="convergence"
          make={(place, of) => new ConvergenceChart(place, of)}
          kept={(made) => {
            chart.current = made;
          }}
          label={`${title} over ${view.x}, ${plural(main?.layers.length ?? 0, "layer")}. Arrow keys go from snapshot to snapshot; plus and minus zoom; 0 shows all.`}
        />
      </div>
    </Panel>
  );
}

function Legend() {
  const model = use_model();
  const curves = [...model.curves.values()];
  const errors = curves.some((set) => set.layers.some((curve) => curve.error.some((error) => error !== null)));
  const dense = curves.some((set) => set.decimated);
  const grey = curves.some((set) => set.layers.some((curve) => curve.unlike.some((flag) => flag === 1)));
  const names = new Map(model.runs?.runs.map((run) => [run.id, shown_text(model.run_title(run))]));
  return (
    <span class="legend">
      {model.ids.length > 1 &&
        !model.view.spread &&
        model.ids.map((id, index) => (
          <span key={id}>
            <svg viewBox="0 0 26 8" aria-hidden="true">
              <path d="M0 4h26" stroke-dasharray={run_dashes[index % run_dashes.length].join(" ")} />
            </svg>
            {names.get(id) ?? id}
            {!model.curves.has(id) && " (has no such numbers)"}
          </span>
        ))}
      {model.ids.length > 1 && model.view.spread && (
        <span>line: mean of {model.ids.length} runs where all have a row; band: lowest to highest</span>
      )}
      {errors && !model.view.spread && (
        <span>
          <i class="key band" aria-hidden="true" />± one standard error
        </span>
      )}
      {dense && !model.view.spread && (
        <span>
          <i class="key columns" aria-hidden="true" />
          lowest to highest row in a pixel; the line is its last row
        </span>
      )}
      {grey && (
        <span>
          <i class="key grey" aria-hidden="true" />
          no nearer than unrelated data
        </span>
      )}
      {model.view.smooth > 0 && <span>smoothed; the pale line is raw</span>}
      {model.log && <span>logarithmic: what lies at 0 has no place on it</span>}
      <span class="how">drag: zoom · shift-drag: pan · double-click: all</span>
    </span>
  );
}
