// Links to places of other pages.
import { visible } from "../format";
import { link } from "../route";
import type { Place } from "../types";

/** A record: its number, with the source before it when there are several: by its name where there is room for it, else by its letter. */
export function FrameLink({ place, several, names, filter }: { place: Place; several?: boolean; names?: readonly string[]; filter?: string }) {
  const source = names?.length ? (names[place.source] ?? sourceName(place.source)) : several ? sourceName(place.source) : "";
  const text = source ? `${visible(source)}:${place.frame}` : String(place.frame);
  return (
    <a class="frame" href={link("records", { frame: `${place.source}:${place.frame}`, filter })} aria-label={`record ${text}`}>
      {text}
    </a>
  );
}

/** Sources by letter, where there is no room for their names: a, b, ... */
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
