// Alarms and events in words: what the marks in the charts mean.

import { useState } from "preact/hooks";
import { words_of } from "../pure/changes";
import { shown_text } from "../pure/names";
import { Panel, Sign, use_model } from "./common";
import { short_epoch } from "./layers";

const first_shown = 8;

export function EventList() {
  const model = use_model();
  const [all, set_all] = useState(false);
  if (!model.events) return null;
  const begun = new Map<string, { line: number; epoch: number | null; alarm: boolean; what: string; text: string; count: number | null }>();
  for (const alarm of model.events.alarms) {
    const key = `${alarm.layer}\n${alarm.verdict}\n${alarm.since_epoch}`;
    if (!begun.has(key))
      begun.set(key, {
        line: alarm.line,
        epoch: alarm.since_epoch ?? alarm.epoch,
        alarm: true,
        what: `${alarm.layer} ${words_of(alarm.verdict)}`,
        text: alarm.message,
        count: null,
      });
  }
  const list = [
    ...begun.values(),
    ...model.events.events.map((event) => ({
      line: event.line,
      epoch: event.epoch,
      alarm: false,
      what: words_of(event.what) + (event.subject ? ` (${event.subject})` : ""),
      text: event.message,
      count: event.count,
    })),
  ].sort((one, other) => other.line - one.line);
  if (list.length === 0) return null;
  const shown = all ? list : list.slice(0, first_shown);
  return (
    <Panel
      id="events"
      title="What happened"
      tools={
        list.length > first_shown && (
          <button type="button" class="quiet" onClick={() => set_all(!all)}>
            {all ? `Latest ${first_shown}` : `All ${list.length}`}
          </button>
        )
      }
    >
      <ol class="events">
        {shown.map((item) => (
          <li key={item.line} class={item.alarm ? "alarm" : ""}>
            <span class="when">{item.epoch === null ? "" : `epoch ${short_epoch(item.epoch)}`}</span>
            <span>
              {item.alarm && <Sign kind="alarm" />}
              <b>{shown_text(item.what)}</b>
              {item.text && `: ${shown_text(item.text)}`}
              {item.count !== null && item.count > 1 && ` (${item.count} times)`}
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
