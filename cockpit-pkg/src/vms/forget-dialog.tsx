import { Content } from "@patternfly/react-core/dist/esm/components/Content/index";
import { List, ListItem } from "@patternfly/react-core/dist/esm/components/List/index";
import { useState } from "react";

import { _, format } from "../bridge/cockpit";
import { Dialog } from "../parts/dialog";
import type { DialogProps } from "../parts/props";

/** Forgetting a chain sounds worse than it is, and is not undone: both are said. */
export function ForgetDialog({ state, dispatch, session, uuid }: DialogProps & { uuid: string }) {
  const [name] = useState(() => state.vms.byId.get(uuid)?.name ?? "");
  const close = () => dispatch({ type: "dialog", dialog: null });

  function forget() {
    close();
    session.start({ op: "vm.forget", args: { vms: [name] } });
  }

  return (
    <Dialog
      id="forget"
      size="small"
      isWarning
      title={format(_("Forget the chain of $0?"), name)}
      action={{ label: _("Forget the chain"), variant: "warning", onClick: forget }}
      onClose={close}
    >
      <Content>
        <List>
          <ListItem>{_("All its backups are kept and can be restored.")}</ListItem>
          <ListItem>{_("The checkpoints that libvirt keeps for this program are taken off the machine; it can be deleted then.")}</ListItem>
          <ListItem>{_("The next backup begins a new cycle: everything is copied again. This cannot be undone.")}</ListItem>
        </List>
      </Content>
    </Dialog>
  );
}
