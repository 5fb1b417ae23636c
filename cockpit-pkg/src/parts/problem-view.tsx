import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import {
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
} from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import { Skeleton } from "@patternfly/react-core/dist/esm/components/Skeleton/index";
import DisconnectedIcon from "@patternfly/react-icons/dist/esm/icons/disconnected-icon";
import ExclamationCircleIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon";
import LockIcon from "@patternfly/react-icons/dist/esm/icons/lock-icon";

import type { Problem } from "../bridge/channel";
import { _ } from "../bridge/cockpit";
import { problemText } from "../words/texts";

const icons: Record<string, typeof LockIcon> = {
  "access-denied": LockIcon,
  disconnected: DisconnectedIcon,
  terminated: DisconnectedIcon,
  unavailable: DisconnectedIcon,
};

interface Props {
  problem: Problem;
  onRetry: () => void;
}

/** In place of a listing that is not to be had. */
export function ProblemView({ problem, onRetry }: Props) {
  const { title, advice } = problemText(problem);
  return (
    <EmptyState
      headingLevel="h2"
      titleText={title}
      icon={icons[problem.problem] ?? ExclamationCircleIcon}
      status={problem.problem === "access-denied" ? "info" : "danger"}
      className="backup-problem"
    >
      <EmptyStateBody>
        {problem.message !== null && <p className="backup-problem-message">{problem.message}</p>}
        <p>{advice}</p>
      </EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="secondary" onClick={onRetry}>
            {_("Try again")}
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

/** Above a listing that may be old. */
export function LostView({ problem, onRetry }: Props) {
  const { title, advice } = problemText(problem);
  return (
    <Alert
      isInline
      component="h2"
      variant="warning"
      variantLabel={_("Warning:")}
      title={title}
      className="backup-lost"
      actionLinks={
        <Button variant="link" isInline onClick={onRetry}>
          {_("Try again")}
        </Button>
      }
    >
      {problem.message !== null && <p>{problem.message}</p>}
      <p>{advice}</p>
    </Alert>
  );
}

export function LoadingView({ text }: { text: string }) {
  return (
    <div className="backup-loading" role="status" aria-busy="true">
      <span className="pf-v6-u-screen-reader">{text}</span>
      <Skeleton height="2rem" />
      <Skeleton height="2rem" width="85%" />
      <Skeleton height="2rem" width="92%" />
    </div>
  );
}
