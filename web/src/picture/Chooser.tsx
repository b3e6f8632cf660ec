// Which conversation or process a picture is of.
import { useData } from "../data";
import { count, visible } from "../format";
import { patchRoute } from "../route";
import type { Conversation, Paged, Process } from "../types";

const LISTED = 200;

interface Props {
  caseID: string;
  revision: number;
  conversation: number | undefined;
  process?: string;
  /** Also processes can be chosen. */
  processes?: boolean;
  /** Other parameters to leave behind, since they are of what was chosen before. */
  forget?: readonly string[];
}

export function ends(c: Conversation): string {
  return `${c.proto} ${visible(c.a.address)} → ${visible(c.b.address)}`;
}

export function useConversations(caseID: string, revision: number): Conversation[] {
  return useData<Paged<Conversation>>(`cases/${caseID}/conversations`, { sort: "packets", desc: true, limit: LISTED }, revision).data?.rows ?? [];
}

export function Chooser({ caseID, revision, conversation, process = "", processes, forget = [] }: Props) {
  const list = useConversations(caseID, revision);
  const owners = useData<Paged<Process & { nth?: number }>>(processes ? `cases/${caseID}/processes` : "", { limit: LISTED }, revision).data?.rows ?? [];
  const chosen = process ? `p${process}` : conversation === undefined ? "" : `c${conversation}`;
  const known = chosen === "" || chosen[0] === "p" || list.some((c) => c.id === conversation);
  const choose = (value: string) => {
    const patch: Record<string, string | undefined> = { conversation: undefined, process: undefined, source: undefined, nth: undefined, offset: undefined, frame: undefined };
    for (const name of forget) patch[name] = undefined;
    if (value[0] === "c") patch["conversation"] = value.slice(1);
    else if (value[0] === "p") [patch["process"], patch["source"], patch["nth"]] = value.slice(1).split(".");
    patchRoute(patch);
  };
  return (
    <select class="chooser" aria-label={processes ? "Conversation or process" : "Conversation"} value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
      <option value="">{processes ? "the one of the first finding" : "the usual one"}</option>
      {!known && <option value={chosen}>conversation {conversation}</option>}
      <optgroup label={list.length === LISTED ? `Conversations with most packets` : "Conversations"}>
        {list.map((c) => (
          <option key={c.id} value={`c${c.id}`}>
            {c.id}: {ends(c)} · {count(c.packets)} packets
          </option>
        ))}
      </optgroup>
      {processes && owners.length > 0 && (
        <optgroup label="Processes">
          {owners.map((p) => {
            const value = [p.pid, p.source, p.nth ?? ""].join(".").replace(/\.$/, "");
            return (
              <option key={value} value={`p${value}`}>
                {visible(p.name ?? "process")} ({p.pid}){p.nth ? `, use ${p.nth + 1} of the number` : ""}
              </option>
            );
          })}
        </optgroup>
      )}
    </select>
  );
}
