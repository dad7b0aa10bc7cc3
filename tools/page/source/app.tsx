// The page: what stands where.

import "uplot/dist/uPlot.min.css";
import "./style/colours.css";
import "./style/page.css";
import "./style/layers.css";
import "./style/panels.css";
import { render } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { Model } from "./data/model";
import { find_source } from "./data/source";
import { ModelContext } from "./panels/common";
import { Controls } from "./panels/controls";
import { Convergence } from "./panels/convergence";
import { EventList } from "./panels/events";
import { Health } from "./panels/health";
import { Depth } from "./panels/heat_map";
import { Notices, Sentence, StripLine, TopLine } from "./panels/head";
import { LayerTable } from "./panels/layers";
import { LogPanels } from "./panels/logs";
import { Matrix } from "./panels/matrix";
import { Readout } from "./panels/readout";
import { Runs } from "./panels/runs";
import { Spectrum } from "./panels/spectrum";
import { ToWhat } from "./panels/to_what";

type Chosen = "auto" | "light" | "dark";

function kept_theme(): Chosen {
  try {
    const kept = localStorage.getItem("livecca-theme");
    return kept === "light" || kept === "dark" ? kept : "auto";
  } catch {
    return "auto";
  }
}

function keep_theme(theme: Chosen): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("livecca-theme", theme);
  } catch {
    // Without storage the choice holds until the page is closed.
  }
}

function Page({ model }: { model: Model }) {
  const [, draw] = useState(0);
  const [theme, set_theme] = useState<Chosen>(kept_theme);
  const again = () => draw((count) => count + 1);
  useEffect(() => {
    const undo = model.listen_to(again);
    // An exported file's data may have been there before this listened.
    again();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", again);
    addEventListener("keydown", to_filter);
    return () => {
      undo();
      dark.removeEventListener("change", again);
      removeEventListener("keydown", to_filter);
    };
  }, []);
  const change_theme = () => {
    const next: Chosen = theme === "auto" ? "light" : theme === "light" ? "dark" : "auto";
    keep_theme(next);
    set_theme(next);
  };
  // Not useEffect: that asks for a frame of its own.
  useLayoutEffect(() => {
    document.title = model.run ? `${model.run.name}: ${model.run.settled} of ${model.run.layers.length} settled` : "livecca";
  });
  return (
    <ModelContext.Provider value={model}>
      <TopLine theme={theme} change_theme={change_theme} />
      <main>
        <Notices />
        <Sentence />
        <StripLine />
        {!model.runs && !model.failure && (
          <p class="waiting">{model.connection.state === "lost" ? "The server does not answer; trying again." : "Reading the runs…"}</p>
        )}
        {model.runs?.runs.length === 0 && <p class="empty">There is no run here yet. One appears as soon as its rows.jsonl is written.</p>}
        {model.run && (
          <div class="columns">
            <div class="column first">
              <LayerTable />
              <ToWhat />
              <Health />
              <EventList />
              <Runs />
            </div>
            <div class="column second">
              <Controls />
              <Convergence />
              <LogPanels />
              <Depth />
              <div class="pair">
                <Spectrum />
                <Matrix />
              </div>
            </div>
          </div>
        )}
      </main>
      <Readout />
    </ModelContext.Provider>
  );
}

/** `/` goes to the filter, as in other tools. */
function to_filter(event: KeyboardEvent): void {
  const inside =
    event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement || event.target instanceof HTMLTextAreaElement;
  if (event.key !== "/" || inside || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  document.getElementById("filter")?.focus();
}

keep_theme(kept_theme());
const model = new Model(find_source());
const place = document.getElementById("page")!;
place.replaceChildren();
render(<Page model={model} />, place);
void model.begin();
