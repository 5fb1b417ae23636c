import "./app/base.scss";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app/app";
import { followTheme } from "./app/theme";
import { helper } from "./bridge/channel";
import { _, cockpit } from "./bridge/cockpit";
import { browserTimer } from "./state/batch";
import { startSession } from "./state/session";
import { createStore } from "./state/store";

import "./app/page.scss";

function start(container: HTMLElement): void {
  const store = createStore();
  const session = startSession(store, { helper, timer: browserTimer, now: () => new Date() });

  document.documentElement.lang = (cockpit.language || "en").replace(/_/g, "-");
  document.documentElement.dir = cockpit.language_direction ?? "ltr";
  document.title = _("Backups");
  createRoot(container).render(
    <StrictMode>
      <App store={store} session={session} />
    </StrictMode>,
  );
}

followTheme();
const container = document.getElementById("app");
if (container !== null) {
  start(container);
}
