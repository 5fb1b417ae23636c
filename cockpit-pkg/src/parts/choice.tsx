import { FormSelect, FormSelectOption } from "@patternfly/react-core/dist/esm/components/FormSelect/index";
import { ToolbarItem } from "@patternfly/react-core/dist/esm/components/Toolbar/index";

interface Props {
  id: string;
  label: string;
  value: string;
  /** Value and text; the empty value takes all. */
  choices: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}

/** A filter of a toolbar: one of several, or all. */
export function Choice({ id, label, value, choices, onChange }: Props) {
  return (
    <ToolbarItem>
      <FormSelect id={id} aria-label={label} value={value} onChange={(_event, chosen) => onChange(chosen)}>
        {choices.map(([name, text]) => (
          <FormSelectOption key={name} value={name} label={text} />
        ))}
      </FormSelect>
    </ToolbarItem>
  );
}
