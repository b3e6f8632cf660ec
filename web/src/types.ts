// Shapes of answers. Lines are those of `wiretale -T jsonl`: docs/jsonl.md says what each field means.

/** ISO 8601 in UTC with nanoseconds, or nanoseconds since 1970. */
export type Time = string | bigint | number;

export interface CaseFile {
  name: string;
  bytes: number;
  uploaded: boolean;
}

export interface Case {
  id: string;
  name: string;
  files: CaseFile[];
  state: "reading" | "done" | "failed" | "cancelled";
  read: number;
  bytes: number;
  records: number;
  /** The list of records is complete; until then `records` grows. */
  indexed?: boolean;
  error?: string;
  /** What to do about the error. */
  suggestion?: string;
  preliminary: boolean;
  revision: number;
}

export interface Root {
  version: number;
  product: string;
  static: boolean;
  cases: Case[];
}

export interface Paged<T> {
  total: number;
  complete: boolean;
  rows: T[];
}

export interface Place {
  source: number;
  frame: number;
  offset?: number;
}

export interface Owner {
  pid: number;
  name?: string;
}

export interface Fact {
  name: string;
  value: string;
}

export type Severity = "note" | "warning" | "error";

interface FindingBody {
  rule: string;
  severity: Severity;
  confidence: "possible" | "likely" | "proven";
  summary: string;
  cost_ns: number;
  count: number;
  where?: Place[];
  elsewhere?: { source: number; summary: string; cost_ns: number; count: number; where?: Place[] }[];
  conversations?: number[];
  host?: string;
  facts?: Fact[];
  ruled_out?: string[];
  fix?: string[];
  next_capture?: string[];
  filter?: string;
}

export interface Finding extends FindingBody {
  kind: "finding";
  id?: string | number;
  rank: number;
  title: string;
  between?: string;
  parts?: FindingBody[];
  process?: Owner;
  netmon_filter?: string;
  silences?: string[];
}

export interface Spending {
  kind: "spending";
  conversation: number;
  from: string;
  duration_ns: number;
  lost_ns: number;
  [stage: `${string}_ns`]: number;
}

export interface Source {
  kind: "source";
  source: number;
  name: string;
  format: string;
  format_note?: string;
  compression?: string;
  bytes?: number;
  records: number;
  packets: number;
  events: number;
  timed: boolean;
  first?: string;
  last?: string;
  duration_ns?: number;
  hardware?: string;
  os?: string;
  application?: string;
  comments?: string[];
  filters?: string[];
  malformed: number;
  undecoded: number;
  sightings?: number;
  drops_only?: number;
  interfaces?: { id: number; name?: string; link: string; packets: number; dropped?: number; snap_len?: number; filter?: string }[];
  session?: { events_lost?: number; buffers_lost?: number; finalised?: boolean };
  [more: string]: unknown;
}

export interface Withheld {
  kind: "withheld";
  rule: string;
  because: string;
  why?: string;
  conversations: number;
  first?: number;
}

export interface Summary {
  kind: "summary";
  sources: number;
  records: number;
  packets: number;
  events: number;
  conversations: number;
  processes: number;
  calls: number;
  joins: number;
  findings: number;
  withheld: number;
  damaged: boolean;
}

export interface Loss {
  kind: "loss";
  [more: string]: unknown;
}

export interface Line {
  kind: string;
  [more: string]: unknown;
}

export interface End {
  address: string;
  packets: number;
  bytes: number;
  payload: number;
  retransmissions: number;
  out_of_order: number;
  gaps: number;
  dup_acks: number;
  zero_windows: number;
  [more: string]: unknown;
}

export interface Conversation {
  kind: "conversation";
  id: number;
  source: number;
  proto: string;
  stream?: number;
  a: End;
  b: End;
  opened: boolean;
  process?: Owner;
  owner_join?: string;
  first?: Place;
  last?: Place;
  time?: string;
  duration_ns?: number;
  rtt_ns?: number;
  packets: number;
  bytes: number;
  retransmissions: number;
  end?: string;
}

export interface Process {
  kind: "process";
  source: number;
  pid: number;
  parent?: number;
  name?: string;
  command_line?: string;
  conversations?: number[];
  packets?: number;
  bytes?: number;
  [more: string]: unknown;
}

export interface Request {
  kind: "request";
  source: number;
  conversation: number;
  client: string;
  server: string;
  protocol: string;
  command: string;
  name?: string;
  offset?: number;
  asked_bytes?: number;
  moved_bytes?: number;
  answer_bytes: number;
  depth: number;
  repeats?: number;
  waits?: boolean;
  status?: string;
  failed?: boolean;
  text?: string;
  time?: string;
  frame: number;
  sent_frame: number;
  first_frame?: number;
  last_frame?: number;
  service_ns?: number;
  transfer_ns?: number;
  whole_ns?: number;
}

export interface ListRow {
  index: number;
  source: number;
  frame: number;
  time?: Time | null;
  src?: string;
  dst?: string;
  protocol: string;
  length: number;
  info: string;
  kind: string;
  conversation?: number;
  process?: Owner;
  mark?: string;
}

export interface Node {
  name?: string;
  label: string;
  value?: string;
  /** The display filter for this value, when the server says it. */
  filter?: string;
  /** What is to be known of it: "from the conversation". */
  note?: string;
  /** Says what is wrong with the record. */
  warning?: boolean;
  buffer?: number;
  offset?: number;
  length?: number;
  children?: Node[];
}

export interface Details {
  row: ListRow;
  line: Line;
  tree?: Node[];
  bytes: { name: string; data: string }[];
}

export interface Block {
  from: "a" | "b";
  time?: Time;
  frame: number;
  offset: number;
  length: number;
  data: string;
  missing?: number;
  mark?: string;
}
