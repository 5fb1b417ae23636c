import { Tooltip } from "@patternfly/react-core/dist/esm/components/Tooltip/index";
import { type ReactNode, useRef, useState } from "react";

/** PatternFly's waits longer before it shows: who is gone by then was passing by, perhaps before it listened itself. */
const PASSING_MS = 250;

interface Props {
  className: string;
  /** For those who do not see what it shows. */
  label?: string;
  content: () => ReactNode;
  maxWidth?: string;
  children: ReactNode;
}

/**
 * Looks like text; a button, so that the keyboard reaches its tooltip. Every row has one: the tooltip
 * comes into being when it is wanted for the first time, and from then on listens itself.
 */
export function TooltipButton({ className, label, content, maxWidth, children }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const [wanted, setWanted] = useState<boolean | null>(null);
  const since = useRef(0);

  function come() {
    since.current = performance.now();
    setWanted(true);
  }

  function go() {
    if (performance.now() - since.current < PASSING_MS) {
      setWanted(false);
    }
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        onMouseEnter={come}
        onFocus={come}
        onMouseLeave={go}
        onBlur={go}
      >
        {children}
      </button>
      {wanted !== null && <Tooltip triggerRef={button} isVisible={wanted} aria-live="off" maxWidth={maxWidth} content={content()} />}
    </>
  );
}
