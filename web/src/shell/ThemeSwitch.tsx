import { chooseTheme, useTheme, type Choice } from "../theme";

const next: Record<Choice, Choice> = { system: "light", light: "dark", dark: "system" };
const signs: Record<Choice, string> = { system: "◐ System", light: "○ Light", dark: "● Dark" };

export function ThemeSwitch() {
  const { choice } = useTheme();
  return (
    <button type="button" class="small theme" onClick={() => chooseTheme(next[choice])} title={`Colours: ${choice}; next: ${next[choice]}`}>
      {signs[choice]}
    </button>
  );
}
