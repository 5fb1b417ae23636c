import { Form, FormGroup } from "@patternfly/react-core/dist/esm/components/Form/index";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput/index";
import { useState } from "react";

import { _, format } from "../bridge/cockpit";
import type { Backup } from "../bridge/views";
import { Dialog } from "../parts/dialog";
import { HelperLine } from "../parts/helper-line";
import type { DialogProps } from "../parts/props";
import { isLabel } from "../words/label";

/** Keeps a backup for good, under a label. */
export function PinDialog({ dispatch, session, id, backup }: DialogProps & { id: string; backup: Backup }) {
  const [label, setLabel] = useState("");
  const wrong = label !== "" && !isLabel(label);
  const inChain = backup.project_id.startsWith("vm/") && (backup.type === "full" || backup.type === "incremental") && backup.extra?.step !== "merged";
  const close = () => dispatch({ type: "dialog", dialog: null });

  function pin() {
    close();
    session.start({ op: "backup.pin", args: { id, label: label.trim() } });
  }

  return (
    <Dialog
      id="pin"
      size="small"
      title={format(_("Pin $0"), backup.id)}
      action={{ label: _("Pin"), isDisabled: !isLabel(label), onClick: pin }}
      onClose={close}
    >
      <Form
        onSubmit={(event) => {
          event.preventDefault();
          if (isLabel(label)) {
            pin();
          }
        }}
      >
        <p>
          {inChain
            ? _("It goes when its cycle ends. So a copy is made that stands by itself, and that no rule ever removes.")
            : _("It is kept for good: no rule ever removes it.")}
        </p>
        <FormGroup label={_("Label")} fieldId="pin-label" isRequired>
          <TextInput
            id="pin-label"
            isRequired
            value={label}
            placeholder={_("For example: before the upgrade")}
            validated={wrong ? "error" : "default"}
            aria-describedby="pin-help"
            onChange={(_event, typed) => setLabel(typed)}
          />
          <HelperLine id="pin-help" text={_("One line of at most 200 characters")} wrong={wrong} />
        </FormGroup>
      </Form>
    </Dialog>
  );
}
