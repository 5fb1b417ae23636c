import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Content } from "@patternfly/react-core/dist/esm/components/Content/index";
import { List, ListItem } from "@patternfly/react-core/dist/esm/components/List/index";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal/index";
import { useState } from "react";

import { _, format } from "../bridge/cockpit";
import type { DialogProps } from "../parts/props";

/** Forgetting a chain sounds worse than it is, and is not undone: both are said. */
export function ForgetDialog({ state, dispatch, session, uuid }: DialogProps & { uuid: string }) {
  const [name] = useState(() => state.vms.byId.get(uuid)?.name ?? "");
  const close = () => dispatch({ type: "dialog", dialog: null });

  return (
    <Modal isOpen variant="small" onEscapePress={close} aria-labelledby="forget-title" aria-describedby="forget-body">
      <ModalHeader labelId="forget-title" titleIconVariant="warning" title={format(_("Forget the chain of $0?"), name)} />
      <ModalBody id="forget-body">
        <Content>
          <List>
            <ListItem>{_("All its backups are kept and can be restored.")}</ListItem>
            <ListItem>{_("The checkpoints that libvirt keeps for this program are taken off the machine; it can be deleted then.")}</ListItem>
            <ListItem>{_("The next backup begins a new cycle: everything is copied again. This cannot be undone.")}</ListItem>
          </List>
        </Content>
      </ModalBody>
      <ModalFooter>
        <Button
          variant="warning"
          onClick={() => {
            close();
            session.start({ op: "vm.forget", args: { vms: [name] } });
          }}
        >
          {_("Forget the chain")}
        </Button>
        <Button variant="link" onClick={close}>
          {_("Cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
