// The stream of changes. The browser reconnects by itself after a broken line; after a refusal it gives up, so we begin anew.

import type { Summary } from "../contract";

export interface Heard {
  run(summary: Summary): void;
  gone(id: string): void;
  anew(id: string): void;
  /** The line is open again after it was lost (or for the first time). */
  open(again: boolean): void;
  lost(): void;
}

/** A page that nobody looks at lets its stream go after this long: browsers allow only six to one server. */
const hidden_pause = 60000;
const first_pause = 1000;
const longest_pause = 8000;

export class Live {
  private stream: EventSource | null = null;
  private pause = first_pause;
  private timer: number | undefined;
  private opened_once = false;

  constructor(private readonly heard: Heard) {}

  /** Follows the page out of sight and back. */
  follow_sight(): void {
    let timer: number | undefined;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(timer);
      if (document.hidden) timer = window.setTimeout(() => this.rest(), hidden_pause);
      else if (!this.stream) this.begin();
    });
  }

  private rest(): void {
    clearTimeout(this.timer);
    this.stream?.close();
    this.stream = null;
  }

  begin(): void {
    clearTimeout(this.timer);
    this.stream?.close();
    const stream = new EventSource("api/v1/events");
    this.stream = stream;
    stream.onopen = () => {
      this.pause = first_pause;
      this.heard.open(this.opened_once);
      this.opened_once = true;
    };
    stream.onerror = () => {
      this.heard.lost();
      if (stream.readyState === EventSource.CLOSED) this.later();
    };
    const listen = (name: string, act: (data: never) => void) =>
      stream.addEventListener(name, (event) => act(JSON.parse((event as MessageEvent<string>).data) as never));
    listen("run", (summary: Summary) => this.heard.run(summary));
    listen("gone", (about: { id: string }) => this.heard.gone(about.id));
    listen("anew", (about: { id: string }) => this.heard.anew(about.id));
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.begin(), this.pause);
    this.pause = Math.min(longest_pause, this.pause * 2);
  }
}
