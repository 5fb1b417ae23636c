import { SortByDirection, type ThProps } from "@patternfly/react-table/dist/esm/components/Table/index";

import type { Sort } from "../state/state";

/** What the head of a column needs, so that a click on it sorts by it, or turns the order round. */
export function sortProps<Column>(columns: readonly Column[], column: Column, sort: Sort<Column>, onSort: (sort: Sort<Column>) => void): ThProps["sort"] {
  return {
    columnIndex: columns.indexOf(column),
    sortBy: { index: columns.indexOf(sort.by), direction: sort.descending ? SortByDirection.desc : SortByDirection.asc },
    onSort: (_event, _index, direction) => onSort({ by: column, descending: direction === SortByDirection.desc }),
  };
}
