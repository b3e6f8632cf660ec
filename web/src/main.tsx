import { render } from "preact";
import "./style.css";
import { startKeys } from "./keys";
import { SessionProvider } from "./session";
import { Shell } from "./shell/Shell";
import { startTheme } from "./theme";

startTheme();
startKeys();
render(
  <SessionProvider>
    <Shell />
  </SessionProvider>,
  document.getElementById("app")!,
);
