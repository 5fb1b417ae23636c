import { useEffect, useState } from "react";

/**
 * False in the first drawing and true after it: PatternFly's menus hand the focus to their first item
 * when they become open, and one that comes into being open never does.
 */
export function useOpened(): boolean {
  const [opened, setOpened] = useState(false);
  useEffect(() => setOpened(true), []);
  return opened;
}
