import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";

import type { Problem } from "../bridge/channel";
import { _ } from "../bridge/cockpit";
import { problemText } from "../words/texts";

/** In a dialog or a row: what was asked for is not to be had, in the helper's own words where it has some. */
export function ProblemAlert({ problem }: { problem: Problem }) {
  const { title, advice } = problemText(problem);
  return (
    <Alert isInline component="h2" variant="danger" variantLabel={_("Error:")} title={title}>
      <p>{problem.message ?? advice}</p>
    </Alert>
  );
}
