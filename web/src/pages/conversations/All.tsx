import { useEffect, useState } from "preact/hooks";
import { usePages } from "../../data";
import { plural } from "../../format";
import { Grid } from "../../parts/Grid";
import { Failed, Loading } from "../../parts/States";
import { link, navigate, patchRoute, type Params } from "../../route";
import { useStatus } from "../../shell/Status";
import type { Case, Conversation } from "../../types";
import { columns } from "./columns";

/** All conversations in one list, sorted by the server. */
export function All({ current, params, choose }: { current: Case; params: Params; choose: (c: Conversation | undefined) => void }) {
  const sort = params.get("sort") || "id";
  const desc = params.get("desc") === "1";
  const pages = usePages<Conversation>(`cases/${current.id}/conversations`, { sort: sort === "id" ? "" : sort, desc, q: params.get("q"), filter: params.get("filter") }, current.revision);
  const [selected, select] = useState(-1);
  const row = selected >= 0 ? pages.row(selected) : undefined;
  useEffect(() => choose(row), [row]);
  useEffect(() => select(-1), [pages]);
  // A link to one conversation: it is the row of its number when the list has the usual order.
  const wanted = params.number("conversation");
  useEffect(() => {
    if (wanted !== undefined && sort === "id" && !desc && !params.get("q") && !params.get("filter")) select(wanted);
  }, [wanted, pages]);
  useStatus(pages.loaded ? plural(pages.total, "conversation") : "");
  if (pages.error && !pages.loaded) return <Failed error={pages.error} />;
  if (!pages.loaded) return <Loading what="getting the conversations" />;
  return (
    <>
      {pages.total === 0 && <p class="state">No conversation{params.get("q") || params.get("filter") ? " is like that" : ""}.</p>}
      <Grid
        label="Conversations"
        columns={columns}
        total={pages.total}
        row={(i) => pages.row(i)}
        selected={selected}
        onSelect={select}
        onOpen={(_, c) => navigate(link("records", { filter: `conv.id == ${c.id}` }))}
        order={{ column: sort, desc }}
        onOrder={(order) => patchRoute({ sort: order.column === "id" ? undefined : order.column, desc: order.desc ? 1 : undefined })}
      />
    </>
  );
}
