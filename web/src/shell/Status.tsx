import { useEffect, useState } from "preact/hooks";
import { post } from "../api";
import { bytes, count, percent, visible } from "../format";
import { useSession } from "../session";

/** Pages say here what they show: "120 of 859 records". */
let said = "";
export function setStatus(text: string) {
  if (text === said) return;
  said = text;
  dispatchEvent(new Event("wiretale:status"));
}

/** Says a text in the status bar while the page is there. */
export function useStatus(text: string) {
  useEffect(() => {
    setStatus(text);
    return () => setStatus("");
  }, [text]);
}

export function Status() {
  const { current, product } = useSession();
  const [text, setText] = useState(said);
  useEffect(() => {
    const changed = () => setText(said);
    addEventListener("wiretale:status", changed);
    changed();
    return () => removeEventListener("wiretale:status", changed);
  }, []);
  return (
    <footer class="status">
      {current?.state === "reading" && (
        <span class="reading">
          <progress max={current.bytes || 1} value={current.read} aria-label="read of the files" /> reading {percent(current.read, current.bytes)} of {bytes(current.bytes)}{" "}
          <button type="button" class="small" onClick={() => void post(`cases/${current.id}/cancel`).catch((e: Error) => setStatus(e.message))}>
            Cancel
          </button>
        </span>
      )}
      {current?.state === "failed" && <span class="failed">✕ {visible(current.error ?? "")}</span>}
      {current?.state === "cancelled" && <span>cancelled: what was read is shown</span>}
      {current && (
        <span>
          {count(current.records)} records{current.state === "done" && current.indexed === false ? " so far: the list is being made" : ""}
        </span>
      )}
      <span class="status-text" role="status">{text}</span>
      <span class="product">{visible(product)}</span>
    </footer>
  );
}
