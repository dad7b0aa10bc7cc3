// What does not change with the cursor is painted once and kept as a picture. When a hand drags the plot, the picture
// moves along, and only the strip that came into view is painted.

import type { Plot } from "./time_chart";

/** Painted beyond the strip too, because marks and caps of lines reach over its edge. */
const overlap = 12;

interface Kept {
  key: string;
  left: number;
  top: number;
  width: number;
  height: number;
  /** The range of x, as it is drawn: its logarithm on a logarithmic axis. */
  from: number;
  span: number;
  low: number;
  high: number;
}

export class Layer {
  private canvas = document.createElement("canvas");
  private spare = document.createElement("canvas");
  private kept: Kept | null = null;

  /** Shows what `paint` paints. It is called again only where `key` or the place is another. */
  show(plot: Plot, key: string, paint: (plot: Plot) => void): void {
    const target = plot.pen as CanvasRenderingContext2D;
    if (typeof target.drawImage !== "function") return paint(plot);
    const bend = plot.log ? Math.log : (value: number) => value;
    const now: Kept = {
      key,
      left: plot.left,
      top: plot.top,
      width: plot.width,
      height: plot.height,
      from: bend(plot.from),
      span: bend(plot.to) - bend(plot.from),
      low: plot.low,
      high: plot.high,
    };
    const kept = this.kept;
    const same =
      kept &&
      kept.key === key &&
      kept.left === now.left &&
      kept.top === now.top &&
      kept.width === now.width &&
      kept.height === now.height &&
      kept.low === now.low &&
      kept.high === now.high;
    const moved =
      same && Math.abs(kept.span - now.span) <= 1e-6 * now.span
        ? ((kept.from - now.from) / now.span) * now.width * devicePixelRatio
        : Infinity;
    const whole_pixels = Math.round(moved);
    if (Math.abs(moved) < 1e-3) {
      // As it is.
    } else if (plot.moving && Math.abs(whole_pixels) < now.width * devicePixelRatio * 0.8) {
      this.shift(plot, now, whole_pixels, bend, paint);
    } else {
      this.paint_all(plot, paint);
      this.kept = now;
    }
    target.drawImage(this.canvas, plot.left, plot.top, plot.width, plot.height);
  }

  private paint_all(plot: Plot, paint: (plot: Plot) => void): void {
    const pen = this.prepare(this.canvas, plot);
    paint({ ...plot, pen });
  }

  private prepare(canvas: HTMLCanvasElement, plot: Plot): CanvasRenderingContext2D {
    canvas.width = Math.round(plot.width * devicePixelRatio);
    canvas.height = Math.round(plot.height * devicePixelRatio);
    const pen = canvas.getContext("2d")!;
    pen.scale(devicePixelRatio, devicePixelRatio);
    pen.translate(-plot.left, -plot.top);
    pen.lineJoin = pen.lineCap = "round";
    return pen;
  }

  private shift(plot: Plot, now: Kept, by: number, bend: (value: number) => number, paint: (plot: Plot) => void): void {
    if (by === 0) return;
    const kept = this.kept!;
    const pen = this.prepare(this.spare, plot);
    pen.drawImage(this.canvas, plot.left + by / devicePixelRatio, plot.top, plot.width, plot.height);
    [this.canvas, this.spare] = [this.spare, this.canvas];
    // The picture moves by whole pixels, so its range is not quite the plot's.
    const from = kept.from - ((by / devicePixelRatio) * now.span) / now.width;
    this.kept = { ...now, from };
    const width = Math.min(plot.width, Math.abs(by) / devicePixelRatio + overlap);
    const left = by > 0 ? plot.left : plot.left + plot.width - width;
    const back = plot.log ? Math.exp : (value: number) => value;
    const x_at = (place: number) => back(from + ((place - plot.left) / now.width) * now.span);
    pen.clearRect(left, plot.top, width, plot.height);
    pen.save();
    pen.beginPath();
    pen.rect(left, plot.top, width, plot.height);
    pen.clip();
    paint({
      ...plot,
      pen,
      left,
      width,
      from: x_at(left),
      to: x_at(left + width),
      x: (value) => plot.left + ((bend(value) - from) / now.span) * now.width,
    });
    pen.restore();
  }
}
