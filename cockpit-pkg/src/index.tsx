import "./app/base.scss";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app/app";
import { keepFocus } from "./app/keep-focus";
import { setLanguage } from "./app/language";
import { followTheme } from "./app/theme";
import { keepAccess } from "./bridge/access";
import { createHelper, giveBackTicket } from "./bridge/channel";
import { _, cockpit, cockpitPrivileges, helperProgram } from "./bridge/cockpit";
import { browserTimer } from "./state/batch";
import { recallPlace, rememberPlace } from "./state/place";
import { startSession } from "./state/session";
import { createStore } from "./state/store";

import "./app/page.scss";
import "./backups/chain.scss";
import "./files/files.scss";
import "./parts/log.scss";

function start(container: HTMLElement): void {
  const access = keepAccess({
    privileges: cockpitPrivileges,
    program: helperProgram(),
    timer: browserTimer,
    giveBack: giveBackTicket,
  });
  const store = createStore();
  recallPlace(store, window.sessionStorage);
  window.addEventListener("pagehide", () => {
    rememberPlace(store, window.sessionStorage);
    access.leave();
  });
  const session = startSession(store, {
    helper: createHelper(access),
    timer: browserTimer,
    now: () => new Date(),
    machinesFirst: ["", "vms"].includes(cockpit.location.path[0] ?? ""),
  });
  let before = access.get().kind;
  access.subscribe(() => {
    const { kind } = access.get();
    if (kind === "granted" && before !== "granted" && before !== "checking") {
      session.restart();
    }
    before = kind;
  });

  setLanguage(document.documentElement, (cockpit.language || "en").replace(/_/g, "-"), cockpit.language_direction ?? "ltr");
  document.title = _("Backups");
  keepFocus(container);
  createRoot(container).render(
    <StrictMode>
      <App store={store} session={session} access={access} />
    </StrictMode>,
  );
}

followTheme();
const container = document.getElementById("app");
if (container !== null) {
  start(container);
}
