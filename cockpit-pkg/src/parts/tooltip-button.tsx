import { Tooltip } from "@patternfly/react-core/dist/esm/components/Tooltip/index";
import { type ReactNode, useRef, useState } from "react";

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
 * comes into being when it is wanted for the first time.
 */
export function TooltipButton({ className, label, content, maxWidth, children }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const [wanted, setWanted] = useState<boolean | null>(null);

  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        onMouseEnter={() => setWanted(true)}
        onFocus={() => setWanted(true)}
        onMouseLeave={() => setWanted(false)}
        onBlur={() => setWanted(false)}
      >
        {children}
      </button>
      {wanted !== null && <Tooltip triggerRef={button} isVisible={wanted} aria-live="off" maxWidth={maxWidth} content={content()} />}
    </>
  );
}
