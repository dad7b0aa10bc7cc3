// Loss, accuracy, learning rate and the user's other numbers, below the layers on the same x.

import { useState } from "preact/hooks";
import { LogChart } from "../charts/logs";
import { ChartPlace, Panel, use_model } from "./common";

const first_shown = 4;

export function LogPanels() {
  const model = use_model();
  const [all, set_all] = useState(false);
  const names = (model.logs?.logs ?? []).filter((log) => log.x.length > 0).map((log) => log.name);
  if (names.length === 0) return null;
  const shown = all ? names : names.slice(0, first_shown);
  return (
    <Panel
      id="logs"
      title="What you logged"
      tools={
        names.length > first_shown && (
          <button type="button" class="quiet" onClick={() => set_all(!all)}>
            {all ? `First ${first_shown}` : `All ${names.length}`}
          </button>
        )
      }
    >
      {shown.map((name) => (
        <ChartPlace
          key={`${name} ${name === shown[shown.length - 1]}`}
          name="log"
          label={`${name} over ${model.view.x}`}
          make={(place, of) => new LogChart(place, of, name, () => name === shown[shown.length - 1])}
        />
      ))}
    </Panel>
  );
}
