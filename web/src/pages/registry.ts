// The pages, in the order of the navigation; one line each. A page is a folder beside this file.
import type { FunctionComponent } from "preact";
import type { Params } from "../route";
import type { Case } from "../types";
import { Compare } from "./compare/Compare";
import { Conversations } from "./conversations/Conversations";
import { Findings } from "./findings/Findings";
import { Follow } from "./follow/Follow";
import { IO } from "./io/IO";
import { Ladder } from "./ladder/Ladder";
import { Plots } from "./plots/Plots";
import { Points } from "./points/Points";
import { Records } from "./records/Records";
import { Requests } from "./requests/Requests";
import { Timeline } from "./timeline/Timeline";

export interface PageProps {
  /** The case that is looked at; `revision` grows when there are new findings or records: give it to useData. */
  current: Case;
  /** The state of the view. Change it with patchRoute. */
  params: Params;
}

export interface Page {
  id: string;
  title: string;
  /** Key that opens it. */
  key: string;
  component: FunctionComponent<PageProps>;
  /** Not in the navigation: reached by a link from elsewhere. */
  hidden?: boolean;
}

export const pages: readonly Page[] = [
  { id: "findings", title: "Findings", key: "1", component: Findings },
  { id: "records", title: "Records", key: "2", component: Records },
  { id: "conversations", title: "Conversations", key: "3", component: Conversations },
  { id: "requests", title: "Requests", key: "4", component: Requests },
  { id: "timeline", title: "Timeline", key: "5", component: Timeline },
  { id: "ladder", title: "Ladder", key: "6", component: Ladder },
  { id: "plots", title: "Plots", key: "7", component: Plots },
  { id: "io", title: "IO graph", key: "8", component: IO },
  { id: "points", title: "Points", key: "9", component: Points },
  { id: "compare", title: "Compare", key: "shift+c", component: Compare },
  { id: "follow", title: "Follow", key: "shift+f", component: Follow, hidden: true },
];
