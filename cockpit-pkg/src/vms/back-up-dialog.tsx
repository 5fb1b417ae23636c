import { ExpandableSection } from "@patternfly/react-core/dist/esm/components/ExpandableSection/index";
import { useState } from "react";

import { _, format, ngettext } from "../bridge/cockpit";
import { isVmBackupPlan } from "../bridge/views";
import { Dialog } from "../parts/dialog";
import type { DialogProps } from "../parts/props";
import { useAnswer } from "../parts/use-answer";
import { BackUpOptionsForm } from "./back-up-options";
import { checkForm, emptyForm, isGood, optionsOf } from "./back-up-form";
import { BackupPlan } from "./backup-plan";

const FORM = "back-up-form";
const PLAN = { result: isVmBackupPlan };

/** Says what will be done with each machine, before anything is. */
export function BackUpDialog({ state, dispatch, session, uuids }: DialogProps & { uuids: readonly string[] }) {
  // As chosen: one that is gone meanwhile is said to be, and does not vanish from the list.
  const [vms] = useState(() => uuids.flatMap((uuid) => state.vms.byId.get(uuid) ?? []));
  const [form, setForm] = useState(emptyForm);
  const [optionsOpen, setOptionsOpen] = useState(false);
  const wrong = checkForm(form, vms);
  const good = isGood(wrong) && vms.length > 0;
  const options = optionsOf(form);
  const names = vms.map((vm) => vm.name);

  const { answer, waiting } = useAnswer(
    session,
    good ? { op: "vm.backup", args: { vms: names, ...options, plan: true } } : null,
    PLAN,
  );
  const possible = answer?.result?.vms.length ?? 0;
  const ready = good && !waiting && possible > 0;
  const close = () => dispatch({ type: "dialog", dialog: null });

  function start() {
    close();
    dispatch({ type: "vms-select", uuids, selected: false });
    session.backUp(names, options);
  }

  return (
    <Dialog
      id="back-up"
      size="large"
      title={
        vms.length === 1
          ? format(_("Back up $0"), names[0] ?? "")
          : format(ngettext("Back up $0 virtual machine", "Back up $0 virtual machines", vms.length), vms.length)
      }
      description={_("This is what will be done. The machines keep running, and you can close this page meanwhile.")}
      bodyLabel={_("What will be done")}
      action={{ label: _("Start the backup"), isDisabled: !ready, form: FORM }}
      onClose={close}
    >
      <BackupPlan answer={answer} waiting={waiting} vms={vms} />
      <ExpandableSection
        toggleText={_("Options of this run")}
        isExpanded={optionsOpen}
        onToggle={(_event, open) => setOptionsOpen(open)}
        isIndented
      >
        <BackUpOptionsForm
          id={FORM}
          onSubmit={() => ready && start()}
          vms={vms}
          form={form}
          wrong={wrong}
          onChange={(changes) => setForm((before) => ({ ...before, ...changes }))}
        />
      </ExpandableSection>
    </Dialog>
  );
}
