import { Checkbox } from "@patternfly/react-core/dist/esm/components/Checkbox/index";
import { Form, FormGroup } from "@patternfly/react-core/dist/esm/components/Form/index";
import { FormSelect, FormSelectOption } from "@patternfly/react-core/dist/esm/components/FormSelect/index";
import { Radio } from "@patternfly/react-core/dist/esm/components/Radio/index";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput/index";

import { _, format } from "../bridge/cockpit";
import type { Vm } from "../bridge/views";
import { HelperLine } from "../parts/helper-line";
import { list, number } from "../words/format";
import { type BackUpForm, LIMIT_MIB_MAX, MAX_INCREMENTALS_MAX, type Wrong, backedUpDisks } from "./back-up-form";

interface Props {
  vms: readonly Vm[];
  form: BackUpForm;
  wrong: Wrong;
  onChange: (changes: Partial<BackUpForm>) => void;
}

interface NumberProps {
  id: string;
  label: string;
  value: string;
  max: number;
  placeholder: string;
  wrong: boolean;
  onChange: (value: string) => void;
}

function NumberField({ id, label, value, max, placeholder, wrong, onChange }: NumberProps) {
  return (
    <FormGroup label={label} fieldId={id}>
      <TextInput
        id={id}
        type="number"
        className="backup-number"
        min={1}
        max={max}
        value={value}
        placeholder={placeholder}
        validated={wrong ? "error" : "default"}
        onChange={(_event, typed) => onChange(typed)}
      />
      {wrong && <HelperLine text={format(_("From 1 to $0"), number(max))} wrong />}
    </FormGroup>
  );
}

function KindField({ form, wrong, onChange }: Omit<Props, "vms">) {
  return (
    <FormGroup role="radiogroup" label={_("What to make")} fieldId="kind" isStack>
      <Radio
        id="kind-cycle"
        name="kind"
        label={_("The next step of the cycle")}
        description={_("A base, then incrementals, then one merged full backup that is kept for good")}
        isChecked={form.kind === "cycle"}
        onChange={() => onChange({ kind: "cycle" })}
      />
      <Radio
        id="kind-standalone"
        name="kind"
        label={_("Standalone copy")}
        description={_("A full copy that does not belong to the cycle; old ones are removed by the retention days")}
        isChecked={form.kind === "standalone"}
        onChange={() => onChange({ kind: "standalone" })}
      />
      <Radio
        id="kind-pin"
        name="kind"
        label={_("Pinned copy")}
        description={_("A full copy with a label; no rule ever removes it")}
        isChecked={form.kind === "pin"}
        onChange={() => onChange({ kind: "pin" })}
        body={
          form.kind === "pin" && (
            <>
              <TextInput
                id="pin-label"
                aria-label={_("Label of the pinned copy")}
                placeholder={_("For example: before the upgrade")}
                value={form.label}
                validated={wrong.label && form.label !== "" ? "error" : "default"}
                onChange={(_event, label) => onChange({ label })}
              />
              <HelperLine text={_("One line of at most 200 characters")} wrong={wrong.label && form.label !== ""} />
            </>
          )
        }
      />
    </FormGroup>
  );
}

function DisksField({ vms, form, wrong, onChange }: Props) {
  const disks = backedUpDisks(vms);
  if (disks.length < 2) {
    return null;
  }
  const include = (target: string, included: boolean) =>
    onChange({
      excluded: included ? form.excluded.filter((other) => other !== target) : [...form.excluded, target],
    });
  return (
    <FormGroup role="group" label={_("Disks")} fieldId="disks" isStack>
      {disks.map(({ target, disks: own }) => (
        <Checkbox
          key={target}
          id={`disk-${target}`}
          label={vms.length === 1 ? target : format(_("$0 of $1"), target, list(own.map(({ vm }) => vm.name)))}
          description={vms.length === 1 ? own[0]?.disk.path : undefined}
          isChecked={!form.excluded.includes(target)}
          onChange={(_event, checked) => include(target, checked)}
        />
      ))}
      {wrong.excluded && <HelperLine text={_("A machine would be left without any disk to back up")} wrong />}
    </FormGroup>
  );
}

function ConsolidationFields({ form, onChange }: Pick<Props, "form" | "onChange">) {
  return (
    <>
      <FormGroup label={_("How incrementals are merged")} fieldId="merge">
        <FormSelect
          id="merge"
          value={form.merge}
          onChange={(_event, merge) => onChange({ merge: merge as BackUpForm["merge"] })}
        >
          <FormSelectOption value="" label={_("As in the settings")} />
          <FormSelectOption value="auto" label={_("Automatic")} />
          <FormSelectOption value="in-place" label={_("Into the base, in place")} />
          <FormSelectOption value="copy" label={_("Into a new file, which is compared")} />
        </FormSelect>
      </FormGroup>
      <FormGroup label={_("Compression of a merged backup")} fieldId="compress">
        <FormSelect
          id="compress"
          value={form.compress}
          onChange={(_event, compress) => onChange({ compress: compress as BackUpForm["compress"] })}
        >
          <FormSelectOption value="" label={_("As in the settings")} />
          <FormSelectOption value="none" label={_("None")} />
          <FormSelectOption value="zstd" label={_("zstd, into a new file")} />
        </FormSelect>
      </FormGroup>
    </>
  );
}

export function BackUpOptionsForm(props: Props & { id: string; onSubmit: () => void }) {
  const { id, vms, form, wrong, onChange, onSubmit } = props;
  const inCycle = form.kind === "cycle";
  return (
    <Form
      id={id}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <KindField form={form} wrong={wrong} onChange={onChange} />
      <DisksField {...props} />
      <FormGroup role="group" label={_("This run")} fieldId="this-run" isStack>
        <Checkbox
          id="verify"
          label={_("Verify at the end")}
          description={_("Everything is read again and compared with its checksums")}
          isChecked={form.verify}
          onChange={(_event, verify) => onChange({ verify })}
        />
        <Checkbox
          id="quiesce"
          label={_("Hold the file systems still")}
          description={_("The guest agent is asked to; without one the backup is as after a power cut")}
          isChecked={form.quiesce}
          onChange={(_event, quiesce) => onChange({ quiesce })}
        />
      </FormGroup>
      {inCycle && (
        <NumberField
          id="max-incrementals"
          label={_("Incrementals before consolidation")}
          value={form.maxIncrementals}
          max={MAX_INCREMENTALS_MAX}
          placeholder={String(vms[0]?.max_incrementals ?? "")}
          wrong={wrong.maxIncrementals}
          onChange={(maxIncrementals) => onChange({ maxIncrementals })}
        />
      )}
      <NumberField
        id="limit"
        label={_("Speed limit, in MiB per second")}
        value={form.limit}
        max={LIMIT_MIB_MAX}
        placeholder={_("No limit")}
        wrong={wrong.limit}
        onChange={(limit) => onChange({ limit })}
      />
      {inCycle && <ConsolidationFields form={form} onChange={onChange} />}
    </Form>
  );
}
