// As much Markdown as the pages of diagnoses use: paragraphs, lists, tables, code. It makes elements, never HTML.
import type { ComponentChildren } from "preact";

export function Markdown({ text }: { text: string }) {
  return <div class="markdown">{blocks(text).map((lines, i) => block(lines, i))}</div>;
}

/** Lines that belong together: between empty lines, code between fences as one. */
function blocks(text: string): string[][] {
  const out: string[][] = [];
  let open: string[] = [];
  let fenced = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) {
      if (!fenced && open.length) {
        out.push(open);
        open = [];
      }
      open.push(line);
      if (fenced) {
        out.push(open);
        open = [];
      }
      fenced = !fenced;
    } else if (!fenced && line.trim() === "") {
      if (open.length) out.push(open);
      open = [];
    } else open.push(line);
  }
  if (open.length) out.push(open);
  return out;
}

function block(lines: string[], key: number): ComponentChildren {
  const first = lines[0]!;
  if (first.startsWith("```")) return <pre key={key}>{lines.slice(1).filter((l) => !l.startsWith("```")).join("\n")}</pre>;
  if (first.startsWith("    ")) return <pre key={key}>{lines.map((l) => l.slice(4)).join("\n")}</pre>;
  if (/^#+ /.test(first)) return <h4 key={key}>{inline(lines.join(" ").replace(/^#+ /, ""))}</h4>;
  if (first.startsWith("|") && lines.length > 2) return table(lines, key);
  if (/^([-*]|\d+\.) /.test(first)) {
    const items = lines.join("\n").split(/\n(?=(?:[-*]|\d+\.) )/).map((item) => item.replace(/^([-*]|\d+\.) /, "").replace(/\n\s*/g, " "));
    const list = items.map((item, i) => <li key={i}>{inline(item)}</li>);
    return /^\d/.test(first) ? <ol key={key}>{list}</ol> : <ul key={key}>{list}</ul>;
  }
  // A paragraph is a line in the pages.
  return lines.map((line, i) => <p key={`${key} ${i}`}>{inline(line)}</p>);
}

function table(lines: string[], key: number): ComponentChildren {
  const cells = (line: string) => line.replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
  return (
    <div key={key} class="scroll-x" tabIndex={0} role="region" aria-label="Table">
      <table>
        <thead>
          <tr>
            {cells(lines[0]!).map((cell, i) => (
              <th key={i} scope="col">{inline(cell)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.slice(2).map((line, n) => (
            <tr key={n}>
              {cells(line).map((cell, i) => (
                <td key={i}>{inline(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(text: string): ComponentChildren[] {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part, i) => {
    if (part.startsWith("`") && part.length > 2) return <code key={i}>{part.slice(1, -1)}</code>;
    if (part.startsWith("**") && part.length > 4) return <strong key={i}>{part.slice(2, -2)}</strong>;
    return part.replace(/\[([^\]]+)\]\([^)]*\)/g, "$1");
  });
}
