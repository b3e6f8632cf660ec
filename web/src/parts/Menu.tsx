// A menu at a point, by mouse or keyboard; Esc, a click elsewhere or the loss of the focus closes it.
import { useLayoutEffect, useRef } from "preact/hooks";

export interface MenuItem {
  label: string;
  run: () => void;
}

export interface MenuState {
  x: number;
  y: number;
  title: string;
  items: readonly MenuItem[];
}

export function Menu({ menu, close }: { menu: MenuState; close: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const before = useRef(document.activeElement);
  useLayoutEffect(() => {
    const element = box.current!;
    const { width, height } = element.getBoundingClientRect();
    element.style.left = `${Math.max(Math.min(menu.x, innerWidth - width - 4), 0)}px`;
    element.style.top = `${Math.max(Math.min(menu.y, innerHeight - height - 4), 0)}px`;
    element.querySelector("button")?.focus();
  }, [menu]);
  // A layout effect: one after painting may not have run when the menu is closed at once, and then the focus would not go back.
  useLayoutEffect(() => {
    const away = (event: Event) => {
      if (!box.current?.contains(event.target as globalThis.Node)) close();
    };
    addEventListener("pointerdown", away, true);
    addEventListener("resize", close);
    return () => {
      removeEventListener("pointerdown", away, true);
      removeEventListener("resize", close);
      if (before.current instanceof HTMLElement && before.current.isConnected) before.current.focus();
    };
  }, []);
  const keydown = (event: KeyboardEvent) => {
    const buttons = [...box.current!.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") close();
    else if (to[event.key] !== undefined) buttons.at(to[event.key]! % buttons.length)?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div ref={box} class="menu" role="menu" aria-label={menu.title} onKeyDown={keydown}>
      <p class="menu-title" role="presentation">{menu.title}</p>
      {menu.items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          onClick={() => {
            close();
            item.run();
          }}
        >
          {item.label}
        </button>
      ))}
    </div>
  );
}
