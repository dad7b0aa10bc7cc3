// "To what": the references of each layer, nearest first.

import type { LayerNumber } from "../contract";
import { fixed, measure_title } from "../pure/numbers";
import { ranked } from "../pure/ranking";
import { Panel, use_colours, use_model } from "./common";

const most_ranks = 5;
const arrows: Record<string, string> = { nearing: "↓", leaving: "↑", keeping: "=", undecided: "?" };

export function ToWhat() {
  const model = use_model();
  const colours = use_colours();
  const { selection } = model;
  if (!selection || !model.run || model.run.references.length < 2) return null;
  const visible = model.visible();
  const lines = model
    .layers()
    .filter((layer) => visible(layer.name))
    .map((layer) => ({ layer, numbers: ranked(layer, selection.stream, selection.measure) }));
  const ranks = Math.min(most_ranks, Math.max(0, ...lines.map((line) => line.numbers.length)));
  if (ranks === 0) return null;
  const heads = ["nearest", "second", "third", "fourth", "fifth"].slice(0, ranks);
  return (
    <Panel
      id="to-what"
      title="To what"
      note={
        <>
          {measure_title(selection.measure)}, {selection.stream} stream · ↓ coming nearer, ↑ going away, = keeping · <b>~</b> no nearer than
          unrelated data, so ranked last
        </>
      }
    >
      <div class={`scroll${lines.length > 20 ? " tall" : ""}`}>
        <table class="ranks">
          <thead>
            <tr>
              <th scope="col">layer</th>
              {heads.map((head) => (
                <th scope="col" key={head}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map(({ layer, numbers }) => (
              <tr
                key={layer.name}
                class={model.view.layer === layer.name ? "chosen" : ""}
                onMouseEnter={() => model.cursor.set(model.cursor.now.x, layer.name)}
                onMouseLeave={() => model.cursor.set(model.cursor.now.x, null)}
              >
                <th scope="row">
                  <i class="swatch" style={{ background: colours.get(layer.name) }} aria-hidden="true" />
                  <span class="tail">
                    <bdi title={layer.name}>{model.short(layer.name)}</bdi>
                  </span>
                </th>
                {heads.map((head, index) => (
                  <td key={head}>
                    {numbers[index] && <Rank number={numbers[index]} chosen={numbers[index].reference === selection.reference} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Rank({ number, chosen }: { number: LayerNumber; chosen: boolean }) {
  const model = use_model();
  const value = number.value === null ? "no answer" : `${number.unlike ? "~" : ""}${fixed(number.value)}`;
  return (
    <button
      type="button"
      class={`rank${chosen ? " chosen" : ""}${number.unlike || number.value === null ? " unlike" : ""}`}
      title={`Show the distance to ${number.reference}`}
      onClick={() => model.set({ reference: number.reference })}
    >
      <b>{number.reference}</b>{" "}
      <span>
        {value}
        {number.direction && <span class="arrow"> {arrows[number.direction]}</span>}
      </span>
    </button>
  );
}
