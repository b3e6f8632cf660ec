import { useEffect, useRef, useState } from "preact/hooks";

interface Props {
  label: string;
  hint: string;
  value?: string;
  run: (text: string) => void;
  /** The same in the other direction. */
  back?: (text: string) => void;
  close: () => void;
  /** Stays open, for the next one. */
  stay?: boolean;
}

/** One line that asks for a text; Enter runs it, Esc closes it. */
export function Ask({ label, hint, value = "", run, back, close, stay }: Props) {
  const [text, setText] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);
  return (
    <form
      class="bar ask"
      onSubmit={(event) => {
        event.preventDefault();
        run(text);
        if (!stay) close();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        close();
      }}
    >
      <label>
        {label} <input ref={input} type="text" value={text} placeholder={hint} spellcheck={false} autocomplete="off" onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      {back && (
        <button type="button" class="small" onClick={() => back(text)}>
          Previous
        </button>
      )}
      <button type="submit" class="small">
        {back ? "Next" : "Go"}
      </button>
      <button type="button" class="small" onClick={close}>
        Close
      </button>
    </form>
  );
}
