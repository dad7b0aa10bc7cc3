// The colours that canvases need, which cannot read style sheets. The same as in style/colours.css, for both themes.

import type { Theme } from "../pure/colours";

export interface Ink {
  theme: Theme;
  page: string;
  text: string;
  text_soft: string;
  grid: string;
  /** Lines and cells no nearer than unrelated data. */
  chance: string;
  floor: string;
  alarm: string;
  event: string;
  front: string;
}

const inks: Record<Theme, Ink> = {
  light: {
    theme: "light",
    page: "#ffffff",
    text: "#1b2330",
    text_soft: "#5b6675",
    grid: "#eceff3",
    chance: "#b3bac4",
    floor: "#8a94a3",
    alarm: "#c2183c",
    event: "#9aa4b2",
    front: "#10151d",
  },
  dark: {
    theme: "dark",
    page: "#151a21",
    text: "#e6ebf2",
    text_soft: "#98a4b3",
    grid: "#232a34",
    chance: "#566070",
    floor: "#7d899a",
    alarm: "#ff6b81",
    event: "#6c7888",
    front: "#ffffff",
  },
};

export const ink_of = (theme: Theme): Ink => inks[theme];
