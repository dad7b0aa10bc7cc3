// Small pieces that several panels use.

import { createContext, type ComponentChildren } from "preact";
import { useContext, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { layer_colours } from "../pure/colours";
import { shown_text } from "../pure/names";
import type { Model } from "../data/model";
import type { LinkedChart } from "../charts/linked_chart";

export const ModelContext = createContext<Model>(null as unknown as Model);
export const use_model = () => useContext(ModelContext);

/** A verdict's sign. Each has another outline, so that colour is never the only difference. */
export function Sign({ kind }: { kind: string }) {
  const shapes: Record<string, ComponentChildren> = {
    settled: (
      <>
        <circle cx="8" cy="8" r="7" class="solid" />
        <path d="M4.500 8.200l2.500 2.500 4.500-5" class="over" />
      </>
    ),
    moving: <path d="M2 13L8 2l6 11z" class="solid" />,
    wandering: <path d="M1 9c2.500-6 4.500-6 7 0s4.500 6 7 0" class="stroke" />,
    undecided: <circle cx="8" cy="8" r="6" class="dotted" />,
    alarm: (
      <>
        <path d="M5.200 1h5.600L15 5.200v5.600L10.800 15H5.200L1 10.800V5.200z" class="solid" />
        <path d="M8 4v5M8 11.200v1.300" class="over" />
      </>
    ),
    chance: <path d="M2 6c2-3 4-3 6-1s4 2 6-1M2 12c2-3 4-3 6-1s4 2 6-1" class="stroke" />,
    none: <path d="M4 8h8" class="stroke" />,
  };
  return (
    <svg class={`sign ${kind}`} viewBox="0 0 16 16" aria-hidden="true">
      {shapes[kind] ?? shapes.none}
    </svg>
  );
}

/** Draws its component anew every few seconds: for the age of what is shown. */
export function use_clock(seconds: number): void {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), seconds * 1000);
    return () => clearInterval(timer);
  }, []);
}

export function Panel(props: {
  title: string;
  id: string;
  note?: ComponentChildren;
  tools?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="panel" id={props.id} aria-labelledby={`${props.id}-title`}>
      <div class="panel-head">
        <h2 id={`${props.id}-title`}>{shown_text(props.title)}</h2>
        {props.tools}
      </div>
      {props.children}
      {props.note && <p class="note">{props.note}</p>}
    </section>
  );
}

/** Whether the element is near the screen. What is further away asks for nothing and is not drawn: training beside pays for it. */
export function use_near(): [{ current: HTMLDivElement | null }, boolean] {
  const place = useRef<HTMLDivElement>(null);
  const [near, set_near] = useState(false);
  useEffect(() => {
    const watcher = new IntersectionObserver((entries) => set_near(entries[entries.length - 1].isIntersecting), { rootMargin: "100px" });
    watcher.observe(place.current!);
    return () => watcher.disconnect();
  }, []);
  return [place, near];
}

/**
 * Asks for something whenever `keys` change, if it is near the screen, and again when it comes near. The last answer stays until the
 * next one is there.
 */
export function use_answer<Answer>(
  ask: () => Promise<Answer> | null,
  near: boolean,
  keys: unknown[],
): { answer: Answer | null; failure: string | null } {
  keys = [...keys, use_model().reopened];
  const [state, set_state] = useState<{ answer: Answer | null; failure: string | null }>({ answer: null, failure: null });
  const latest = useRef(0);
  // What was asked with other keys is not wanted any more.
  useLayoutEffect(() => void ++latest.current, keys);
  useLayoutEffect(() => {
    const asked = near ? ask() : null;
    if (!asked) return;
    const number = ++latest.current;
    asked.then(
      (answer) => number === latest.current && set_state({ answer, failure: null }),
      (error: Error) => number === latest.current && set_state({ answer: null, failure: error.message }),
    );
  }, [near, ...keys]);
  useEffect(() => () => void ++latest.current, []); // nor is anything, once it is gone
  return state;
}

/** A place for a chart that is drawn by hand, and follows the model. */
export function ChartPlace<Chart extends LinkedChart>(props: {
  first?: boolean;
  make: (place: HTMLElement, model: Model) => Chart;
  name: string;
  kept?: (chart: Chart | null) => void;
  label: string;
}) {
  const model = use_model();
  // Charts below the first screen are made after the first picture, when they come near.
  const [place, near] = use_near();
  const chart = useRef<Chart | null>(null);
  const seen = useRef(props.first ?? false);
  seen.current ||= near;
  useEffect(() => {
    if (!seen.current) return undefined;
    chart.current = props.make(place.current!, model);
    props.kept?.(chart.current);
    return () => {
      chart.current?.destroy();
      chart.current = null;
      props.kept?.(null);
    };
  }, [seen.current]);
  // In the same frame as the rest of the page: each frame takes time from the training beside it.
  useLayoutEffect(() => {
    if (near) chart.current?.update();
  });
  const key = (event: KeyboardEvent) => {
    if (!event.altKey && !event.metaKey && !event.ctrlKey && chart.current?.key(event.key)) event.preventDefault();
  };
  return (
    <div
      class={`chart ${props.name}`}
      ref={place}
      tabIndex={0}
      role="application"
      aria-roledescription="chart"
      aria-label={props.label}
      onKeyDown={key}
    />
  );
}

export function use_colours(): Map<string, string> {
  const model = use_model();
  const order = model.order();
  const colours = layer_colours(order.length, model.theme());
  return new Map(order.map((name, index) => [name, colours[index]]));
}

export function CopyButton({ text, label }: { text: () => string; label: string }) {
  const [done, set_done] = useState<string | null>(null);
  const copy = async () => {
    const words = text();
    try {
      await navigator.clipboard.writeText(words);
      set_done("copied");
    } catch {
      // Not allowed in a file or over plain HTTP: then through a selection.
      const area = document.createElement("textarea");
      area.value = words;
      document.body.append(area);
      area.select();
      set_done(document.execCommand("copy") ? "copied" : "not allowed here");
      area.remove();
    }
    setTimeout(() => set_done(null), 1600);
  };
  return (
    <button type="button" class="quiet" title="Copy as a sentence, with numbers and caveats" onClick={copy}>
      {done ?? label}
    </button>
  );
}
