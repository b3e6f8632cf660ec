// The details of one record as a tree; the chosen field's bytes are marked in the bytes pane, and the other way round.
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { visible } from "../../format";
import type { Node } from "../../types";

/** A node with its place in the tree, such as "0.3.1". */
export interface Item {
  path: string;
  depth: number;
  node: Node;
}

/** The path of the smallest node that has a byte of a buffer. */
export function nodeAt(tree: readonly Node[], buffer: number, offset: number): string | undefined {
  let best: { path: string; length: number } | undefined;
  const walk = (nodes: readonly Node[], above: string) =>
    nodes.forEach((node, i) => {
      const path = above ? `${above}.${i}` : String(i);
      const from = node.offset ?? 0;
      const length = node.length ?? 0;
      if ((node.buffer ?? 0) === buffer && length > 0 && offset >= from && offset < from + length && (!best || length < best.length)) best = { path, length };
      if (node.children) walk(node.children, path);
    });
  walk(tree, "");
  return best?.path;
}

export function nodeOf(tree: readonly Node[], path: string): Node | undefined {
  let nodes: readonly Node[] = tree;
  let node: Node | undefined;
  for (const step of path.split(".")) {
    node = nodes[Number(step)];
    nodes = node?.children ?? [];
  }
  return node;
}

interface Props {
  tree: readonly Node[];
  chosen: string;
  choose: (path: string) => void;
  menu: (at: { x: number; y: number }, node: Node) => void;
}

// What is open stays open from record to record, by the label of the top node or the name of the field.
const opened = new Map<string, boolean>();
const keyOf = (item: { depth: number; node: Node }) => item.node.name || item.node.label.replace(/[\d:].*$/, "");

export function Details({ tree, chosen, choose, menu }: Props) {
  const [, draw] = useState(0);
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  // The last layer is what the record is about.
  const isOpen = (item: Item) => opened.get(keyOf(item)) ?? item.path === String(tree.length - 1);
  const items = useMemo(() => {
    const out: Item[] = [];
    const walk = (nodes: readonly Node[], above: string, depth: number) =>
      nodes.forEach((node, i) => {
        const item = { path: above ? `${above}.${i}` : String(i), depth, node };
        out.push(item);
        if (node.children?.length && isOpen(item)) walk(node.children, item.path, depth + 1);
      });
    walk(tree, "", 0);
    return out;
  }, [tree, opened.size, chosen, draw, [...opened.values()].join()]);

  const set = (item: Item, open: boolean) => {
    opened.set(keyOf(item), open);
    draw((n) => n + 1);
  };
  // A node chosen from the bytes may be in a closed one.
  useEffect(() => {
    if (!chosen) return;
    const steps = chosen.split(".");
    let changed = false;
    for (let n = 1; n < steps.length; n++) {
      const node = nodeOf(tree, steps.slice(0, n).join("."));
      if (node && !opened.get(keyOf({ depth: n - 1, node }))) {
        opened.set(keyOf({ depth: n - 1, node }), true);
        changed = true;
      }
    }
    if (changed) draw((n) => n + 1);
    requestAnimationFrame(() => document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: "nearest" }));
  }, [chosen, tree]);

  const at = items.findIndex((item) => item.path === chosen);
  const keydown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const item = items[at];
    const go = (i: number) => items[i] && choose(items[i].path);
    switch (event.key) {
      case "ArrowDown":
      case "j":
        go(at + 1);
        break;
      case "ArrowUp":
      case "k":
        go(Math.max(at - 1, 0));
        break;
      case "Home":
        go(0);
        break;
      case "End":
        go(items.length - 1);
        break;
      case "ArrowRight":
        if (item?.node.children?.length) isOpen(item) ? go(at + 1) : set(item, true);
        break;
      case "ArrowLeft":
        if (item && isOpen(item) && item.node.children?.length) set(item, false);
        else if (item?.path.includes(".")) choose(item.path.replace(/\.\d+$/, ""));
        break;
      case "Enter":
      case " ":
        if (item?.node.children?.length) set(item, !isOpen(item));
        break;
      case "*":
        for (const one of items) if (one.node.children?.length) opened.set(keyOf(one), true);
        draw((n) => n + 1);
        break;
      case "ContextMenu":
      case "m": {
        const line = item && document.getElementById(`${id}-${item.path}`)?.getBoundingClientRect();
        if (item && line) menu({ x: line.left + 20, y: line.bottom }, item.node);
        break;
      }
      default:
        if (event.key !== "F10" || !event.shiftKey) return;
        const line = item && document.getElementById(`${id}-${item.path}`)?.getBoundingClientRect();
        if (item && line) menu({ x: line.left + 20, y: line.bottom }, item.node);
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div ref={box} class="details" role="tree" aria-label="Details" tabIndex={0} aria-activedescendant={at >= 0 ? `${id}-${chosen}` : undefined} onKeyDown={keydown}>
      {items.map((item) => {
        const has = (item.node.children?.length ?? 0) > 0;
        const open = has && isOpen(item);
        return (
          <div
            key={item.path}
            id={`${id}-${item.path}`}
            role="treeitem"
            aria-level={item.depth + 1}
            aria-expanded={has ? open : undefined}
            aria-selected={item.path === chosen}
            class={`node${item.depth === 0 ? " layer" : ""}${item.path === chosen ? " selected" : ""}`}
            style={{ paddingLeft: `${6 + item.depth * 14}px` }}
            title={item.node.name}
            onClick={() => choose(item.path)}
            onDblClick={() => has && set(item, !open)}
            onContextMenu={(event) => {
              event.preventDefault();
              choose(item.path);
              menu({ x: event.clientX, y: event.clientY }, item.node);
            }}
          >
            <span
              class="twist"
              aria-hidden="true"
              onClick={(event) => {
                event.stopPropagation();
                if (has) set(item, !open);
              }}
            >
              {has ? (open ? "▾" : "▸") : ""}
            </span>
            {item.node.warning && <strong class="failed">▲ </strong>}
            {visible(item.node.label)}
            {item.node.note && <span class="dim"> [{visible(item.node.note)}]</span>}
          </div>
        );
      })}
    </div>
  );
}
