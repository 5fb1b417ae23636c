import type { Session } from "./session";
import type { Action, State } from "./state";

/** What a tab gets: what to show, and whom to tell. */
export interface TabProps {
  state: State;
  dispatch: (action: Action) => void;
  session: Session;
  now: Date;
}
