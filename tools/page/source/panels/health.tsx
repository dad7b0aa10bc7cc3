// Whether the numbers can be believed: samples, ranks, dead neurons, drift, and what watching costs.

import { Fragment } from "preact";
import type { Drift, Health as HealthAnswer, HealthLayer } from "../contract";
import { fixed, group, percent, short } from "../pure/numbers";
import { Panel, Sign, use_answer, use_model, use_near } from "./common";

export function Health() {
  const model = use_model();
  const [place, near] = use_near();
  const id = model.view.run;
  const { answer, failure } = use_answer(() => (id ? model.source.health(id) : null), near, [id, ...model.newest("layer", "drift", "overhead")]);
  return (
    <div ref={place}>
      {answer && answer.layers.length > 0 && <HealthTable health={answer} />}
      {failure && (
        <Panel id="health" title="Health">
          <p class="empty">{failure}</p>
        </Panel>
      )}
    </div>
  );
}

function HealthTable({ health }: { health: HealthAnswer }) {
  const model = use_model();
  const { selection, run } = model;
  const network = run?.facts?.network;
  const visible = model.visible();
  const rows = new Map<string, HealthLayer>();
  for (const row of health.layers)
    if (visible(row.layer) && (network === undefined || row.network === network) && (!selection || row.stream === selection.stream))
      rows.set(row.layer, row);
  const drifts = new Map<string, Drift>();
  for (const drift of health.drifts)
    if (drift.reference === selection?.reference && drift.measure === selection.measure) drifts.set(drift.layer, drift);
  const order = new Map(model.order().map((name, index) => [name, index]));
  const list = [...rows.values()].sort((one, other) => (order.get(one.layer) ?? 1e9) - (order.get(other.layer) ?? 1e9));
  const answers = new Map(model.layers().map((layer) => [layer.name, layer]));
  return (
    <Panel
      id="health"
      title="Can it be believed?"
      note={
        drifts.size > 0 ? (
          <>
            drift: train stream minus probe · <b>~</b> the unequal sizes of the two windows may be the reason
          </>
        ) : undefined
      }
    >
      <Cost health={health} />
      <div class={`scroll${list.length > 20 ? " tall" : ""}`}>
        <table class="health">
          <thead>
            <tr>
              <th scope="col">layer</th>
              <th scope="col">samples</th>
              <th scope="col">dead</th>
              <th scope="col">eff. rank</th>
              <th scope="col">condition</th>
              <th scope="col">RMS</th>
              {drifts.size > 0 && <th scope="col">drift</th>}
            </tr>
          </thead>
          <tbody>
            {list.map((row) => {
              const layer = answers.get(row.layer);
              const beware = [
                layer?.disagree,
                layer?.samples_needed ? `needs about ${group(Math.ceil(layer.samples_needed))} images` : null,
                row.samples_nonfinite ? `${group(row.samples_nonfinite)} samples not finite` : null,
              ]
                .filter(Boolean)
                .join("; ");
              const ill = (row.dead ?? 0) * 2 >= (row.features ?? Infinity);
              return (
                <Fragment key={row.layer}>
                  <tr>
                    <th scope="row">
                      <span class="tail">
                        <bdi title={row.layer}>{model.short(row.layer)}</bdi>
                      </span>
                    </th>
                    <td>
                      {group(row.samples)}
                      {row.effective_samples !== row.samples && row.effective_samples !== null && (
                        <small> {group(row.effective_samples)} images</small>
                      )}
                    </td>
                    <td class={ill ? "bad" : ""}>{row.dead === null ? "–" : `${group(row.dead)} of ${group(row.features)}`}</td>
                    <td>{short(row.effective_rank)}</td>
                    <td>{short(row.condition)}</td>
                    <td>{short(row.root_mean_square)}</td>
                    {drifts.size > 0 && <td>{drift_text(drifts.get(row.layer))}</td>}
                  </tr>
                  {beware && (
                    <tr class="beware">
                      <td colSpan={7}>
                        <Sign kind="chance" />
                        {beware}
                      </td>
                    </tr>
                  )}
                </Fragment>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function drift_text(drift: Drift | undefined): string {
  if (!drift || drift.drift === null) return "–";
  const floors =
    drift.probe_noise_floor !== null && drift.train_noise_floor !== null ? Math.abs(drift.probe_noise_floor - drift.train_noise_floor) : 0;
  return `${Math.abs(drift.drift) <= floors ? "~" : ""}${fixed(drift.drift)}`;
}

function Cost({ health }: { health: HealthAnswer }) {
  const points = health.overhead;
  if (points.length === 0) return null;
  const last = points[points.length - 1];
  const solve = points.map((point) => point.solve_seconds);
  const high = Math.max(1e-9, ...solve.map((value) => value ?? 0));
  const step = 100 / Math.max(1, solve.length);
  const bars = solve
    .map((value, index) =>
      value === null
        ? ""
        : `M${(index * step).toFixed(2)} 20h${(step * 0.8).toFixed(2)}v${(-(value / high) * 20).toFixed(2)}h${(-step * 0.8).toFixed(2)}z`,
    )
    .join("");
  return (
    <p class="cost">
      <span>
        solving took <b>{last.solve_seconds === null ? "–" : `${short(last.solve_seconds * 1000)}\u2009ms`}</b> at the last snapshot
      </span>
      <svg viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">
        <path d={bars} />
      </svg>
      <span>
        watching took <b>{percent(last.share)}</b> of training time there
      </span>
    </p>
  );
}
