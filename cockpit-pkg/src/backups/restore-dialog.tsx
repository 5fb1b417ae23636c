import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Checkbox } from "@patternfly/react-core/dist/esm/components/Checkbox/index";
import { Form, FormGroup } from "@patternfly/react-core/dist/esm/components/Form/index";
import { Radio } from "@patternfly/react-core/dist/esm/components/Radio/index";
import { Skeleton } from "@patternfly/react-core/dist/esm/components/Skeleton/index";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput/index";
import { useState } from "react";

import { _, format } from "../bridge/cockpit";
import { type Backup, type VmRestorePlan, isVmRestorePlan } from "../bridge/views";
import { Dialog } from "../parts/dialog";
import { HelperLine } from "../parts/helper-line";
import { ProblemAlert } from "../parts/problem-alert";
import type { DialogProps } from "../parts/props";
import { useAnswer } from "../parts/use-answer";
import { moment } from "../words/format";
import { projectName } from "../words/texts";
import { IMAGES_DIRECTORY, type RestoreForm, freeName, obstacleAt, restoreArgs } from "./restore-form";
import { RestorePlan } from "./restore-plan";

const FORM = "restore-form";
const PLAN = { result: isVmRestorePlan };

interface FieldsProps {
  form: RestoreForm;
  vm: string;
  /** The newest plan, if it is of what the form says now. */
  plan: VmRestorePlan | null;
  onChange: (changes: Partial<RestoreForm>) => void;
}

interface FieldProps {
  id: string;
  label: string;
  value: string;
  wrong: string | null;
  help: string;
  onChange: (value: string) => void;
}

function Field({ id, label, value, wrong, help, onChange }: FieldProps) {
  return (
    <FormGroup label={label} fieldId={id} isRequired>
      <TextInput
        id={id}
        isRequired
        value={value}
        validated={wrong === null ? "default" : "error"}
        aria-describedby={`${id}-help`}
        onChange={(_event, typed) => onChange(typed)}
      />
      <HelperLine id={`${id}-help`} text={wrong ?? help} wrong={wrong !== null} />
    </FormGroup>
  );
}

function Fields({ form, vm, plan, onChange }: FieldsProps) {
  const directoryWrong = obstacleAt(plan, "directory");
  return (
    <>
      <FormGroup role="radiogroup" label={_("How")} fieldId="restore-mode" isStack>
        <Radio
          id="restore-new"
          name="restore-mode"
          label={_("As a new virtual machine")}
          description={format(_("A copy beside $0"), vm)}
          isChecked={form.mode === "new"}
          onChange={() => onChange({ mode: "new" })}
        />
        <Radio
          id="restore-directory"
          name="restore-mode"
          label={_("To a directory")}
          description={_("Disk images and the definition, as files")}
          isChecked={form.mode === "directory"}
          onChange={() => onChange({ mode: "directory" })}
        />
        <Radio
          id="restore-in-place"
          name="restore-mode"
          label={_("In place")}
          description={format(_("The disks of $0 become what they were; it has to be shut off"), vm)}
          isChecked={form.mode === "in-place"}
          onChange={() => onChange({ mode: "in-place" })}
        />
      </FormGroup>
      {form.mode === "new" && (
        <>
          <Field
            id="restore-name"
            label={_("Name of the new machine")}
            value={form.name}
            wrong={obstacleAt(plan, "as")}
            help={_("One that no machine has yet")}
            onChange={(name) => onChange({ name })}
          />
          <Field
            id="restore-images"
            label={_("Directory for its disks")}
            value={form.images}
            wrong={directoryWrong}
            help={_("An absolute path")}
            onChange={(images) => onChange({ images })}
          />
        </>
      )}
      {form.mode === "directory" && (
        <>
          <Field
            id="restore-to"
            label={_("Directory")}
            value={form.directory}
            wrong={form.directory === "" ? null : directoryWrong}
            help={_("An absolute path; the directory must be there")}
            onChange={(directory) => onChange({ directory })}
          />
          <Checkbox
            id="restore-overwrite"
            label={_("Replace files of the same name")}
            isChecked={form.overwrite}
            onChange={(_event, overwrite) => onChange({ overwrite })}
          />
        </>
      )}
    </>
  );
}

/** Restores a machine: how, where to, and what that will do, as the helper says it. */
export function RestoreDialog({ state, dispatch, session, id, backup }: DialogProps & { id: string; backup: Backup }) {
  const vm = projectName(backup.project_id);
  const [form, setForm] = useState<RestoreForm>(() => ({
    mode: "new",
    name: freeName(vm, new Set([...state.vms.byId.values()].map(({ name }) => name))),
    images: IMAGES_DIRECTORY,
    directory: "",
    overwrite: false,
  }));
  const args = restoreArgs(id, form);
  const filled = form.mode === "in-place" || (form.mode === "new" ? form.name.trim() !== "" : form.directory.trim() !== "");
  const { answer, waiting } = useAnswer(session, filled ? { op: "vm.restore", args: { ...args, plan: true } } : null, PLAN);
  const plan = filled && answer?.result?.mode === form.mode ? answer.result : null;
  const general = obstacleAt(plan, null);
  const possible = filled && !waiting && plan !== null && plan.obstacles.length === 0;
  const close = () => dispatch({ type: "dialog", dialog: null });

  function restore() {
    close();
    session.start({ op: "vm.restore", args });
  }

  return (
    <Dialog
      id="restore"
      size="medium"
      title={format(_("Restore $0"), vm)}
      description={format(_("As it was on $0 ($1)"), moment(backup.created_at), backup.id)}
      bodyLabel={_("How it is restored")}
      action={{
        label: form.mode === "in-place" ? _("Replace its disks") : _("Restore"),
        variant: form.mode === "in-place" ? "danger" : "primary",
        isDisabled: !possible,
        // What is lost for good is not done by Enter in a field.
        ...(form.mode === "in-place" ? { onClick: restore } : { form: FORM }),
      }}
      onClose={close}
    >
      <Form
        id={FORM}
        onSubmit={(event) => {
          event.preventDefault();
          if (possible && form.mode !== "in-place") {
            restore();
          }
        }}
      >
        <Fields
          form={form}
          vm={vm}
          plan={waiting ? null : plan}
          onChange={(changes) => setForm((before) => ({ ...before, ...changes }))}
        />
        <section aria-label={_("What will happen")} aria-live="polite" aria-busy={waiting} className="backup-plan-area">
          <h2 className="backup-heading">{_("What will happen")}</h2>
          {!filled && <p className="backup-subtle">{_("Say where to restore to.")}</p>}
          {filled && plan === null && waiting && <Skeleton height="6rem" screenreaderText={_("Working out what will be done")} />}
          {filled && plan === null && !waiting && answer?.problem && <ProblemAlert problem={answer.problem} />}
          {general !== null && (
            <Alert isInline component="h2" variant="danger" variantLabel={_("Error:")} title={_("This cannot be done")}>
              <p>{general}</p>
            </Alert>
          )}
          {plan !== null && <RestorePlan plan={plan} />}
        </section>
      </Form>
    </Dialog>
  );
}
