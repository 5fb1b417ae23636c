import { MenuToggle } from "@patternfly/react-core/dist/esm/components/MenuToggle/index";
import { Select, SelectGroup, SelectList, SelectOption } from "@patternfly/react-core/dist/esm/components/Select/index";
import { ToolbarItem } from "@patternfly/react-core/dist/esm/components/Toolbar/index";
import SortDownIcon from "@patternfly/react-icons/dist/esm/icons/sort-amount-down-icon";
import SortUpIcon from "@patternfly/react-icons/dist/esm/icons/sort-amount-up-icon";
import { type RefObject, useRef, useState } from "react";

import { _, format } from "../bridge/cockpit";
import type { Sort } from "../state/state";
import { useOpened } from "./use-opened";

interface Props<Column extends string> {
  columns: readonly Column[];
  titleOf: (column: Column) => string;
  sort: Sort<Column>;
  onSort: (sort: Sort<Column>) => void;
}

interface MenuProps<Column extends string> extends Props<Column> {
  toggle: RefObject<HTMLButtonElement>;
  onOpenChange: (open: boolean) => void;
}

const ORDERS = ["ascending", "descending"] as const;

function SortMenu<Column extends string>({ columns, titleOf, sort, onSort, toggle, onOpenChange }: MenuProps<Column>) {
  function choose(value: string) {
    const by = columns.find((column) => column === value);
    onSort(by === undefined ? { ...sort, descending: value === "descending" } : { ...sort, by });
    onOpenChange(false);
    toggle.current?.focus();
  }

  return (
    <Select
      isOpen={useOpened()}
      shouldFocusFirstItemOnOpen
      role="listbox"
      aria-label={_("Sort")}
      onOpenChange={onOpenChange}
      onSelect={(_event, value) => choose(String(value))}
      popperProps={{ position: "end", appendTo: () => toggle.current?.closest("main") ?? document.body }}
      toggle={{ toggleRef: toggle, toggleNode: <></> }}
    >
      <SelectGroup label={_("Sort by")}>
        <SelectList aria-label={_("Sort by")}>
          {columns.map((column) => (
            <SelectOption key={column} value={column} isSelected={column === sort.by}>
              {titleOf(column)}
            </SelectOption>
          ))}
        </SelectList>
      </SelectGroup>
      <SelectGroup label={_("Order")}>
        <SelectList aria-label={_("Order")}>
          {ORDERS.map((order) => (
            <SelectOption key={order} value={order} isSelected={sort.descending === (order === "descending")}>
              {order === "ascending" ? _("Ascending") : _("Descending")}
            </SelectOption>
          ))}
        </SelectList>
      </SelectGroup>
    </Select>
  );
}

/** In a toolbar, where the table has no head whose columns could be pressed: by what its rows are sorted. */
export function SortItem<Column extends string>(props: Props<Column>) {
  const { sort, titleOf } = props;
  const [open, setOpen] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  const title = titleOf(sort.by);

  return (
    <ToolbarItem className="backup-only-cards">
      <MenuToggle
        ref={toggle}
        isExpanded={open}
        icon={sort.descending ? <SortDownIcon /> : <SortUpIcon />}
        aria-label={format(sort.descending ? _("Sorted by $0, descending") : _("Sorted by $0, ascending"), title)}
        onClick={() => setOpen(!open)}
      >
        {title}
      </MenuToggle>
      {open && <SortMenu {...props} toggle={toggle} onOpenChange={setOpen} />}
    </ToolbarItem>
  );
}
