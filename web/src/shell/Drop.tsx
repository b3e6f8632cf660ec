import { useEffect, useRef, useState } from "preact/hooks";
import { upload } from "../api";
import { bytes, percent, visible } from "../format";
import { useKeys } from "../keys";
import { useSession } from "../session";
import type { Case } from "../types";

type State = { sent: number; total: number; names: string; abort: AbortController } | { failed: string };

/** Files dropped anywhere, or chosen, become a case of their own; all that come together are analysed together. */
export function Drop() {
  const { reload } = useSession();
  const [over, setOver] = useState(false);
  const [state, setState] = useState<State>();
  const input = useRef<HTMLInputElement>(null);

  const send = async (files: readonly File[]) => {
    if (!files.length) return;
    const abort = new AbortController();
    const names = files.map((file) => file.name).join(", ");
    setState({ sent: 0, total: 0, names, abort });
    try {
      const made = await upload<Case>(files, (sent, total) => setState({ sent, total, names, abort }), abort.signal);
      setState(undefined);
      await reload(made.id);
    } catch (error) {
      setState(abort.signal.aborted ? undefined : { failed: (error as Error).message });
    }
  };
  const latest = useRef(send);
  latest.current = send;
  useKeys("Files", [{ key: "o", help: "open files", run: () => input.current?.click() }]);

  useEffect(() => {
    const has = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    let depth = 0;
    const enter = (event: DragEvent) => {
      if (!has(event)) return;
      depth++;
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (has(event) && --depth <= 0) setOver(false);
    };
    const overEvent = (event: DragEvent) => has(event) && event.preventDefault();
    const drop = (event: DragEvent) => {
      if (!has(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      void latest.current([...(event.dataTransfer?.files ?? [])]);
    };
    const open = () => input.current?.click();
    addEventListener("dragenter", enter);
    addEventListener("dragleave", leave);
    addEventListener("dragover", overEvent);
    addEventListener("drop", drop);
    addEventListener("wiretale:open", open);
    return () => {
      removeEventListener("dragenter", enter);
      removeEventListener("dragleave", leave);
      removeEventListener("dragover", overEvent);
      removeEventListener("drop", drop);
      removeEventListener("wiretale:open", open);
    };
  }, []);

  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files to analyse"
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = "";
          void send(files);
        }}
      />
      {over && <div class="drop">Drop captures, event traces and key files: they are analysed together. They stay on this machine.</div>}
      {state && (
        <div class="toast" role={"failed" in state ? "alert" : "status"}>
          {"failed" in state ? (
            <>
              <p>✕ {visible(state.failed)}</p>
              <button type="button" onClick={() => setState(undefined)}>
                Close
              </button>
            </>
          ) : (
            <>
              <p>
                Sending {visible(state.names)} <progress max={state.total || 1} value={state.sent} aria-label="sent" /> {percent(state.sent, state.total)} of {bytes(state.total)}
              </p>
              <button type="button" onClick={() => state.abort.abort()}>
                Cancel
              </button>
            </>
          )}
        </div>
      )}
    </>
  );
}
