// Colours of style.css for what is drawn on a canvas, read once for each theme.
import { color, type Theme } from "../theme";

const NAMES = ["bg", "panel", "line", "text", "dim", "accent", "accent-bg", "error", "warning", "note", "good", "odd", "application", "application-bg", "stack", "stack-bg", "wire", "wire-bg", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"] as const;

export type Colors = Record<(typeof NAMES)[number], string>;

let read: { theme: Theme; colors: Colors } | undefined;

export function colors(theme: Theme): Colors {
  if (read?.theme !== theme) read = { theme, colors: Object.fromEntries(NAMES.map((name) => [name, color("--" + name)])) as Colors };
  return read.colors;
}

/** The font of the page in a size. */
export function font(px: number, weight = ""): string {
  return `${weight} ${px}px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif`.trim();
}

/**
 * A colour of the server, which is for white paper, as it is seen on the page: on dark it becomes lighter until it stands out. Its hue stays.
 */
export function onTheme(hex: string, theme: Theme): string {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
  if (!match) return theme === "dark" ? "#e6e8ec" : "#1a1d23";
  if (theme === "light") return hex;
  let rgb = match.slice(1).map((part) => parseInt(part, 16));
  for (let i = 0; i < 20 && luminance(rgb) < 0.3; i++) rgb = rgb.map((v) => v + (255 - v) * 0.12);
  return `rgb(${rgb.map(Math.round).join(" ")})`;
}

/** Relative luminance of WCAG 2. */
export function luminance(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
