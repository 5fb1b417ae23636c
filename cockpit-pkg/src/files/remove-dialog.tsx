import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { useState } from "react";

import type { Problem } from "../bridge/channel";
import { _, format } from "../bridge/cockpit";
import { isCounted, isTreeTask } from "../bridge/tree-views";
import { Dialog } from "../parts/dialog";
import type { Session } from "../state/session";
import { problemText } from "../words/texts";

const EXPECTED = { result: isCounted, item: isTreeTask };

interface Props {
  session: Session;
  name: string;
  onClose: () => void;
  onRemoved: () => void;
}

export function RemoveDialog({ session, name, onClose, onRemoved }: Props) {
  const [removing, setRemoving] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  function remove() {
    setRemoving(true);
    session.ask({ op: "tree.remove", args: { name } }, EXPECTED, ({ problem: why }) => {
      setRemoving(false);
      if (why === null) {
        onRemoved();
        onClose();
      } else {
        setProblem(why);
      }
    });
  }

  return (
    <Dialog
      id="remove-tree"
      size="small"
      isWarning
      title={format(_("Do not back up $0 any more?"), name)}
      action={{ label: _("Do not back up any more"), variant: "warning", busy: removing && _("Being saved"), onClick: remove }}
      onClose={onClose}
    >
      {problem !== null && (
        <Alert isInline component="h2" variant="danger" variantLabel={_("Error:")} title={problem.message ?? problemText(problem).title} />
      )}
      {_("Its backups stay and can be browsed and restored. Its schedule is taken away.")}
    </Dialog>
  );
}
