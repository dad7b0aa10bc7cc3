// What the server answers, version 1. Field for field as in docs and the program; null is "there is no number".

export type State = "live" | "finished" | "silent";
export type VerdictWord = "settled" | "moving" | "wandering" | "undecided";
export type PartKind = "settled" | "moving" | "alarm" | "chance" | "note";
export type XAxis = "epoch" | "step" | "time";

export interface Part {
  text: string;
  kind: PartKind;
  layers: string[];
}

export interface Selection {
  stream: string;
  reference: string;
  measure: string;
}

export type RowKind =
  | "unknown"
  | "run"
  | "measure"
  | "spectrum"
  | "layer"
  | "drift"
  | "verdict"
  | "direction"
  | "verdict_record"
  | "log"
  | "event"
  | "overhead"
  | "alarm"; // a verdict with which an alarm began

export interface Summary {
  id: string;
  name: string;
  folder: string;
  state: State;
  writer_gone: boolean; // no process holds the run any more
  lines: number;
  last_lines: Record<RowKind, number> | null; // of the newest row of each kind; null until all is read
  read: number; // how much of the file is read, from 0 to 1
  first_time: number | null;
  last_time: number | null;
  epoch: number | null;
  step: number | null;
  layers: number;
  settled: number;
  sentence: string;
  parts: Part[];
  alarms: number;
  headline: Selection | null;
}

export interface RunsAnswer {
  version: number;
  livecca: string;
  now: number;
  runs: Summary[];
}

export type Direction = "nearing" | "leaving" | "keeping" | "undecided";

export interface LayerNumber {
  stream: string;
  reference: string;
  reference_layer?: string;
  measure: string;
  value: number | null;
  noise_floor: number | null;
  standard_error: number | null;
  p_value: number | null;
  unlike: boolean;
  status: string;
  samples: number | null;
  effective_samples: number | null;
  independent_samples: number | null;
  samples_needed: number | null;
  ranks: [number, number] | null;
  direction: Direction | null;
  slope: number | null;
  epoch: number | null;
  line: number;
  spark: (number | null)[];
  spark_at: number[]; // the place of each value in the run, from 0 to 1
}

export interface Alarm {
  verdict: string;
  message: string;
  since_epoch: number | null;
}

export interface Layer {
  name: string;
  verdict: VerdictWord | null;
  since_epoch: number | null;
  speed: number | null;
  remaining: number | null;
  remaining_low: number | null;
  remaining_high: number | null;
  settling_epoch: number | null;
  settling_epoch_low: number | null;
  settling_epoch_high: number | null;
  message: string | null;
  samples_needed: number | null;
  alarms: Alarm[];
  features: number | null;
  dead: number | null;
  effective_rank: number | null;
  numbers: LayerNumber[];
  disagree: string | null;
}

export interface Strip {
  epoch: number | null;
  step: number | null;
  elapsed_seconds: number | null;
  overhead_share: number | null;
  train_steps_dropped: number | null;
  lines_lost: number | null;
  nonfinite_snapshots: number | null;
  resumes: number | null;
}

export interface HistoryPiece {
  layer: string;
  verdict: VerdictWord;
  from_epoch: number;
  to_epoch: number | null;
}

/** A run: its summary (but here `layers` is the list, not the number), and all that does not depend on zoom. */
export interface Run extends Omit<Summary, "layers"> {
  layers: Layer[];
  facts: Record<string, unknown> | null;
  streams: string[];
  references: { name: string; kind: string }[];
  measures: string[];
  strip: Strip;
  record: { text: string } | null;
  logs: string[];
  verdict_history: HistoryPiece[];
}

export interface Curve {
  layer: string;
  reference_layer: string | null;
  x: number[];
  value: (number | null)[];
  floor: (number | null)[];
  error: (number | null)[];
  line: number[];
  unlike: (0 | 1)[];
  anew: number[];
}

export interface Curves {
  lines: number;
  direction: "distance" | "similarity";
  x: XAxis;
  total: number;
  decimated: boolean;
  layers: Curve[];
}

export interface LogCurve {
  name: string;
  x: number[];
  value: (number | null)[];
  line: number[];
  anew?: number[];
  decimated?: boolean;
}

export interface Logs {
  lines: number;
  logs: LogCurve[];
}

export interface RunEvent {
  line: number;
  epoch: number | null;
  time: number | null;
  what: string;
  subject: string;
  message: string;
  count: number | null;
}

export interface RunAlarm extends Alarm {
  line: number;
  epoch: number | null;
  step: number | null;
  layer: string;
}

export interface Events {
  lines: number;
  events: RunEvent[];
  alarms: RunAlarm[];
}

export interface HealthLayer {
  stream: string;
  network: string;
  layer: string;
  features: number | null;
  dead: number | null;
  rank: number | null;
  effective_rank: number | null;
  condition: number | null;
  root_mean_square: number | null;
  dtype?: string; // older runs have none
  samples: number | null;
  effective_samples: number | null;
  samples_nonfinite: number | null;
}

export interface Overhead {
  epoch: number | null;
  step: number | null;
  share: number | null;
  solve_seconds: number | null;
}

export interface Drift {
  layer: string;
  reference: string;
  measure: string;
  drift: number | null;
  probe_noise_floor: number | null;
  train_noise_floor: number | null;
}

export interface Health {
  layers: HealthLayer[];
  overhead: Overhead[];
  drifts: Drift[];
}

export interface SpectrumRow {
  epoch: number | null;
  step: number | null;
  canonical_correlations: number[] | null;
  weights: number[] | null;
  status: string;
}

export interface Spectrum {
  row: SpectrumRow | null;
  line95: number | null;
}

export interface Matrix {
  snapshots: { epoch: number | null; step: number | null }[];
  index: number;
  rows: string[];
  columns: string[];
  values: (number | null)[][];
  unlike: boolean[][];
  direction: "distance" | "similarity";
}

/** One row of rows.jsonl, as it stands there. */
export type Row = Record<string, unknown>;
