/*
 * What the rows of long lists are made of: PatternFly's look, in plain elements. Its own cells each
 * measure themselves after each drawing, and its labels each listen to the whole document; of a
 * hundred rows that is most of the time until they show.
 */
import AngleDownIcon from "@patternfly/react-icons/dist/esm/icons/angle-down-icon";
import type { ReactNode } from "react";

function classes(...names: (string | false | undefined)[]): string {
  return names.filter((name) => name !== undefined && name !== false).join(" ");
}

interface RowProps {
  children: ReactNode;
  className?: string;
  id?: string;
  isSelected?: boolean;
  /** It is what a row above it opens to. */
  isDetails?: boolean;
  /** For the tests: which machine, backup or project it is of. */
  "data-vm"?: string;
  "data-backup"?: string;
  "data-project"?: string;
}

export function Row({ children, className, isSelected = false, isDetails = false, ...rest }: RowProps) {
  return (
    <tr
      {...rest}
      className={classes("pf-v6-c-table__tr", className, isDetails && "pf-v6-c-table__expandable-row pf-m-expanded", isSelected && "backup-row-chosen")}
    >
      {children}
    </tr>
  );
}

interface CellProps {
  children: ReactNode;
  className?: string;
  /** Its column, which stands beside it where rows are cards. */
  label?: string;
  fit?: "nowrap" | "break-word" | "no-padding";
  colSpan?: number;
}

export function Cell({ children, className, label, fit, colSpan }: CellProps) {
  return (
    <td className={classes("pf-v6-c-table__td", className, fit !== undefined && `pf-m-${fit}`)} data-label={label} colSpan={colSpan}>
      {children}
    </td>
  );
}

interface TagProps {
  children: ReactNode;
  colour: string;
  isOutline?: boolean;
  icon?: ReactNode;
  /** Where it leads. */
  href?: string;
  title?: string;
}

/** A word in a coloured frame. */
export function Tag({ children, colour, isOutline = false, icon, href, title }: TagProps) {
  const Content = href === undefined ? "span" : "a";
  const isLink = href !== undefined && "pf-m-clickable";
  return (
    <span
      className={classes("pf-v6-c-label", colour !== "grey" && `pf-m-${colour}`, isOutline ? "pf-m-outline" : "pf-m-filled", "pf-m-compact", isLink)}
      title={title}
    >
      <Content className={classes("pf-v6-c-label__content", isLink)} href={href}>
        {icon !== undefined && <span className="pf-v6-c-label__icon">{icon}</span>}
        <span className="pf-v6-c-label__text">{children}</span>
      </Content>
    </span>
  );
}

interface CheckCellProps {
  id: string;
  label: string;
  isChecked: boolean;
  isDisabled: boolean;
  onChange: (checked: boolean) => void;
}

export function CheckCell({ id, label, isChecked, isDisabled, onChange }: CheckCellProps) {
  return (
    <td className="pf-v6-c-table__td pf-v6-c-table__check">
      <div className="pf-v6-c-check pf-m-standalone">
        <input
          id={id}
          className="pf-v6-c-check__input"
          type="checkbox"
          aria-label={label}
          checked={isChecked}
          disabled={isDisabled}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      </div>
    </td>
  );
}

/** Opens a row and closes it. */
export function ToggleCell({ label, isExpanded, onToggle }: { label: string; isExpanded: boolean; onToggle: () => void }) {
  return (
    <td className="pf-v6-c-table__td pf-v6-c-table__toggle">
      <button
        type="button"
        className={classes("pf-v6-c-button pf-m-plain pf-m-small", isExpanded && "pf-m-expanded")}
        aria-label={label}
        aria-expanded={isExpanded}
        onClick={onToggle}
      >
        <span className="pf-v6-c-button__icon">
          <span className="pf-v6-c-table__toggle-icon">
            <AngleDownIcon set="default" />
          </span>
        </span>
      </button>
    </td>
  );
}
