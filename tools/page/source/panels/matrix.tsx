// Every layer against every layer of the reference, at one snapshot.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Matrix as MatrixAnswer } from "../contract";
import { far_share } from "../charts/heat_map";
import { ink_of } from "../charts/ink";
import { heat_colour } from "../pure/colours";
import { fitted, shared_beginning, shorter } from "../pure/names";
import { exact, fixed } from "../pure/numbers";
import { Panel, use_answer, use_model, use_near } from "./common";
import { short_epoch } from "./layers";

type Snapshot = MatrixAnswer["snapshots"][number];

export function Matrix() {
  const model = use_model();
  const [place, near] = use_near();
  // A snapshot, not its index: other numbers have other snapshots, and earlier ones may come.
  const [chosen, choose] = useState<Snapshot | null>(null);
  const [known, set_known] = useState<{ of: string; list: Snapshot[] }>({ of: "", list: [] });
  const { selection, view } = model;
  const of = JSON.stringify([view.run, model.run?.first_time, selection]);
  const snapshots = known.of === of ? known.list : [];
  const index = chosen ? snapshots.findIndex((one) => one.epoch === chosen.epoch && one.step === chosen.step) : -1;
  const { answer, failure } = use_answer(
    () => (view.run && selection ? model.source.matrix(view.run, selection, index) : null),
    near,
    [view.run, selection?.stream, selection?.reference, selection?.measure, index, ...(index < 0 ? model.newest("measure") : [])],
  );
  useEffect(() => {
    if (answer) set_known({ of, list: answer.snapshots });
  }, [answer]);
  const last = snapshots.length - 1;
  const snapshot = answer?.snapshots[answer.index];
  const empty =
    failure !== null
      ? `No answer: ${failure}`
      : answer && answer.rows.length === 0
        ? "No answer: no snapshot has such numbers."
        : answer && answer.rows.length > 1
          ? "Only layers of the same name were compared. With pairing of all with all, this is a matrix."
          : "";
  const beside = answer?.values.some((row, one) =>
    row.some((value, other) => value !== null && answer.rows[one] !== answer.columns[other]),
  );
  return (
    <div ref={place}>
      {selection && (
        <Panel id="matrix" title={`Layers by layers of ${selection.reference}`}>
          {answer && answer.rows.length > 0 && (beside || answer.rows.length === 1) && <Grid matrix={answer} />}
          {!beside && <p class="empty">{empty}</p>}
          {(beside || failure !== null) && last > 0 && !model.source.exported && (
            <label class="scrub">
              snapshot
              <input
                type="range"
                min="0"
                max={last}
                value={index < 0 ? last : index}
                onInput={(event) => {
                  const to = Number(event.currentTarget.value);
                  choose(to === last ? null : snapshots[to]);
                }}
              />
              <output>
                {snapshot ? `epoch ${short_epoch(snapshot.epoch)}` : ""}
                {index < 0 ? " (latest)" : ""}
              </output>
            </label>
          )}
        </Panel>
      )}
    </div>
  );
}

function Grid({ matrix }: { matrix: MatrixAnswer }) {
  const model = use_model();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, set_width] = useState(0);
  useEffect(() => {
    const watcher = new ResizeObserver(() => set_width(box.current?.clientWidth ?? 0));
    watcher.observe(box.current!);
    return () => watcher.disconnect();
  }, []);
  const { left, foot } = { left: 84, foot: 64 };
  const cell = Math.max(3, Math.min(44, (width - left - 16) / Math.max(1, matrix.columns.length), 420 / Math.max(1, matrix.rows.length)));
  useEffect(() => {
    if (width > 0) draw(canvas.current!, matrix, cell, left, foot, model.theme());
  });
  const point = (event: PointerEvent) => {
    const column = Math.floor((event.offsetX - left) / cell);
    const row = matrix.rows.length - 1 - Math.floor((event.offsetY - 4) / cell);
    const value = matrix.values[row]?.[column];
    if (value === undefined) return model.tell(null);
    model.tell({ text: `${matrix.rows[row]} to ${matrix.columns[column]}: ${matrix.unlike[row]?.[column] ? "~" : ""}${exact(value)}` });
    model.cursor.set(model.cursor.now.x, matrix.rows[row]);
  };
  const leave = () => {
    model.tell(null);
    model.cursor.set(model.cursor.now.x, null);
  };
  return (
    <div ref={box} class="matrix">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${matrix.rows.length} by ${matrix.columns.length} ${matrix.direction === "distance" ? "distances" : "similarities"}`}
        onPointerMove={point}
        onPointerLeave={leave}
      />
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, matrix: MatrixAnswer, cell: number, left: number, foot: number, theme: "light" | "dark"): void {
  const ink = ink_of(theme);
  const scale = devicePixelRatio;
  const width = left + cell * matrix.columns.length + 8;
  const height = cell * matrix.rows.length + 4 + foot;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d")!;
  pen.scale(scale, scale);
  const known = matrix.values.flat().filter((value): value is number => value !== null);
  const high = Math.max(matrix.direction === "distance" ? 1e-9 : 1, ...known);
  const low = Math.min(0, ...known);
  const gap = cell > 12 ? 1 : 0;
  matrix.rows.forEach((_, row) =>
    matrix.columns.forEach((_name, column) => {
      const value = matrix.values[row][column];
      const [x, y] = [left + column * cell, 4 + (matrix.rows.length - 1 - row) * cell];
      if (value === null) return;
      const unlike = matrix.unlike[row]?.[column];
      const share = far_share(value, [low, high], matrix.direction);
      pen.fillStyle = unlike ? ink.chance : heat_colour(share, theme);
      pen.globalAlpha = unlike ? 0.45 : 1;
      pen.fillRect(x, y, cell - gap, cell - gap);
      pen.globalAlpha = 1;
      if (cell < 34) return;
      pen.font = "11px system-ui, sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillStyle =
        (theme === "light") === (share > 0.55 && !unlike)
          ? "#ffffff"
          : theme === "light"
            ? ink.text
            : share > 0.55 && !unlike
              ? "#10151d"
              : ink.text;
      pen.fillText((unlike ? "~" : "") + fixed(value, 2).replace(/^0/, ""), x + (cell - gap) / 2, y + (cell - gap) / 2);
    }),
  );
  const every = Math.ceil(14 / cell);
  const measure = (text: string) => pen.measureText(text).width;
  pen.font = `${cell < 12 ? 10 : 12}px system-ui, sans-serif`;
  pen.fillStyle = ink.text_soft;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  const shared = shared_beginning([...matrix.rows, ...matrix.columns]);
  matrix.rows.forEach(
    (name, row) =>
      row % every === 0 &&
      pen.fillText(fitted(shorter(name, shared), left - 10, measure), left - 6, 4 + (matrix.rows.length - 0.5 - row) * cell),
  );
  matrix.columns.forEach((name, column) => {
    if (column % every) return;
    pen.save();
    pen.translate(left + (column + 0.5) * cell, 8 + matrix.rows.length * cell);
    pen.rotate(-Math.PI / 3);
    pen.fillText(fitted(shorter(name, shared), foot, measure), 0, 0);
    pen.restore();
  });
}
