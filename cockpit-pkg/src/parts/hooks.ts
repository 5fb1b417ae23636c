import { createContext, useContext, useEffect, useState, useSyncExternalStore } from "react";

import type { Access, AccessKeeper } from "../bridge/access";
import { cockpit } from "../bridge/cockpit";
import type { State } from "../state/state";
import type { Store } from "../state/store";

export function useStore(store: Store): State {
  return useSyncExternalStore(store.subscribe, store.get);
}

const AGE_STEP_MS = 30_000;

/** The time, fresh enough for "3 hours ago". */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const id = window.setInterval(() => setNow(new Date()), AGE_STEP_MS);
    return () => window.clearInterval(id);
  }, []);
  return now;
}

export interface Place {
  tab: string;
  options: Record<string, string>;
}

function currentPlace(): Place {
  const { path, options } = cockpit.location;
  const plain = Object.entries(options).map(([name, value]) => [name, Array.isArray(value) ? (value[0] ?? "") : value]);
  return { tab: path[0] ?? "", options: Object.fromEntries(plain) as Record<string, string> };
}

/** A place in one line, such as “/backups?project=vm%2Fweb1”: what shows it says so with this. */
export function nameOfPlace({ tab, options }: Place): string {
  const query = new URLSearchParams(options).toString();
  return `/${tab}${query === "" ? "" : `?${query}`}`;
}

/** Where the page is, by its address. */
export function useAddress(): Place {
  const [place, setPlace] = useState(currentPlace);
  useEffect(() => {
    const changed = () => setPlace(currentPlace());
    cockpit.addEventListener("locationchanged", changed);
    return () => cockpit.removeEventListener("locationchanged", changed);
  }, []);
  return place;
}

/* A part of the page that is being left must not follow the address to the next. */
export const ShownPlace = createContext<Place>({ tab: "", options: {} });

/** The place that is shown: that of the address, or still the one before while it is being drawn. */
export function usePlace(): Place {
  return useContext(ShownPlace);
}

export function useAccess(keeper: AccessKeeper): Access {
  return useSyncExternalStore(keeper.subscribe, keeper.get);
}
