// The one cursor of all charts. It is apart from the model because it moves with the mouse: nothing is rendered anew for it.

export interface Cursor {
  /** The x of a snapshot, on the axis that is shown; null where the mouse is nowhere. */
  x: number | null;
  layer: string | null;
}

type Listener = (cursor: Cursor) => void;

export class CursorStore {
  now: Cursor = { x: null, layer: null };
  private readonly listeners = new Set<Listener>();

  set(x: number | null, layer: string | null): void {
    if (x === this.now.x && layer === this.now.layer) return;
    this.now = { x, layer };
    for (const listener of this.listeners) listener(this.now);
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
