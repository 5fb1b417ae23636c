import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Form, FormGroup } from "@patternfly/react-core/dist/esm/components/Form/index";
import { List, ListItem } from "@patternfly/react-core/dist/esm/components/List/index";
import { Skeleton } from "@patternfly/react-core/dist/esm/components/Skeleton/index";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput/index";
import { useState } from "react";

import { _, format, ngettext } from "../bridge/cockpit";
import { type Backup, type BackupDeletePlan, isBackupDeletePlan } from "../bridge/views";
import { Dialog } from "../parts/dialog";
import { ProblemAlert } from "../parts/problem-alert";
import type { DialogProps } from "../parts/props";
import { useAnswer } from "../parts/use-answer";
import { bytes, number } from "../words/format";
import { isPinned } from "./chain";

const PLAN = { result: isBackupDeletePlan };

/** It belongs to what the next backup continues: the chain has to be forgotten first. */
function InCycle({ vm, onForget }: { vm: string; onForget: (() => void) | null }) {
  return (
    <Alert
      isInline
      component="h2"
      variant="warning"
      variantLabel={_("Warning:")}
      title={format(_("It belongs to the active cycle of $0"), vm)}
      actionLinks={
        onForget !== null && (
          <Button variant="link" isInline onClick={onForget}>
            {_("Forget the chain…")}
          </Button>
        )
      }
    >
      <p>{_("The next backup continues it. Forget the chain of the machine first; then its backups can be deleted.")}</p>
    </Alert>
  );
}

function What({ plan, backup }: { plan: BackupDeletePlan; backup: Backup }) {
  const count = plan.dependents.length;
  return (
    <>
      {count > 0 && (
        <>
          <p>
            {format(
              ngettext(
                "$0 backup cannot be restored without it, and is deleted too:",
                "$0 backups cannot be restored without it, and are deleted too:",
                count,
              ),
              number(count),
            )}
          </p>
          <List className="backup-list-long" data-dependents>
            {plan.dependents.map((id) => (
              <ListItem key={id}>{id}</ListItem>
            ))}
          </List>
        </>
      )}
      <p>{format(_("$0 are freed. This cannot be undone."), bytes(plan.size_bytes))}</p>
      {plan.asks_for_name && (
        <p>
          {isPinned(backup)
            ? _("It is pinned: somebody wanted to keep it for good.")
            : _("It is a merged full backup, which no rule ever removes.")}
        </p>
      )}
    </>
  );
}

interface Props extends DialogProps {
  id: string;
  backup: Backup;
}

/** Deletes one backup, with what depends on it; what is kept for good asks for its name. */
export function DeleteDialog({ state, dispatch, session, id, backup }: Props) {
  const [typed, setTyped] = useState("");
  const { answer } = useAnswer(session, { op: "backup.delete", args: { id, plan: true } }, PLAN);
  const plan = answer?.result ?? null;
  const cycleVm = plan?.cycle_vm ?? null;
  const count = (plan?.dependents.length ?? 0) + 1;
  const confirmed = plan !== null && (!plan.asks_for_name || typed.trim() === backup.id);
  const possible = plan !== null && confirmed && cycleVm === null && plan.job_id === null;
  const busy = plan !== null && plan.job_id !== null;
  const close = () => dispatch({ type: "dialog", dialog: null });
  const vm = [...state.vms.byId.values()].find(({ name }) => name === cycleVm);

  function remove() {
    close();
    const args = { id, ...(count > 1 && { with_dependents: true }), ...(plan?.asks_for_name && { confirm: backup.id }) };
    session.start({ op: "backup.delete", args });
  }

  return (
    <Dialog
      id="delete"
      size="small"
      isWarning
      title={format(_("Delete $0?"), backup.id)}
      bodyClass="backup-dialog-body"
      action={{
        label: count > 1 ? format(ngettext("Delete $0 backup", "Delete $0 backups", count), number(count)) : _("Delete"),
        variant: "danger",
        isDisabled: !possible,
        onClick: remove,
      }}
      onClose={close}
    >
      {answer === null && <Skeleton height="4rem" screenreaderText={_("Working out what will be done")} />}
      {answer?.problem && <ProblemAlert problem={answer.problem} />}
      {busy && (
        <Alert
          isInline
          component="h2"
          variant="warning"
          variantLabel={_("Warning:")}
          title={_("A job is at work on these backups just now")}
        />
      )}
      {cycleVm !== null && (
        <InCycle
          vm={cycleVm}
          onForget={vm === undefined ? null : () => dispatch({ type: "dialog", dialog: { kind: "forget", uuid: vm.uuid } })}
        />
      )}
      {plan !== null && cycleVm === null && <What plan={plan} backup={backup} />}
      {plan !== null && cycleVm === null && plan.asks_for_name && (
        <Form
          onSubmit={(event) => {
            event.preventDefault();
            if (possible) {
              remove();
            }
          }}
        >
          <FormGroup label={format(_("Type its name, $0, to delete it"), backup.id)} fieldId="delete-confirm">
            <TextInput id="delete-confirm" value={typed} autoComplete="off" onChange={(_event, value) => setTyped(value)} />
          </FormGroup>
        </Form>
      )}
    </Dialog>
  );
}
