// PNG, SVG and CSV of what is shown.

import type { LinkedChart } from "../charts/linked_chart";
import { ink_of } from "../charts/ink";
import type { Model } from "../data/model";
import { use_model } from "./common";

export function ExportButtons({ title, chart }: { title: string; chart: () => LinkedChart | null }) {
  const model = use_model();
  const csv = model.source.csv(model.view.run ?? "");
  const name = () => `${model.run?.name ?? "run"}-${title}`.replace(/[^\p{L}\p{N}._-]+/gu, "_");
  return (
    <span class="exports">
      <button type="button" class="quiet" onClick={() => save_png(chart(), model, title, name())}>
        PNG
      </button>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          const text = drawn_now(chart())?.svg(title, ink_of(model.theme()).page);
          if (text) save(new Blob([text], { type: "image/svg+xml" }), name() + ".svg");
        }}
      >
        SVG
      </button>
      <button type="button" class="quiet" onClick={() => save(new Blob([shown_csv(model)], { type: "text/csv" }), name() + ".csv")}>
        CSV
      </button>
      {csv && (
        <a
          class="quiet"
          href={csv}
          download={`${model.run?.name ?? "run"}.csv`}
          title="All numbers of the run, as livecca export writes them"
        >
          all CSV
        </a>
      )}
    </span>
  );
}

/** The chart with the latest numbers, though it may stand out of sight. */
function drawn_now(chart: LinkedChart | null): LinkedChart | null {
  chart?.update();
  return chart;
}

function save(data: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(data);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function save_png(chart: LinkedChart | null, model: Model, title: string, name: string): void {
  const drawn = drawn_now(chart)?.canvas;
  if (!drawn) return;
  const scale = devicePixelRatio;
  const head = 34 * scale;
  const whole = document.createElement("canvas");
  whole.width = drawn.width;
  whole.height = drawn.height + head;
  const pen = whole.getContext("2d")!;
  const ink = ink_of(model.theme());
  pen.fillStyle = ink.page;
  pen.fillRect(0, 0, whole.width, whole.height);
  pen.fillStyle = ink.text;
  pen.font = `600 ${14 * scale}px system-ui, sans-serif`;
  pen.fillText(`${model.run?.name ?? ""}: ${title}`, 12 * scale, 22 * scale);
  pen.drawImage(drawn, 0, head);
  whole.toBlob((data) => data && save(data, name + ".png"));
}

/** The points that are drawn: real rows, with the line of rows.jsonl they come from. */
export function shown_csv(model: Model): string {
  const selection = model.selection;
  if (!selection) return "";
  const quoted = (value: unknown) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const lines = [
    [
      "run",
      "stream",
      "reference",
      "measure",
      "layer",
      model.view.x,
      "value",
      "noise_floor",
      "standard_error",
      "no_nearer_than_unrelated",
      "line",
    ].join(","),
  ];
  const visible = model.visible();
  const names = new Map(model.runs?.runs.map((run) => [run.id, run.name]));
  for (const [id, curves] of model.curves)
    for (const curve of curves.layers)
      if (visible(curve.layer))
        curve.x.forEach((x, index) =>
          lines.push(
            [
              names.get(id) ?? id,
              selection.stream,
              selection.reference,
              selection.measure,
              curve.layer,
              x,
              curve.value[index],
              curve.floor[index],
              curve.error[index],
              curve.unlike[index],
              curve.line[index],
            ]
              .map(quoted)
              .join(","),
          ),
        );
  return lines.join("\n") + "\n";
}
