import { Checkbox } from "@patternfly/react-core/dist/esm/components/Checkbox/index";
import { ToolbarItem } from "@patternfly/react-core/dist/esm/components/Toolbar/index";

import { _ } from "../bridge/cockpit";

export interface Choosable {
  /** How many can be chosen, and how many of them are. */
  count: number;
  chosen: number;
  onChoose: (all: boolean) => void;
}

/** Chooses all rows of a list, or none; half checked when there are some of each. */
export function SelectAll({ id, count, chosen, onChoose, label }: Choosable & { id: string; label?: string }) {
  const all = chosen > 0 && chosen === count;
  return (
    <Checkbox
      id={id}
      label={label}
      aria-label={label === undefined ? _("Select all") : undefined}
      isChecked={chosen > 0 && !all ? null : all}
      isDisabled={count === 0}
      onChange={(_event, checked) => onChoose(checked)}
    />
  );
}

/** The same in a toolbar, where the table has no head to hold it. */
export function SelectAllItem(props: Choosable & { id: string }) {
  return (
    <ToolbarItem className="backup-only-cards">
      <SelectAll {...props} label={_("Select all")} />
    </ToolbarItem>
  );
}
