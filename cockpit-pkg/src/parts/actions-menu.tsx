import { Dropdown, DropdownItem, DropdownList } from "@patternfly/react-core/dist/esm/components/Dropdown/index";
import EllipsisVIcon from "@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon";
import { type RefObject, useRef, useState } from "react";

import { useOpened } from "./use-opened";

export interface MenuAction {
  name: string;
  label: string;
  isDanger?: boolean;
  isDisabled?: boolean;
  /** Why it is disabled, or what it means. */
  description?: string;
  onSelect: () => void;
}

interface MenuProps {
  toggle: RefObject<HTMLButtonElement>;
  actions: readonly MenuAction[];
  onOpenChange: (open: boolean) => void;
}

function OpenMenu({ toggle, actions, onOpenChange }: MenuProps) {
  return (
    <Dropdown
      isOpen={useOpened()}
      shouldFocusFirstItemOnOpen
      onOpenChange={onOpenChange}
      onSelect={() => {
        onOpenChange(false);
        toggle.current?.focus();
      }}
      popperProps={{ position: "end" }}
      toggle={{ toggleRef: toggle, toggleNode: <></> }}
    >
      <DropdownList>
        {actions.map(({ name, label, isDanger, isDisabled, description, onSelect }) => (
          <DropdownItem key={name} itemId={name} isDanger={isDanger} isDisabled={isDisabled} description={description} onClick={onSelect}>
            {label}
          </DropdownItem>
        ))}
      </DropdownList>
    </Dropdown>
  );
}

/**
 * What can be done with one row. The button has the focus before the action begins, so that a dialog
 * gives it back to something that is still there. Every row has one and hardly any is opened: until
 * then it is a button and nothing else.
 */
export function ActionsMenu({ label, actions }: { label: string; actions: () => readonly MenuAction[] }) {
  const [open, setOpen] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);

  return (
    <>
      <button
        ref={toggle}
        type="button"
        className={`pf-v6-c-menu-toggle pf-m-plain${open ? " pf-m-expanded" : ""}`}
        aria-label={label}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <span className="pf-v6-c-menu-toggle__icon">
          <EllipsisVIcon set="default" />
        </span>
      </button>
      {open && <OpenMenu toggle={toggle} actions={actions()} onOpenChange={setOpen} />}
    </>
  );
}
