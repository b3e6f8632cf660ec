// What is around every page: navigation, cases, status, help, files dropped on it.
import { useEffect, useRef, useState } from "preact/hooks";
import { isStatic } from "../api";
import { useKeys, type Key } from "../keys";
import { Empty, Failed, Loading } from "../parts/States";
import { pages } from "../pages/registry";
import { link, navigate, useRoute } from "../route";
import { useSession } from "../session";
import { Boundary } from "./Boundary";
import { CaseSwitch } from "./CaseSwitch";
import { Drop } from "./Drop";
import { Help } from "./Help";
import { Status } from "./Status";
import { ThemeSwitch } from "./ThemeSwitch";

export function Shell() {
  const route = useRoute();
  const [help, showHelp] = useState(false);
  const main = useRef<HTMLElement>(null);
  const page = pages.find((one) => one.id === route.page);
  const keys: Key[] = pages.map((one) => ({ key: one.key, help: `open ${one.title}`, run: () => navigate(link(one.id)) }));
  keys.push({ key: "?", help: "show this help", run: () => showHelp(true) });
  useKeys("Everywhere", keys);
  useEffect(() => {
    document.title = `${page?.title ?? "wiretale"} – wiretale`;
  }, [page]);
  const skip = (event: Event) => {
    event.preventDefault();
    main.current?.focus();
  };
  return (
    <>
      <a class="skip" href="#app" onClick={skip}>
        Skip to the page
      </a>
      <header class="top">
        <a class="brand" href={link("findings")}>
          wiretale
        </a>
        <nav aria-label="Pages">
          {pages
            .filter((one) => !one.hidden)
            .map((one) => (
              <a key={one.id} href={link(one.id)} aria-current={one === page ? "page" : undefined} title={`key ${one.key}`}>
                {one.title}
              </a>
            ))}
        </nav>
        <CaseSwitch />
        <ThemeSwitch />
        <button type="button" class="small" onClick={() => showHelp(true)} title="Keys (?)">
          ? Help
        </button>
      </header>
      <main ref={main} tabIndex={-1}>
        <Open page={route.page} />
      </main>
      <Status />
      {!isStatic && <Drop />}
      {help && <Help close={() => showHelp(false)} />}
    </>
  );
}

function Open({ page: id }: { page: string }) {
  const { current, error, loaded, cases } = useSession();
  const { params } = useRoute();
  const page = pages.find((one) => one.id === id);
  if (error) return <Failed error={error} />;
  if (!loaded) return <Loading />;
  if (!page) return <Empty>There is no page “{id}”.</Empty>;
  if (!current) {
    return cases.length ? (
      <Empty>
        The case of this link is closed. <a href={link("findings", { case: "" })}>Look at the first one</a>.
      </Empty>
    ) : (
      <Empty>No capture is open. Drop files here, or choose them with “Open files”.</Empty>
    );
  }
  if (current.state === "failed" && current.revision === 0) return <Failed error={new Error([current.error || "the files could not be read", current.suggestion].filter(Boolean).join(": "))} />;
  return (
    <Boundary key={`${id} ${current.id}`}>
      <page.component current={current} params={params} />
    </Boundary>
  );
}
