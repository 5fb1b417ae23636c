import { Pagination } from "@patternfly/react-core/dist/esm/components/Pagination/index";
import { SearchInput } from "@patternfly/react-core/dist/esm/components/SearchInput/index";
import { Toolbar, ToolbarContent, ToolbarItem } from "@patternfly/react-core/dist/esm/components/Toolbar/index";
import type { ReactNode } from "react";

import { _ } from "../bridge/cockpit";
import type { Paging } from "../state/state";
import { pagingTexts } from "../words/texts";

interface Props {
  /** What the search looks through, as its label. */
  searchLabel: string;
  search: string;
  onSearch: (search: string) => void;
  /** How many there are, or how many of them are chosen. */
  totals: string;
  count: number;
  page: number;
  paging: Paging;
  onPaging: (paging: Paging) => void;
  /** Filters and buttons, as items of the toolbar. */
  children: ReactNode;
}

/** Above a list: search, what can be done with it, its totals, and its pages where there are several. */
export function ListToolbar({ searchLabel, search, onSearch, totals, count, page, paging, onPaging, children }: Props) {
  return (
    <Toolbar inset={{ default: "insetMd" }}>
      <ToolbarContent>
        <ToolbarItem>
          <SearchInput
            aria-label={searchLabel}
            placeholder={searchLabel}
            value={search}
            onChange={(_event, typed) => onSearch(typed)}
            onClear={() => onSearch("")}
            resetButtonLabel={_("Clear the search")}
          />
        </ToolbarItem>
        {children}
        <ToolbarItem alignSelf="center">
          <span className="backup-totals" role="status">
            {totals}
          </span>
        </ToolbarItem>
        {count > paging.perPage && (
          <ToolbarItem variant="pagination" align={{ default: "alignEnd" }}>
            <Pagination
              itemCount={count}
              page={page}
              perPage={paging.perPage}
              isCompact
              titles={pagingTexts()}
              onSetPage={(_event, next) => onPaging({ ...paging, page: next })}
              onPerPageSelect={(_event, perPage) => onPaging({ page: 1, perPage })}
            />
          </ToolbarItem>
        )}
      </ToolbarContent>
    </Toolbar>
  );
}
