import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import {
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
} from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import SearchIcon from "@patternfly/react-icons/dist/esm/icons/search-icon";

import { _ } from "../bridge/cockpit";

export function NothingFound({ onClear }: { onClear: () => void }) {
  return (
    <EmptyState headingLevel="h2" titleText={_("Nothing found")} icon={SearchIcon} variant="sm">
      <EmptyStateBody>{_("Nothing matches the search.")}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="link" onClick={onClear}>
            {_("Clear the search")}
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}
