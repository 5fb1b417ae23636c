import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal/index";
import { useState } from "react";

import type { Problem } from "../bridge/channel";
import { _, format } from "../bridge/cockpit";
import { isCounted, isTreeTask } from "../bridge/tree-views";
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
  const [problem, setProblem] = useState<Problem | null>(null);

  function remove() {
    session.ask({ op: "tree.remove", args: { name } }, EXPECTED, ({ problem: why }) => {
      if (why === null) {
        onRemoved();
        onClose();
      } else {
        setProblem(why);
      }
    });
  }

  return (
    <Modal isOpen variant="small" onEscapePress={onClose} aria-labelledby="remove-tree-title" aria-describedby="remove-tree-body">
      <ModalHeader labelId="remove-tree-title" titleIconVariant="warning" title={format(_("Do not back up $0 any more?"), name)} />
      <ModalBody id="remove-tree-body">
        {problem !== null && (
          <Alert isInline component="h2" variant="danger" variantLabel={_("Error:")} title={problem.message ?? problemText(problem).title} />
        )}
        {_("Its backups stay and can be browsed and restored. Its schedule is taken away.")}
      </ModalBody>
      <ModalFooter>
        <Button variant="warning" onClick={remove}>
          {_("Do not back up any more")}
        </Button>
        <Button variant="link" onClick={onClose}>
          {_("Cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
