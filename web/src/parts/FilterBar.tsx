// The display filter: completion from the fields, checked while it is typed, history.
import "./filter.css";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { APIError, get, isStatic } from "../api";
import { visible } from "../format";
import { useKeys } from "../keys";
import { store, stored } from "../stored";

interface Field {
  name: string;
  type: string;
  meaning: string;
}

interface Props {
  value: string;
  apply: (filter: string) => void;
  /** Name for people; also what Ctrl-F's help says. */
  label?: string;
  /** Keys that move the focus here; one bar of a page has them. */
  keys?: boolean;
}

type Check = { state: "empty" | "asking" | "good" } | { state: "bad"; message: string; column?: number; suggestion?: string };
type Option = { text: string; note: string };

const HISTORY = 25;
const CHECK_MS = 220;

function history(): string[] {
  try {
    const list: unknown = JSON.parse(stored("filters") || "[]");
    return Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

/** Puts a filter at the head of the history. */
export function remember(filter: string) {
  if (!filter) return;
  store("filters", JSON.stringify([filter, ...history().filter((one) => one !== filter)].slice(0, HISTORY)));
}

/** The name that is being typed: what is before the cursor, and where it begins. */
function wordAt(text: string, cursor: number): { from: number; word: string } {
  const before = text.slice(0, cursor);
  if ((before.match(/"/g)?.length ?? 0) % 2 === 1) return { from: cursor, word: "" };
  const word = /[A-Za-z][\w.]*$/.exec(before)?.[0] ?? "";
  return { from: cursor - word.length, word };
}

export function FilterBar({ value, apply, label = "Display filter", keys = true }: Props) {
  const [text, setText] = useState(value);
  const [check, setCheck] = useState<Check>({ state: "empty" });
  const [options, setOptions] = useState<readonly Option[]>([]);
  const [at, setAt] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const asked = useRef(0);
  const closing = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const id = useId();
  useEffect(() => setText(value), [value]);
  useKeys("Filter", keys ? [{ key: "/", help: "go to the display filter", run: () => input.current?.select() }] : []);

  useEffect(() => {
    const filter = text.trim();
    if (!filter || isStatic) return setCheck({ state: "empty" });
    const controller = new AbortController();
    setCheck({ state: "asking" });
    const timer = setTimeout(() => {
      get("filter", { filter }, controller.signal).then(
        () => setCheck({ state: "good" }),
        (error: Error) => {
          if (controller.signal.aborted) return;
          setCheck(error instanceof APIError ? { state: "bad", message: error.message, column: error.column, suggestion: error.suggestion } : { state: "bad", message: error.message });
        },
      );
    }, CHECK_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text]);

  const close = () => {
    asked.current++;
    setOptions([]);
    setAt(-1);
  };
  const complete = async (now: string, cursor: number) => {
    const { word } = wordAt(now, cursor);
    const turn = ++asked.current;
    if (word.length < 2) return close();
    try {
      const { fields } = await get<{ fields: Field[] }>("fields", { prefix: word, limit: 20 });
      if (turn !== asked.current) return;
      setOptions(fields.filter((f) => f.name !== word).map((f) => ({ text: f.name, note: `${f.meaning} (${f.type})` })));
      setAt(-1);
    } catch {
      close();
    }
  };
  const showHistory = () => {
    clearTimeout(closing.current); // the click took the focus from the field
    asked.current++;
    setOptions(history().map((one) => ({ text: one, note: "" })));
    setAt(-1);
    input.current?.focus();
  };
  const take = (option: Option) => {
    const cursor = input.current?.selectionStart ?? text.length;
    const { from } = wordAt(text, cursor);
    const next = option.note ? text.slice(0, from) + option.text + text.slice(cursor) : option.text;
    const end = option.note ? from + option.text.length : next.length;
    setText(next);
    close();
    queueMicrotask(() => {
      input.current?.focus();
      input.current?.setSelectionRange(end, end);
    });
  };
  const done = (filter: string) => {
    close();
    remember(filter.trim());
    apply(filter.trim());
  };
  const keydown = (event: KeyboardEvent) => {
    const n = options.length;
    if (event.key === "ArrowDown") n ? setAt((at + 1) % n) : showHistory();
    else if (event.key === "ArrowUp" && n) setAt((at + n) % (n + 1) === n ? -1 : at <= 0 ? n - 1 : at - 1);
    else if (event.key === "Tab" && n && !event.shiftKey) take(options[Math.max(at, 0)]!);
    else if (event.key === "Enter") at >= 0 && options[at] ? take(options[at]) : done(text);
    else if (event.key === "Escape" && n) close();
    else if (event.key === "Escape" && text !== value) setText(value);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const bad = check.state === "bad" ? check : undefined;
  if (isStatic) return <p class="filter-bar dim">This report shows the records that it holds; “wiretale serve” can filter all of them.</p>;
  return (
    <form
      class={`filter-bar ${check.state}`}
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        done(text);
      }}
    >
      <div class="filter-box">
        <span class="filter-sign" aria-hidden="true">
          {{ empty: "⌕", asking: "…", good: "✓", bad: "✕" }[check.state]}
        </span>
        <input
          ref={input}
          type="text"
          role="combobox"
          aria-label={label}
          aria-expanded={options.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
          aria-invalid={bad ? "true" : undefined}
          aria-describedby={`${id}-said`}
          placeholder='display filter, such as tcp.port == 443 or http'
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            void complete(event.currentTarget.value, event.currentTarget.selectionStart ?? 0);
          }}
          onKeyDown={keydown}
          onFocus={() => clearTimeout(closing.current)}
          onBlur={() => {
            closing.current = setTimeout(close, 150);
          }}
        />
        <ul id={`${id}-list`} class="options" role="listbox" aria-label={`${label}: suggestions`} hidden={!options.length}>
          {options.map((option, i) => (
            <li
              key={option.text}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === at}
              onMouseDown={(event) => {
                event.preventDefault();
                take(option);
              }}
            >
              <code>{option.text}</code> <span class="dim">{option.note}</span>
            </li>
          ))}
        </ul>
      </div>
      <button type="button" class="small" onClick={showHistory} title="Filters used before" aria-label="Filters used before">
        ▾
      </button>
      <button type="submit" class="small">
        Apply
      </button>
      {(text || value) && (
        <button
          type="button"
          class="small"
          onClick={() => {
            setText("");
            done("");
          }}
        >
          Clear
        </button>
      )}
      <p id={`${id}-said`} class="filter-said" role="status">
        {bad && (
          <>
            ✕ {visible(bad.message)}
            {bad.column ? `, at column ${bad.column}` : ""}
            {bad.suggestion && <Meant suggestion={bad.suggestion} use={(name) => setText(replaceWord(text, bad.column, name))} />}
          </>
        )}
      </p>
    </form>
  );
}

/** What was probably meant; a name is put in place of the wrong one. */
function Meant({ suggestion, use }: { suggestion: string; use: (name: string) => void }) {
  const name = /^did you mean ([\w.]+)\??$/.exec(suggestion)?.[1];
  if (!name) return <> · {visible(suggestion)}</>;
  return (
    <>
      {" · "}
      <button type="button" class="plain" onClick={() => use(name)}>
        did you mean {name}?
      </button>
    </>
  );
}

/** The filter with the name at a column replaced by the one that was meant. */
function replaceWord(text: string, column: number | undefined, by: string): string {
  const from = (column ?? 1) - 1;
  const word = /^[\w.]+/.exec(text.slice(from))?.[0] ?? "";
  return text.slice(0, from) + by + text.slice(from + word.length);
}
