// Colours of layers and of values. Lightness rises steadily along every scale, so that the order holds without hue:
// for the colour-blind, in grey print, and for 60 layers, where hue alone does not tell neighbours apart.

export type Theme = "light" | "dark";

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** OKLCH (lightness 0 to 1, chroma, hue in degrees) as #rrggbb. Equal steps of lightness look equal. */
export function from_oklch(lightness: number, chroma: number, hue: number): string {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const channels = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  const hex = channels.map((linear) => {
    const bounded = clamp(linear, 0, 1);
    const coded = bounded <= 0.0031308 ? 12.92 * bounded : 1.055 * bounded ** (1 / 2.4) - 0.055;
    return Math.round(coded * 255)
      .toString(16)
      .padStart(2, "0");
  });
  return "#" + hex.join("");
}

/** The colour at `share` (0: first layer, 1: last) of the ordered scale, from violet over blue and green to yellow. */
export function layer_colour_at(share: number, theme: Theme): string {
  const at = clamp(share, 0, 1);
  // The light page ends at a yellow that is dark enough to be seen on white; the dark one begins where black ends.
  const [darkest, lightest] = theme === "light" ? [0.36, 0.73] : [0.56, 0.91];
  const hue = 305 - 210 * at;
  const chroma = 0.15 - 0.03 * Math.sin(at * Math.PI);
  return from_oklch(darkest + (lightest - darkest) * at, chroma, hue);
}

/** Colours of `count` layers, in the network's order. */
export function layer_colours(count: number, theme: Theme): string[] {
  return Array.from({ length: count }, (_, index) => layer_colour_at(count > 1 ? index / (count - 1) : 0.35, theme));
}

const heat_cache = new Map<Theme, string[]>();
const heat_numbers = new Map<Theme, number[]>();

/** The colour of a value in the heat map and the matrix: 0 is near (calm), 1 is far (strong). */
export function heat_colour(share: number, theme: Theme): string {
  let scale = heat_cache.get(theme);
  if (!scale) {
    scale = Array.from({ length: 256 }, (_, index) => {
      const at = index / 255;
      return theme === "light"
        ? from_oklch(0.965 - 0.6 * at, 0.02 + 0.15 * Math.sin(at * Math.PI * 0.62), 95 - 110 * at)
        : from_oklch(0.27 + 0.6 * at, 0.02 + 0.13 * Math.sin(at * Math.PI * 0.8), -15 + 110 * at);
    });
    heat_cache.set(theme, scale);
  }
  return scale[Math.round(clamp(share, 0, 1) * 255)];
}

/** The same as a number 0xrrggbb: for charts of many cells. */
export function heat_number(share: number, theme: Theme): number {
  let scale = heat_numbers.get(theme);
  if (!scale)
    heat_numbers.set(theme, (scale = Array.from({ length: 256 }, (_, index) => parseInt(heat_colour(index / 255, theme).slice(1), 16))));
  return scale[Math.round(clamp(share, 0, 1) * 255)];
}

/** Relative luminance of #rrggbb, 0 to 1, as WCAG defines it. */
export function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const coded = parseInt(colour.slice(at, at + 2), 16) / 255;
    return coded <= 0.04045 ? coded / 12.92 : ((coded + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
