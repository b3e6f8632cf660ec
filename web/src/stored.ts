// Settings that outlive the page. Storage may be off, as in a report opened from disk: then they live as long as the page.

const kept = new Map<string, string>();

export function stored(name: string): string {
  try {
    return localStorage.getItem("wiretale." + name) ?? "";
  } catch {
    return kept.get(name) ?? "";
  }
}

export function store(name: string, value: string) {
  try {
    if (value === "") localStorage.removeItem("wiretale." + name);
    else localStorage.setItem("wiretale." + name, value);
  } catch {
    kept.set(name, value);
  }
}
