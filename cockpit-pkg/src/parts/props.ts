import type { Session } from "../state/session";
import type { Action, State } from "../state/state";

/** What a dialog gets; what it is about comes beside. */
export interface DialogProps {
  state: State;
  dispatch: (action: Action) => void;
  session: Session;
}

/** What a tab gets: what to show, and whom to tell. */
export interface TabProps {
  state: State;
  dispatch: (action: Action) => void;
  session: Session;
  now: Date;
}
