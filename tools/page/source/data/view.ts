// What the page shows, as it stands in the URL: a link to it shows a colleague the same.

import type { XAxis } from "../contract";

export interface View {
  run: string | null;
  stream: string | null;
  reference: string | null;
  measure: string | null;
  x: XAxis;
  log: boolean;
  smooth: number;
  filter: string;
  layer: string | null;
  from: number | null;
  to: number | null;
  /** Further runs drawn over the first one. */
  others: string[];
  spread: boolean;
}

export const first_view: View = {
  run: null,
  stream: null,
  reference: null,
  measure: null,
  x: "epoch",
  log: false,
  smooth: 0,
  filter: "",
  layer: null,
  from: null,
  to: null,
  others: [],
  spread: false,
};

const texts = ["run", "stream", "reference", "measure", "layer"] as const;

export function view_of(hash: string): View {
  const view: View = { ...first_view, others: [] };
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  for (const name of texts) view[name] = fields.get(name);
  const x = fields.get("x");
  if (x === "step" || x === "time") view.x = x;
  view.log = fields.get("log") === "1";
  view.smooth = Math.min(10, Math.max(0, Number(fields.get("smooth")) || 0));
  view.filter = fields.get("filter") ?? "";
  const number = (name: string) => (fields.has(name) && Number.isFinite(Number(fields.get(name))) ? Number(fields.get(name)) : null);
  view.from = number("from");
  view.to = number("to");
  if (view.from === null || view.to === null || view.from >= view.to) view.from = view.to = null;
  view.others = (fields.get("with") ?? "").split(",").filter((id) => /^[0-9a-f]{12}$/.test(id));
  view.spread = fields.get("spread") === "1";
  return view;
}

export function hash_of(view: View): string {
  const fields = new URLSearchParams();
  for (const name of texts) if (view[name] !== null) fields.set(name, view[name] as string);
  if (view.x !== "epoch") fields.set("x", view.x);
  if (view.log) fields.set("log", "1");
  if (view.smooth > 0) fields.set("smooth", String(view.smooth));
  if (view.filter) fields.set("filter", view.filter);
  if (view.from !== null && view.to !== null) {
    fields.set("from", String(view.from));
    fields.set("to", String(view.to));
  }
  if (view.others.length) fields.set("with", view.others.join(","));
  if (view.spread) fields.set("spread", "1");
  return fields.toString();
}
