// Links to places of other pages.
import { link } from "../route";
import type { Place } from "../types";

/** A record: its number, with the source before it when there are several. */
export function FrameLink({ place, several, filter }: { place: Place; several?: boolean; filter?: string }) {
  const text = several ? `${sourceName(place.source)}:${place.frame}` : String(place.frame);
  return (
    <a class="frame" href={link("records", { frame: `${place.source}:${place.frame}`, filter })} aria-label={`record ${text}`}>
      {text}
    </a>
  );
}

/** Sources by letter, as the command line has them: a, b, ... */
export function sourceName(source: number): string {
  return source < 26 ? String.fromCharCode(97 + source) : `s${source}`;
}

export function ConversationLinks({ id }: { id: number }) {
  return (
    <span class="links">
      <a href={link("timeline", { conversation: id })}>timeline</a> <a href={link("ladder", { conversation: id })}>ladder</a>{" "}
      <a href={link("plots", { conversation: id })}>plots</a> <a href={link("follow", { conversation: id })}>follow</a>
    </span>
  );
}
