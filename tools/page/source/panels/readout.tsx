// What stands beside the hand: the row that is pointed at, exactly, with where it comes from.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Row } from "../contract";
import type { Told } from "../data/shown";
import { shown_text } from "../pure/names";
import { clock, exact, group } from "../pure/numbers";
import { use_model } from "./common";

const cache = new Map<string, Row>();

export function Readout() {
  const model = use_model();
  const [told, set_told] = useState<Told | null>(null);
  const [row, set_row] = useState<Row | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const hand = useRef({ x: 0, y: 0 });
  const [, set_moved] = useState(0);
  useEffect(
    () =>
      model.listen_to_told((next) => {
        if (next?.at) hand.current = next.at;
        set_told(next);
        if (next) set_moved((count) => count + 1);
      }),
    [],
  );
  useEffect(() => {
    const follow = (event: PointerEvent) => {
      hand.current = { x: event.clientX, y: event.clientY };
      place(box.current, hand.current);
    };
    const close = (event: PointerEvent) => {
      if (!(event.target instanceof Element && event.target.closest(".chart, .matrix"))) model.tell(null);
    };
    addEventListener("pointermove", follow, { passive: true });
    addEventListener("pointerdown", close, { passive: true });
    return () => {
      removeEventListener("pointermove", follow);
      removeEventListener("pointerdown", close);
    };
  }, []);
  const line = told?.curve && told.index !== undefined ? told.curve.line[told.index] : null;
  const id = told?.id ?? null;
  useEffect(() => {
    if (line === null || line === undefined || id === null) return set_row(null);
    const key = `${id}/${line}/${told?.curve?.layer}`;
    const known = cache.get(key);
    set_row(known ?? null);
    if (known) return undefined;
    // A hand that passes over asks for nothing.
    const timer = setTimeout(
      () =>
        model.source.row(id, line).then(
          (found) => {
            if (cache.size > 2000) cache.clear();
            cache.set(key, found);
            set_row((before) => (model.told?.curve?.line[model.told.index ?? -1] === line ? found : before));
          },
          () => undefined,
        ),
      60,
    );
    return () => clearTimeout(timer);
  }, [id, line, told?.curve?.layer]);
  useEffect(() => place(box.current, hand.current));
  if (!told) return null;
  return (
    <div class="readout" ref={box} role="status">
      {told.text && <p>{shown_text(told.text)}</p>}
      {told.curve && told.index !== undefined && <Point told={told} row={row} />}
      {told.marks?.slice(0, 4).map((mark, index) => (
        <p key={index} class={mark.alarm ? "alarm" : "event"}>
          {mark.text}
        </p>
      ))}
    </div>
  );
}

function Point({ told, row }: { told: Told; row: Row | null }) {
  const model = use_model();
  const curve = told.curve!;
  const index = told.index!;
  const others = model.ids.length > 1 ? ` of ${model.runs?.runs.find((run) => run.id === told.id)?.name ?? told.id}` : "";
  const x = model.view.x === "time" ? clock(curve.x[index]) : `${model.view.x} ${exact(curve.x[index])}`;
  // An overlaid run may be of another version; the row decides what is known, the curve what is drawn.
  const facts: [string, string][] = [["unrelated data", curve.floor[index] === null ? "not known" : exact(curve.floor[index])]];
  if (row) {
    if (model.view.x !== "epoch") facts.unshift(["epoch", exact(row.epoch)]);
    if (model.view.x !== "step") facts.push(["step", group(row.step as number | null)]);
    const samples = [row.samples, row.effective_samples, row.independent_samples];
    facts.push([
      "n",
      `${group(samples[0] as number)}${samples[1] !== samples[0] && samples[1] ? `, ${group(samples[1] as number)} images` : ""}${samples[2] && samples[2] !== samples[0] ? `, ${group(Math.round(samples[2] as number))} independent` : ""}`,
    ]);
    if (Array.isArray(row.ranks)) facts.push(["ranks", row.ranks.join(" and ")]);
    if (row.p_value !== null && row.p_value !== undefined) facts.push(["p", exact(row.p_value)]);
    facts.push(["status", String(row.status ?? "–").replace(/_/g, " ")]);
    facts.push([
      "from",
      `line ${group(curve.line[index])} of rows.jsonl${model.run?.facts?.livecca ? `, livecca ${model.run.facts.livecca}` : ""}`,
    ]);
  } else facts.push(["from", `line ${group(curve.line[index])}`]);
  return (
    <>
      <p>
        <b>{shown_text(curve.layer)}</b>
        {others} · {x}
      </p>
      <p class="exact">
        {curve.unlike[index] ? <abbr title="no nearer than unrelated data">~</abbr> : null}
        {exact(curve.value[index])}
        {curve.error[index] !== null && <small> ± {exact(curve.error[index])}</small>}
      </p>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function place(box: HTMLDivElement | null, hand: { x: number; y: number }): void {
  if (!box || innerWidth < 700) return;
  const left = hand.x + 18 + box.offsetWidth > innerWidth ? hand.x - 18 - box.offsetWidth : hand.x + 18;
  const top = Math.max(8, Math.min(innerHeight - box.offsetHeight - 8, hand.y + 14));
  box.style.transform = `translate(${Math.max(4, Math.round(left))}px, ${Math.round(top)}px)`;
}
