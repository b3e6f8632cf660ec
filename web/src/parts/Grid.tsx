// A table of any length: header with sorting, one row selected, keyboard as in a packet list.
import type { ComponentChildren, Ref } from "preact";
import { useEffect, useId, useImperativeHandle, useRef } from "preact/hooks";
import { VirtualList, type ListHandle } from "./VirtualList";

export interface Column<T> {
  id: string;
  title: string;
  /** Width as of CSS grid-template-columns; default "1fr". */
  width?: string;
  /** Least width in pixels, for the table as a whole; default 60. */
  least?: number;
  right?: boolean;
  sort?: boolean;
  /** Left out on narrow screens. */
  wide?: boolean;
  cell: (row: T, i: number) => ComponentChildren;
}

export interface Order {
  column: string;
  desc: boolean;
}

export interface GridHandle {
  reveal: (i: number) => void;
  focus: () => void;
}

interface Props<T> {
  label: string;
  columns: readonly Column<T>[];
  total: number;
  row: (i: number) => T | undefined;
  selected?: number;
  onSelect?: (i: number, row: T | undefined) => void;
  /** Enter or a double click on a row. */
  onOpen?: (i: number, row: T) => void;
  /** The context menu of a cell, by mouse or by the menu key. */
  onMenu?: (at: { x: number; y: number }, row: T, column: Column<T> | undefined) => void;
  order?: Order;
  onOrder?: (order: Order) => void;
  rowClass?: (row: T) => string;
  rowHeight?: number;
  handle?: Ref<GridHandle>;
  /** Of a tree: how deep a row is, from 1, and whether it is open; undefined when nothing is below it. */
  tree?: (row: T) => { level: number; expanded: boolean | undefined };
  /** → and ← in a tree, and a click on a sign of `twist`. */
  onExpand?: (row: T, open: boolean) => void;
  onView?: (first: number, last: number) => void;
}

const HEADER = 26;

export function Grid<T>(props: Props<T>) {
  const { label, columns, total, row, selected = -1, onSelect, onOpen, onMenu, order, onOrder, rowClass, rowHeight = 22, handle, tree, onExpand, onView } = props;
  const list = useRef<ListHandle>(null);
  const id = useId();
  useImperativeHandle(handle ?? null, () => ({
    reveal: (i) => list.current?.reveal(i),
    focus: () => list.current?.focus(),
  }), []);
  useEffect(() => {
    if (selected >= 0) list.current?.reveal(selected);
  }, [selected]);

  const select = (i: number) => {
    const to = Math.min(Math.max(i, 0), total - 1);
    if (to >= 0) onSelect?.(to, row(to));
  };
  const menu = (x: number, y: number, i: number, column: Column<T> | undefined) => {
    const data = row(i);
    if (data !== undefined) onMenu?.({ x, y }, data, column);
  };
  const keydown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.altKey || event.metaKey) return;
    const fits = list.current?.fits() ?? 10;
    const steps: Record<string, number> = { ArrowDown: selected + 1, j: selected + 1, ArrowUp: selected - 1, k: selected - 1, PageDown: selected + fits, PageUp: selected - fits, Home: 0, g: 0, End: total - 1, G: total - 1 };
    const to = steps[event.key];
    if (to !== undefined && !(event.shiftKey && event.key !== "G")) {
      select(to);
    } else if (event.key === "Enter" && selected >= 0) {
      const data = row(selected);
      if (data !== undefined) onOpen?.(selected, data);
    } else if (tree && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      const data = row(selected);
      const is = data === undefined ? undefined : tree(data);
      if (data !== undefined && is?.expanded === (event.key === "ArrowLeft")) onExpand?.(data, !is.expanded);
      else if (event.key === "ArrowRight" && is?.expanded) select(selected + 1);
      else if (event.key === "ArrowLeft" && is && is.level > 1) {
        let above = selected - 1;
        for (let r = row(above); above > 0 && r !== undefined && tree(r).level >= is.level; r = row(above)) above--;
        select(above);
      }
    } else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey) || event.key === "m") {
      const line = document.getElementById(`${id}-${selected}`)?.getBoundingClientRect();
      if (!onMenu || !line) return;
      menu(Math.max(line.left, 0) + 40, line.bottom, selected, undefined);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const template = columns.map((c) => `minmax(${c.least ?? 60}px, ${c.width ?? "1fr"})`).join(" ");
  const narrow = columns.filter((c) => !c.wide).map((c) => `minmax(${c.least ?? 60}px, ${c.width ?? "1fr"})`).join(" ");
  const sum = (list: readonly Column<T>[]) => list.reduce((all, c) => all + Math.max(c.least ?? 60, parseInt(c.width?.endsWith("px") ? c.width : "0")), 0);
  const sizes = { "--columns": template, "--columns-narrow": narrow, "--least": `${sum(columns)}px`, "--least-narrow": `${sum(columns.filter((c) => !c.wide))}px` };
  const cellClass = (c: Column<T>) => `cell${c.right ? " right" : ""}${c.wide ? " wide" : ""}`;

  const header = (
    <div class="grow ghead" role="row" aria-rowindex={1}>
      {columns.map((c) => {
        const sorted = order?.column === c.id ? (order.desc ? "descending" : "ascending") : undefined;
        return (
          <div key={c.id} class={cellClass(c)} role="columnheader" aria-sort={sorted}>
            {c.sort && onOrder ? (
              <button type="button" class="plain" onClick={() => onOrder({ column: c.id, desc: sorted === "ascending" })}>
                {c.title}
                <span aria-hidden="true">{sorted ? (sorted === "ascending" ? " ▲" : " ▼") : ""}</span>
              </button>
            ) : (
              c.title
            )}
          </div>
        );
      })}
    </div>
  );
  return (
    <VirtualList
      total={total}
      rowHeight={rowHeight}
      handle={list}
      class="grid"
      header={header}
      headerHeight={HEADER}
      onView={onView}
      attributes={{
        role: tree ? "treegrid" : "grid",
        "aria-label": label,
        "aria-rowcount": total + 1,
        "aria-readonly": "true",
        "aria-activedescendant": selected >= 0 ? `${id}-${selected}` : undefined,
        style: sizes,
        onKeyDown: keydown,
      }}
      row={(i) => {
        const data = row(i);
        return (
          <div
            id={`${id}-${i}`}
            class={`grow ${i === selected ? "selected" : ""} ${i % 2 ? "odd" : ""} ${data !== undefined ? (rowClass?.(data) ?? "") : "coming"}`}
            role="row"
            aria-rowindex={i + 2}
            aria-selected={i === selected}
            aria-level={tree && data !== undefined ? tree(data).level : undefined}
            aria-expanded={tree && data !== undefined ? tree(data).expanded : undefined}
            onMouseDown={(event) => event.button === 0 && select(i)}
            onDblClick={() => data !== undefined && onOpen?.(i, data)}
          >
            {columns.map((c, n) => (
              <div
                key={c.id}
                class={cellClass(c)}
                role="gridcell"
                onContextMenu={(event) => {
                  if (!onMenu || data === undefined) return;
                  event.preventDefault();
                  select(i);
                  menu(event.clientX, event.clientY, i, c);
                }}
              >
                {data !== undefined ? c.cell(data, i) : n === 0 ? "…" : ""}
              </div>
            ))}
          </div>
        );
      }}
    />
  );
}
