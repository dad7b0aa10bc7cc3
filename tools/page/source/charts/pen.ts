// What charts draw with: a canvas, or a pen that writes the same strokes down as SVG.

export interface Pen {
  strokeStyle: string | CanvasPattern | CanvasGradient;
  fillStyle: string | CanvasPattern | CanvasGradient;
  lineWidth: number;
  globalAlpha: number;
  font: string;
  textAlign: CanvasTextAlign;
  textBaseline: CanvasTextBaseline;
  lineJoin: CanvasLineJoin;
  lineCap: CanvasLineCap;
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  closePath(): void;
  stroke(): void;
  fill(): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  fillText(text: string, x: number, y: number): void;
  setLineDash(pieces: number[]): void;
  save(): void;
  restore(): void;
  rect(x: number, y: number, width: number, height: number): void;
  clip(): void;
  measureText(text: string): { width: number };
}

const escaped = (text: string) =>
  text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "\ufffd");

const place = (value: number) => String(Math.round(value * 100) / 100);

interface PenState {
  strokeStyle: string;
  fillStyle: string;
  lineWidth: number;
  globalAlpha: number;
  font: string;
  textAlign: CanvasTextAlign;
  textBaseline: CanvasTextBaseline;
  lineJoin: CanvasLineJoin;
  lineCap: CanvasLineCap;
  dash: number[];
  clip: string;
}

export class SvgPen implements Pen {
  strokeStyle: string = "#000";
  fillStyle: string = "#000";
  lineWidth = 1;
  globalAlpha = 1;
  font = "12px sans-serif";
  textAlign: CanvasTextAlign = "start";
  textBaseline: CanvasTextBaseline = "alphabetic";
  lineJoin: CanvasLineJoin = "round";
  lineCap: CanvasLineCap = "butt";

  private dash: number[] = [];
  private clip_path = "";
  private path = "";
  private readonly parts: string[] = [];
  private readonly clips: string[] = [];
  private readonly saved: PenState[] = [];

  constructor(private readonly measure: (text: string) => { width: number }) {}

  beginPath(): void {
    this.path = "";
  }
  moveTo(x: number, y: number): void {
    this.path += `M${place(x)} ${place(y)}`;
  }
  lineTo(x: number, y: number): void {
    this.path += `L${place(x)} ${place(y)}`;
  }
  closePath(): void {
    this.path += "Z";
  }
  rect(x: number, y: number, width: number, height: number): void {
    this.path += `M${place(x)} ${place(y)}h${place(width)}v${place(height)}h${place(-width)}Z`;
  }
  clip(): void {
    this.clips.push(`<clipPath id="c${this.clips.length}"><path d="${this.path}"/></clipPath>`);
    this.clip_path = ` clip-path="url(#c${this.clips.length - 1})"`;
  }
  stroke(): void {
    if (!this.path) return;
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(" ")}"` : "";
    this.parts.push(
      `<path d="${this.path}" fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}" stroke-linejoin="${this.lineJoin}" stroke-linecap="${this.lineCap}"${dash}${this.common()}/>`,
    );
  }
  fill(): void {
    if (this.path) this.parts.push(`<path d="${this.path}" fill="${this.fillStyle}"${this.common()}/>`);
  }
  fillRect(x: number, y: number, width: number, height: number): void {
    this.parts.push(
      `<rect x="${place(x)}" y="${place(y)}" width="${place(width)}" height="${place(height)}" fill="${this.fillStyle}"${this.common()}/>`,
    );
  }
  fillText(text: string, x: number, y: number): void {
    const anchor = this.textAlign === "right" || this.textAlign === "end" ? "end" : this.textAlign === "center" ? "middle" : "start";
    const down = this.textBaseline === "middle" ? 4 : this.textBaseline === "top" ? 10 : 0;
    const size = /(\d+(?:\.\d+)?)px/.exec(this.font)?.[1] ?? "12";
    const weight = /^(600|700|bold)/.exec(this.font) ? ` font-weight="600"` : "";
    this.parts.push(
      `<text x="${place(x)}" y="${place(y + down)}" font-size="${size}"${weight} text-anchor="${anchor}" fill="${this.fillStyle}"${this.common()}>${escaped(text)}</text>`,
    );
  }
  setLineDash(pieces: number[]): void {
    this.dash = pieces;
  }
  measureText(text: string): { width: number } {
    return this.measure(text);
  }
  save(): void {
    const { strokeStyle, fillStyle, lineWidth, globalAlpha, font, textAlign, textBaseline, lineJoin, lineCap, dash } = this;
    this.saved.push({
      strokeStyle,
      fillStyle,
      lineWidth,
      globalAlpha,
      font,
      textAlign,
      textBaseline,
      lineJoin,
      lineCap,
      dash,
      clip: this.clip_path,
    });
  }
  restore(): void {
    const state = this.saved.pop();
    if (!state) return;
    const { clip, ...rest } = state;
    Object.assign(this, rest);
    this.clip_path = clip;
  }

  /** The whole drawing. `title` is its name for those who cannot see it. */
  text(width: number, height: number, background: string, title: string): string {
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" role="img">` +
      `<title>${escaped(title)}</title><defs>${this.clips.join("")}</defs><rect width="100%" height="100%" fill="${background}"/>${this.parts.join("")}</svg>\n`
    );
  }

  private common(): string {
    return (this.globalAlpha < 1 ? ` opacity="${place(this.globalAlpha)}"` : "") + this.clip_path;
  }
}
