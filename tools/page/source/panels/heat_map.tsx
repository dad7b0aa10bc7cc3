// Depth by time, with the key of its colours.

import { useRef } from "preact/hooks";
import { HeatMap, value_range } from "../charts/heat_map";
import { heat_colour } from "../pure/colours";
import { fixed } from "../pure/numbers";
import { ChartPlace, Panel, use_model } from "./common";
import { ExportButtons } from "./exports";

export function Depth() {
  const model = use_model();
  const chart = useRef<HeatMap | null>(null);
  const main = model.curves.get(model.view.run ?? "");
  if (!model.selection || !main || main.layers.every((curve) => curve.value.every((value) => value === null))) return null;
  const [low, high] = value_range(main);
  const theme = model.theme();
  const settled = model.run?.verdict_history.some((piece) => piece.verdict === "settled");
  const note = (
    <span class="legend">
      <span>
        {fixed(low, 2)}
        <i class="ramp" aria-hidden="true">
          {Array.from({ length: 24 }, (_, index) => (
            <b key={index} style={{ background: heat_colour(main.direction === "distance" ? index / 23 : 1 - index / 23, theme) }} />
          ))}
        </i>
        {fixed(high, 2)}
      </span>
      {settled && (
        <span>
          <i class="key front" aria-hidden="true" />
          settled from here on
        </span>
      )}
      <span>
        <i class="key hatched" aria-hidden="true" />
        no nearer than unrelated data
      </span>
      <span class="how">right: the network at the cursor</span>
    </span>
  );
  return (
    <Panel
      id="depth"
      title="Depth by time"
      note={note}
      tools={
        <ExportButtons title={`depth by time, ${model.selection.measure} to ${model.selection.reference}`} chart={() => chart.current} />
      }
    >
      <ChartPlace
        name="heat"
        make={(place, of) => new HeatMap(place, of)}
        kept={(made) => {
          chart.current = made;
        }}
        label={`Heat map of ${model.selection.measure} to ${model.selection.reference}: a row a layer, the last one on top, over ${model.view.x}`}
      />
    </Panel>
  );
}
