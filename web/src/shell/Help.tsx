import { useEffect, useRef } from "preact/hooks";
import { keyMap, label } from "../keys";

/** The keys that can be used at the moment. */
export function Help({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <div class="help-body">
        <h2 id="help-title">Keys</h2>
        <div class="help-groups">
          {keyMap().map(({ group, keys }) => (
            <section key={group}>
              <h3>{group}</h3>
              <dl>
                {keys
                  .filter((key) => key.help)
                  .map((key) => (
                    <div key={key.key}>
                      <dt>
                        <kbd>{label(key.key)}</kbd>
                      </dt>
                      <dd>{key.help}</dd>
                    </div>
                  ))}
              </dl>
            </section>
          ))}
          <section>
            <h3>Lists</h3>
            <dl>
              <div><dt><kbd>↑</kbd> <kbd>↓</kbd> or <kbd>j</kbd> <kbd>k</kbd></dt><dd>the next and previous row</dd></div>
              <div><dt><kbd>g</kbd> <kbd>G</kbd></dt><dd>first and last row</dd></div>
              <div><dt><kbd>PgUp</kbd> <kbd>PgDn</kbd></dt><dd>a page up and down</dd></div>
              <div><dt><kbd>Enter</kbd></dt><dd>open</dd></div>
              <div><dt><kbd>m</kbd></dt><dd>menu of the row</dd></div>
            </dl>
          </section>
        </div>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </div>
    </dialog>
  );
}
