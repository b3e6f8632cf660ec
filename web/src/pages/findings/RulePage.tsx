import { useEffect, useRef } from "preact/hooks";
import { useData } from "../../data";
import { Markdown } from "../../parts/Markdown";
import { Await } from "../../parts/States";

interface Rule {
  id: string;
  title: string;
  sections: { title: string; markdown: string }[];
}

/** The page of one diagnosis: what it means, what else looks like it, what to do. */
export function RulePage({ id, close }: { id: string; close: () => void }) {
  const rule = useData<Rule>(`rules/${encodeURIComponent(id)}`);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-label={`The diagnosis ${id}`} onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <div class="help-body">
        <Await of={rule}>
          {(r) => (
            <>
              <h2>
                {r.id}: {r.title}
              </h2>
              {r.sections.map((section) => (
                <section key={section.title}>
                  <h3>{section.title}</h3>
                  <Markdown text={section.markdown} />
                </section>
              ))}
            </>
          )}
        </Await>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </div>
    </dialog>
  );
}
