// Where the page's data comes from: the server, or the file that it stands in itself.

import type { Curves, Events, Health, Logs, Matrix, Row, Run, RunsAnswer, Selection, Spectrum, XAxis } from "../contract";

export interface Window {
  x: XAxis;
  log: boolean;
  from: number | null;
  to: number | null;
  width: number;
  since?: number;
}

export interface Source {
  /** True for an exported file: nothing will change, and no server is asked. */
  exported: boolean;
  runs(): Promise<RunsAnswer>;
  run(id: string): Promise<Run>;
  curves(id: string, selection: Selection, window: Window): Promise<Curves>;
  logs(id: string, window: Window): Promise<Logs>;
  /** Those of lines after `since`. */
  events(id: string, since: number): Promise<Events>;
  health(id: string): Promise<Health>;
  spectrum(id: string, stream: string, layer: string, reference: string, line: number | null): Promise<Spectrum>;
  matrix(id: string, selection: Selection, index: number): Promise<Matrix>;
  row(id: string, line: number): Promise<Row>;
  /** Where the run's numbers can be had as CSV; null if only the shown ones can. */
  csv(id: string): string | null;
  /** The x axes that there is data for. */
  axes(id: string, selection: Selection): XAxis[];
}

/** An answer other than 200. Its message is the server's own line. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function ask<Answer>(path: string, query: Record<string, string | number | boolean | null | undefined> = {}): Promise<Answer> {
  const parts = Object.entries(query)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value === true ? "1" : value === false ? "0" : String(value))}`);
  const answer = await fetch(`api/v1/${path}${parts.length ? "?" + parts.join("&") : ""}`, {
    credentials: "same-origin",
    cache: "no-store",
  });
  if (answer.ok) return (await answer.json()) as Answer;
  const text = await answer.text();
  let why = `the server answered ${answer.status}`;
  try {
    why = (JSON.parse(text) as { error?: string }).error ?? why;
  } catch {
    // Not the server's own words: something between us answered.
  }
  throw new Refused(answer.status, why);
}

export const server: Source = {
  exported: false,
  runs: () => ask("runs"),
  run: (id) => ask(`runs/${id}`),
  curves: (id, selection, window) => ask(`runs/${id}/curves`, { ...selection, ...window }),
  logs: (id, window) => ask(`runs/${id}/logs`, { ...window }),
  events: (id, since) => ask(`runs/${id}/events`, { since: since || null }),
  health: (id) => ask(`runs/${id}/health`),
  spectrum: (id, stream, layer, reference, line) => ask(`runs/${id}/spectrum`, { stream, layer, reference, line }),
  matrix: (id, selection, index) => ask(`runs/${id}/matrix`, { ...selection, index }),
  row: (id, line) => ask(`runs/${id}/row/${line}`),
  csv: (id) => `api/v1/runs/${id}/export.csv?kind=measure`,
  axes: () => ["epoch", "step", "time"],
};

/** What `livecca serve --export` puts into the page. */
interface Exported {
  now: number;
  livecca?: string;
  runs: RunsAnswer["runs"] | RunsAnswer;
  run: Record<string, Run>;
  curves: Record<string, Curves>;
  logs: Record<string, Logs>;
  events: Record<string, Events>;
  health: Record<string, Health>;
  spectra: Record<string, Spectrum>;
  matrix: Record<string, Matrix>;
  rows: Record<string, Record<string, Row>>;
}

export function exported_source(data: Exported): Source {
  const found = <Kept>(table: Record<string, Kept> | undefined, key: string): Promise<Kept> =>
    table && Object.prototype.hasOwnProperty.call(table, key)
      ? Promise.resolve(table[key])
      : Promise.reject(new Refused(404, "This file does not hold that; open the run with livecca serve"));
  const key = (id: string, x: string, { stream, measure, reference }: Selection) => `${id}/${x}/${stream}/${measure}/${reference}`;
  const runs: RunsAnswer = Array.isArray(data.runs)
    ? { version: 1, livecca: data.livecca ?? "", now: data.now, runs: data.runs }
    : data.runs;
  return {
    exported: true,
    runs: () => Promise.resolve(runs),
    run: (id) => found(data.run, id),
    curves: (id, selection, window) => found(data.curves, key(id, window.x, selection)),
    logs: (id, window) => found(data.logs, `${id}/${window.x}`),
    events: (id) => found(data.events, id),
    health: (id) => found(data.health, id),
    spectrum: (id, stream, layer, reference) => found(data.spectra, `${id}/${stream}/${layer}/${reference}`),
    matrix: (id, { stream, measure, reference }) => found(data.matrix, `${id}/${stream}/${measure}/${reference}`),
    row: (id, line) => found(data.rows?.[id], String(line)),
    csv: () => null,
    axes: (id, selection) =>
      (["epoch", "step", "time"] as const).filter((x) => Object.prototype.hasOwnProperty.call(data.curves ?? {}, key(id, x, selection))),
  };
}

/** The file's own data if there is any, else the server. */
export function find_source(): Source {
  const element = document.getElementById("data");
  if (!element?.textContent) return server;
  return exported_source(JSON.parse(element.textContent) as Exported);
}
