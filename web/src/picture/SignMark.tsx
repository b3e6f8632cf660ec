import { signPath, type Sign } from "./signs";

/** A sign in a line of text, in the colour that is given. */
export function SignMark({ sign, color }: { sign: Sign; color: string }) {
  const cross = sign === "cross";
  return (
    <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
      <path d={signPath(sign)} fill={cross ? "none" : color} stroke={color} stroke-width={cross ? 2 : 0} />
    </svg>
  );
}
