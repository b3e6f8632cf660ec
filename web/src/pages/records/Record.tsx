// The details and the bytes of the record that is chosen.
import { useEffect, useState } from "preact/hooks";
import { useData } from "../../data";
import { visible } from "../../format";
import { Split } from "../../parts/Split";
import { tabKey } from "../../parts/tabs";
import { Empty, Failed, Loading } from "../../parts/States";
import type { Details as Answer, ListRow, Node } from "../../types";
import { Bytes } from "./Bytes";
import { Details, nodeAt, nodeOf } from "./Details";

// Rows that are only passed, by a key held down, are not asked for.
const REST_MS = 60;
const NONE: readonly Node[] = [];

export function Record({ id, row, menu }: { id: string; row: ListRow | undefined; menu: (at: { x: number; y: number }, node: Node) => void }) {
  const [index, setIndex] = useState<number>();
  const [chosen, choose] = useState("");
  const [byte, setByte] = useState<{ buffer: number; offset: number }>();
  const [buffer, setBuffer] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => setIndex(row?.index), REST_MS);
    return () => clearTimeout(timer);
  }, [row?.index]);
  const answer = useData<Answer>(index === undefined ? "" : `cases/${id}/rows/${index}`);
  // While the next record is on its way the one before stays, so that nothing flickers.
  const [shown, show] = useState<Answer>();
  useEffect(() => {
    if (answer.data) {
      show(answer.data);
      setByte(undefined);
      // The same field of the next record, when it has it.
      if (chosen && !nodeOf(answer.data.tree ?? NONE, chosen)) choose("");
      if (buffer >= answer.data.bytes.length) setBuffer(0);
    }
  }, [answer.data]);
  const tree = shown?.tree ?? NONE;
  if (answer.error) return <Failed error={answer.error} />;
  if (!shown || index === undefined) return row ? <Loading /> : <Empty>Choose a record.</Empty>;

  const node = chosen ? nodeOf(tree, chosen) : undefined;
  const marked = node && (node.buffer ?? 0) === buffer && (node.length ?? 0) > 0 ? { from: node.offset ?? 0, length: node.length! } : byte && byte.buffer === buffer ? { from: byte.offset, length: 1 } : { from: 0, length: 0 };
  const chooseNode = (path: string) => {
    const next = nodeOf(tree, path);
    choose(path);
    if (next && (next.length ?? 0) > 0 && next.buffer !== undefined && next.buffer < shown.bytes.length) setBuffer(next.buffer);
  };
  const chooseByte = (offset: number) => {
    setByte({ buffer, offset });
    choose(nodeAt(tree, buffer, offset) ?? "");
  };
  const bytes = shown.bytes[buffer];
  return (
    <Split name="record" label="Width of the details" direction="columns" share={55}>
      <Details tree={tree} chosen={chosen} choose={chooseNode} menu={menu} />
      <div class="pane">
        {shown.bytes.length > 1 && (
          <div class="tabs" role="tablist" aria-label="Bytes of">
            {shown.bytes.map((one, i) => (
              <button key={i} type="button" role="tab" aria-selected={i === buffer} tabIndex={i === buffer ? 0 : -1} onClick={() => setBuffer(i)} onKeyDown={(event) => tabKey(event, i, shown.bytes.length, setBuffer)}>
                {visible(one.name)}
              </button>
            ))}
          </div>
        )}
        {bytes ? <Bytes name={visible(bytes.name)} data={bytes.data} from={marked.from} length={marked.length} choose={chooseByte} /> : <Empty>No bytes.</Empty>}
      </div>
    </Split>
  );
}
