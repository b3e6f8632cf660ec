import { useState } from "preact/hooks";
import { isStatic } from "../api";
import { visible } from "../format";
import { patchRoute } from "../route";
import { useSession } from "../session";

/** Which case is looked at; opens and closes cases. */
export function CaseSwitch() {
  const { cases, current, close } = useSession();
  const [asked, ask] = useState(false);
  const choose = () => dispatchEvent(new Event("wiretale:open"));
  return (
    <div class="cases">
      {cases.length > 1 ? (
        <select aria-label="Case" value={current?.id ?? ""} onChange={(event) => patchRoute({ case: event.currentTarget.value === cases[0]!.id ? undefined : event.currentTarget.value, frame: undefined, conversation: undefined })}>
          {cases.map((one) => (
            <option key={one.id} value={one.id}>
              {visible(one.name)}
            </option>
          ))}
        </select>
      ) : (
        current && <span class="case-name" title={visible(current.name)}>{visible(current.name)}</span>
      )}
      {!isStatic && (
        <>
          <button type="button" class="small" onClick={choose} title="Analyse other files (key o)">
            Open files
          </button>
          {current &&
            (asked ? (
              <button
                type="button"
                class="small danger"
                onBlur={() => ask(false)}
                onClick={() => {
                  ask(false);
                  void close(current.id);
                }}
              >
                Really close?
              </button>
            ) : (
              <button type="button" class="small" onClick={() => ask(true)} aria-label="Close this case" title="Close this case">
                ✕
              </button>
            ))}
        </>
      )}
    </div>
  );
}
