// Events and alarms as marks on the time axis, the same in all charts.

import type { Curves, Events, XAxis } from "../contract";
import { x_of_line } from "../pure/curves";
import type { Plot } from "./time_chart";

export interface Mark {
  x: number;
  alarm: boolean;
  text: string;
}

/** The marks of a run on the axis that `curves` has. An alarm is marked once, where it began. */
export function marks_of(events: Events | null, curves: Curves | undefined, axis: XAxis): Mark[] {
  if (!events) return [];
  const by_line = (line: number) => (curves ? x_of_line(curves, line) : null);
  const marks: Mark[] = [];
  const begun = new Set<string>();
  for (const alarm of events.alarms) {
    const key = `${alarm.layer}\n${alarm.verdict}\n${alarm.since_epoch}`;
    if (begun.has(key)) continue;
    begun.add(key);
    const x = axis === "time" ? by_line(alarm.line) : (alarm[axis] ?? by_line(alarm.line));
    if (x !== null) marks.push({ x, alarm: true, text: `${alarm.layer}: ${alarm.message || alarm.verdict}` });
  }
  for (const event of events.events) {
    if (event.what === "finished") continue;
    const x = axis === "step" ? by_line(event.line) : (event[axis] ?? by_line(event.line));
    if (x !== null) marks.push({ x, alarm: false, text: `${event.what.replace(/_/g, " ")}: ${event.message}` });
  }
  return marks;
}

/** Alarms as red lines with a triangle on top, events as grey ones with a tick: told apart without colour too. */
export function paint_marks(plot: Plot, marks: Mark[]): void {
  const { pen, ink } = plot;
  for (const mark of marks) {
    if (mark.x < plot.from || mark.x > plot.to) continue;
    const x = Math.round(plot.x(mark.x)) + 0.5;
    pen.strokeStyle = mark.alarm ? ink.alarm : ink.event;
    pen.fillStyle = mark.alarm ? ink.alarm : ink.event;
    pen.lineWidth = 1;
    pen.globalAlpha = mark.alarm ? 0.9 : 0.6;
    pen.setLineDash(mark.alarm ? [] : [2, 3]);
    pen.beginPath();
    pen.moveTo(x, plot.top);
    pen.lineTo(x, plot.top + plot.height);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
    if (mark.alarm) {
      pen.beginPath();
      pen.moveTo(x - 5, plot.top);
      pen.lineTo(x + 5, plot.top);
      pen.lineTo(x, plot.top + 8);
      pen.closePath();
      pen.fill();
    } else {
      pen.fillRect(x - 2, plot.top, 4, 4);
    }
  }
}

/** The marks within reach of the mouse. */
export function marks_near(plot: Plot, marks: Mark[], x: number): Mark[] {
  const at = plot.x(x);
  return marks.filter((mark) => Math.abs(plot.x(mark.x) - at) <= 6);
}
