// What is compared with what, and how it is drawn.

import { measure_title } from "../pure/numbers";
import type { XAxis } from "../contract";
import { use_model } from "./common";

const axis_names: Record<XAxis, string> = { epoch: "epoch", step: "step", time: "wall clock" };

export function Controls() {
  const model = use_model();
  const { run, selection, view } = model;
  if (!run || !selection) return null;
  const references = run.references.map((reference) => reference.name);
  const axes = model.source.axes(run.id, selection);
  return (
    <form class="controls" onSubmit={(event) => event.preventDefault()}>
      <Choice label="to" id="reference" value={selection.reference} options={references} change={(reference) => model.set({ reference })} />
      <Choice
        label="by"
        id="measure"
        value={selection.measure}
        options={run.measures}
        title={measure_title}
        change={(measure) => model.set({ measure })}
      />
      {run.streams.length > 1 && (
        <Choice label="stream" id="stream" value={selection.stream} options={run.streams} change={(stream) => model.set({ stream })} />
      )}
      {axes.length > 1 && (
        <Choice
          label="over"
          id="x"
          value={view.x}
          options={axes}
          title={(x) => axis_names[x as XAxis]}
          change={(x) => model.set({ x: x as XAxis })}
        />
      )}
      {view.x !== "time" && (
        <label class="check">
          <input id="log" type="checkbox" checked={view.log} onChange={(event) => model.set({ log: event.currentTarget.checked })} />
          log
        </label>
      )}
      <label class="slide">
        smooth
        <input
          id="smooth"
          type="range"
          min="0"
          max="10"
          value={view.smooth}
          onInput={(event) => model.set({ smooth: Number(event.currentTarget.value) })}
        />
      </label>
      <label class="find">
        <span class="hidden">Filter layers</span>
        <input
          id="filter"
          type="search"
          placeholder="filter layers: conv* fc"
          value={view.filter}
          onInput={(event) => model.set({ filter: event.currentTarget.value })}
        />
      </label>
      {view.from !== null && (
        <button type="button" id="reset" onClick={() => model.set({ from: null, to: null })}>
          Show all time
        </button>
      )}
    </form>
  );
}

function Choice(props: {
  label: string;
  id: string;
  value: string;
  options: string[];
  title?: (option: string) => string;
  change: (option: string) => void;
}) {
  const options = props.options.includes(props.value) ? props.options : [props.value, ...props.options];
  return (
    <label class="choice">
      {props.label}
      <select id={props.id} value={props.value} onChange={(event) => props.change(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option} value={option}>
            {props.title ? props.title(option) : option}
          </option>
        ))}
      </select>
    </label>
  );
}
