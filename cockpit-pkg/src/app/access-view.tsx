import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import {
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
} from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import DisconnectedIcon from "@patternfly/react-icons/dist/esm/icons/disconnected-icon";
import LockIcon from "@patternfly/react-icons/dist/esm/icons/lock-icon";
import { useState } from "react";

import { START_COMMAND, type Access, type AccessKeeper } from "../bridge/access";
import { _ } from "../bridge/cockpit";

type Missing = Exclude<Access, { kind: "granted" | "checking" }>;

function titleOf(access: Missing): string {
  switch (access.kind) {
    case "limited":
      return _("Administrative access is needed");
    case "no-service":
      return _("The backup service does not run");
    case "failed":
      return _("Access to backups was not granted");
  }
}

function Limited() {
  return (
    <>
      <p>{_("Backups hold everything that is on the machines, so only administrators see them.")}</p>
      <p>{_("Turn on administrative access at the top of this window. You will be back at this place.")}</p>
    </>
  );
}

function NoService() {
  return (
    <>
      <p>{_("In a session that is not root's, a service of the system does the work.")}</p>
      <p>
        {_("It is started here, or in a terminal:")} <code>{START_COMMAND}</code>
      </p>
    </>
  );
}

interface Props {
  access: Missing;
  keeper: AccessKeeper;
}

/** In place of the tabs: what is missing, and how to get it. */
export function AccessView({ access, keeper }: Props) {
  const [isStarting, setIsStarting] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  async function startService() {
    setIsStarting(true);
    setFailure(await keeper.startService());
    setIsStarting(false);
  }

  return (
    <EmptyState
      headingLevel="h2"
      titleText={titleOf(access)}
      icon={access.kind === "limited" ? LockIcon : DisconnectedIcon}
      status={access.kind === "limited" ? "info" : "danger"}
      className="backup-problem"
    >
      <EmptyStateBody>
        {access.kind === "limited" && <Limited />}
        {access.kind === "no-service" && <NoService />}
        {access.kind === "failed" && <p className="backup-problem-message">{access.message}</p>}
        {failure !== null && (
          <Alert isInline component="h3" variant="danger" variantLabel={_("Error:")} title={_("The service was not started")}>
            <p>{failure}</p>
          </Alert>
        )}
      </EmptyStateBody>
      {access.kind !== "limited" && (
        <EmptyStateFooter>
          <EmptyStateActions>
            {access.kind === "no-service" && (
              <Button isLoading={isStarting} isDisabled={isStarting} onClick={() => void startService()}>
                {_("Start the service")}
              </Button>
            )}
            <Button variant="secondary" onClick={keeper.retry}>
              {_("Try again")}
            </Button>
          </EmptyStateActions>
        </EmptyStateFooter>
      )}
    </EmptyState>
  );
}
