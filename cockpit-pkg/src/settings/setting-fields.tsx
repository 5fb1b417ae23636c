import { FormGroup } from "@patternfly/react-core/dist/esm/components/Form/index";
import { FormSelect, FormSelectOption } from "@patternfly/react-core/dist/esm/components/FormSelect/index";
import { Switch } from "@patternfly/react-core/dist/esm/components/Switch/index";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput/index";
import { useState } from "react";

import { _, format } from "../bridge/cockpit";
import { HelperLine } from "../parts/helper-line";
import { number } from "../words/format";

/** A setting as its field sees it. */
export interface Bound {
  value: string;
  /** Why the last value was not taken. */
  wrong: string | null;
  saving: boolean;
  save: (value: string) => void;
}

interface FieldProps extends Bound {
  id: string;
  label: string;
  help: string;
}

interface TextProps extends FieldProps {
  /** Of a number. */
  min?: number;
  max?: number;
}

/** Saved when a person leaves it or presses Enter; Escape takes the old value back. */
export function TextField({ id, label, help, value, wrong, saving, save, min = 0, max }: TextProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const isNumber = max !== undefined;
  const shown = typed ?? value;
  const unfit = isNumber && typed !== null && !(/^\d+$/.test(typed) && Number(typed) >= min && Number(typed) <= max);
  const reason = unfit ? format(_("From $0 to $1"), number(min), number(max)) : typed === null || typed === value ? wrong : null;

  function leave() {
    if (typed !== null && typed !== value && !unfit) {
      save(isNumber ? String(Number(typed)) : typed.trim());
    }
    if (!unfit) {
      setTyped(null);
    }
  }

  return (
    <FormGroup label={label} fieldId={id}>
      <TextInput
        id={id}
        type={isNumber ? "number" : "text"}
        className={isNumber ? "backup-number" : undefined}
        min={isNumber ? min : undefined}
        max={max}
        value={shown}
        isDisabled={saving}
        validated={reason === null ? "default" : "error"}
        onChange={(_event, next) => setTyped(next)}
        onBlur={leave}
        onKeyDown={(event) => {
          if (event.key === "Enter") {
            event.preventDefault();
            leave();
          } else if (event.key === "Escape") {
            setTyped(null);
          }
        }}
      />
      <HelperLine text={reason ?? help} wrong={reason !== null} />
    </FormGroup>
  );
}

export function ChoiceField({ id, label, help, value, wrong, saving, save, choices }: FieldProps & { choices: readonly (readonly [string, string])[] }) {
  return (
    <FormGroup label={label} fieldId={id}>
      <FormSelect id={id} className="backup-choice" value={value} isDisabled={saving} onChange={(_event, next) => save(next)}>
        {choices.map(([name, text]) => (
          <FormSelectOption key={name} value={name} label={text} />
        ))}
      </FormSelect>
      <HelperLine text={wrong ?? help} wrong={wrong !== null} />
    </FormGroup>
  );
}

export function SwitchField({ id, label, help, value, wrong, saving, save }: FieldProps) {
  return (
    <FormGroup fieldId={id} role="group" aria-label={label}>
      <Switch id={id} label={label} isChecked={value === "yes"} isDisabled={saving} onChange={(_event, checked) => save(checked ? "yes" : "no")} />
      <HelperLine text={wrong ?? help} wrong={wrong !== null} />
    </FormGroup>
  );
}
