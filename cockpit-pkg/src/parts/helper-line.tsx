import { FormHelperText } from "@patternfly/react-core/dist/esm/components/Form/index";
import { HelperText, HelperTextItem } from "@patternfly/react-core/dist/esm/components/HelperText/index";

/** Below a field: what it means, or what is wrong with it. */
export function HelperLine({ id, text, wrong = false }: { id?: string; text: string; wrong?: boolean }) {
  return (
    <FormHelperText>
      <HelperText id={id} isLiveRegion={wrong}>
        <HelperTextItem variant={wrong ? "error" : "default"}>{text}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  );
}
