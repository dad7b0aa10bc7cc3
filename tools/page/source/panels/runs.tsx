// All runs, and which of them are drawn over the first one.

import { Panel, Sign, use_model } from "./common";
import { shown_text } from "../pure/names";
import { group } from "../pure/numbers";

const first_shown = 12;

export function Runs() {
  const model = use_model();
  const runs = model.runs?.runs ?? [];
  if (runs.length < 2) return null;
  const { view } = model;
  const toggle = (id: string) =>
    model.set({ others: view.others.includes(id) ? view.others.filter((other) => other !== id) : [...view.others, id] });
  const others = view.others.filter((id) => id !== view.run);
  const tools = others.length > 0 && (
    <label class="check">
      <input id="spread" type="checkbox" checked={view.spread} onChange={(event) => model.set({ spread: event.currentTarget.checked })} />
      mean and spread of {others.length + 1} runs
    </label>
  );
  return (
    <Panel id="runs" title="Runs" tools={tools} note="Tick runs to draw them over the first, for example other seeds.">
      <div class={`scroll${runs.length > first_shown ? " tall" : ""}`}>
        <table class="runs">
          <thead>
            <tr>
              <th scope="col">
                <span class="hidden">draw over</span>
              </th>
              <th scope="col">run</th>
              <th scope="col">epoch</th>
              <th scope="col">state</th>
              <th scope="col">says</th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <tr key={run.id} class={run.id === view.run ? "chosen" : ""}>
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Draw ${run.name} over the first run`}
                    checked={run.id === view.run || others.includes(run.id)}
                    disabled={run.id === view.run}
                    onChange={() => toggle(run.id)}
                  />
                </td>
                <th scope="row">
                  <button
                    type="button"
                    class="link"
                    onClick={() =>
                      model.set({ run: run.id, others: others.filter((id) => id !== run.id), layer: null, from: null, to: null })
                    }
                  >
                    {shown_text(model.run_title(run))}
                  </button>
                </th>
                <td>{group(run.epoch)}</td>
                <td>{run.state}</td>
                <td class="says">
                  {run.alarms > 0 && <Sign kind="alarm" />}
                  {shown_text(run.sentence)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
