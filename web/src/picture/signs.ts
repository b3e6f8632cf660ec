// Signs on canvases: each has a shape of its own, so that none is told by colour alone.

export type Sign = "dot" | "square" | "diamond" | "triangle" | "wedge" | "cross" | "right" | "left";

/** Adds the sign to the path; the caller fills it (cross: strokes it). */
export function sign(ctx: CanvasRenderingContext2D, of: Sign, x: number, y: number, r: number) {
  switch (of) {
    case "dot":
      ctx.moveTo(x + r, y);
      ctx.arc(x, y, r, 0, 7);
      return;
    case "square":
      ctx.rect(x - r, y - r, 2 * r, 2 * r);
      return;
    case "cross":
      ctx.moveTo(x - r, y - r);
      ctx.lineTo(x + r, y + r);
      ctx.moveTo(x - r, y + r);
      ctx.lineTo(x + r, y - r);
      return;
    default: {
      const points = CORNERS[of];
      ctx.moveTo(x + points[0]![0] * r, y + points[0]![1] * r);
      for (const [dx, dy] of points.slice(1)) ctx.lineTo(x + dx * r, y + dy * r);
      ctx.closePath();
    }
  }
}

const CORNERS: Record<"diamond" | "triangle" | "wedge" | "right" | "left", readonly (readonly [number, number])[]> = {
  diamond: [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]],
  triangle: [[0, -1.1], [1.1, 0.9], [-1.1, 0.9]],
  wedge: [[0, 1.1], [1.1, -0.9], [-1.1, -0.9]],
  right: [[1.2, 0], [-0.9, -1.1], [-0.9, 1.1]],
  left: [[-1.2, 0], [0.9, -1.1], [0.9, 1.1]],
};

/** A sign for the page's text, as a path for SVG in a box from 0 to 12. */
export function signPath(of: Sign): string {
  const c = 6;
  const r = 4;
  switch (of) {
    case "dot":
      return `M${c - r} ${c}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
    case "square":
      return `M${c - r} ${c - r}h${2 * r}v${2 * r}h${-2 * r}z`;
    case "cross":
      return `M${c - r} ${c - r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`;
    default:
      return CORNERS[of].map(([dx, dy], i) => `${i ? "L" : "M"}${c + dx * r} ${c + dy * r}`).join("") + "z";
  }
}
