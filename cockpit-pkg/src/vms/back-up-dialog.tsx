import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Checkbox } from "@patternfly/react-core/dist/esm/components/Checkbox/index";
import { ExpandableSection } from "@patternfly/react-core/dist/esm/components/ExpandableSection/index";
import { Form, FormGroup, FormHelperText } from "@patternfly/react-core/dist/esm/components/Form/index";
import { HelperText, HelperTextItem } from "@patternfly/react-core/dist/esm/components/HelperText/index";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal/index";
import { NumberInput } from "@patternfly/react-core/dist/esm/components/NumberInput/index";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput/index";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import { useState } from "react";

import { _, format, ngettext } from "../bridge/cockpit";
import type { Session } from "../state/session";
import type { Action, Dialog, State } from "../state/state";
import { bytes, number } from "../words/format";
import { nextStep } from "../words/texts";
import { planned } from "./plan";

const MAX_INCREMENTALS_MAX = 255;
const LIMIT_MIB_MAX = 1_000_000;

interface Props {
  state: State;
  dialog: Dialog;
  dispatch: (action: Action) => void;
  session: Session;
}

/** Says what will be done with each machine, before anything is. */
export function BackUpDialog({ state, dialog, dispatch, session }: Props) {
  const vms = dialog.uuids.flatMap((uuid) => state.vms.byId.get(uuid) ?? []);
  const usual = vms[0]?.max_incrementals ?? 7;
  const [maxIncrementals, setMaxIncrementals] = useState<number | null>(null);
  const [limit, setLimit] = useState("");
  const [standalone, setStandalone] = useState(false);
  const [verify, setVerify] = useState(false);
  const [optionsOpen, setOptionsOpen] = useState(false);
  const plan = vms.map((vm) => planned(vm, maxIncrementals, standalone));
  const limitMib = limit === "" ? null : Number(limit);
  const wrongLimit = limitMib !== null && !(Number.isInteger(limitMib) && limitMib >= 1 && limitMib <= LIMIT_MIB_MAX);
  const wrongCount = !standalone && maxIncrementals !== null && !(maxIncrementals >= 1 && maxIncrementals <= MAX_INCREMENTALS_MAX);

  const close = () => dispatch({ type: "dialog", dialog: null });
  const change = (value: number) => setMaxIncrementals(Number.isInteger(value) ? value : NaN);

  function start() {
    close();
    dispatch({ type: "vms-select", uuids: dialog.uuids, selected: false });
    session.backUp(
      vms.map((vm) => vm.name),
      {
        ...(maxIncrementals !== null && !standalone && { max_incrementals: maxIncrementals }),
        ...(standalone && { standalone }),
        ...(verify && { verify }),
        ...(limitMib !== null && { limit_mib: limitMib }),
      },
    );
  }

  return (
    <Modal isOpen variant="medium" onEscapePress={close} aria-labelledby="back-up-title" aria-describedby="back-up-body">
      <ModalHeader
        labelId="back-up-title"
        title={format(
          ngettext("Back up $0 virtual machine", "Back up $0 virtual machines", vms.length),
          vms.length,
        )}
      />
      <ModalBody id="back-up-body">
        <p>{_("This is what will be done. The machines keep running, and you can close this page meanwhile.")}</p>
        <Table aria-label={_("What will be done")} variant="compact" gridBreakPoint="grid-md" className="backup-plan">
          <Thead>
            <Tr>
              <Th modifier="nowrap">{_("Name")}</Th>
              <Th modifier="nowrap">{_("Step")}</Th>
              <Th modifier="nowrap">{_("Size of its disks")}</Th>
            </Tr>
          </Thead>
          <Tbody>
            {plan.map((vm) => {
              const { title, detail } = nextStep(vm);
              return (
                <Tr key={vm.uuid}>
                  <Td dataLabel={_("Name")}>{vm.name}</Td>
                  <Td dataLabel={_("Step")}>
                    {title}
                    <div className="backup-subtle">{detail}</div>
                  </Td>
                  <Td dataLabel={_("Size of its disks")}>{bytes(vm.total_bytes)}</Td>
                </Tr>
              );
            })}
          </Tbody>
        </Table>
        <ExpandableSection
          toggleText={_("Options of this run")}
          isExpanded={optionsOpen}
          onToggle={(_event, open) => setOptionsOpen(open)}
          isIndented
        >
          <Form onSubmit={(event) => event.preventDefault()}>
            <FormGroup label={_("Incrementals before they are consolidated")} fieldId="max-incrementals">
              <NumberInput
                inputName="max-incrementals"
                inputProps={{ id: "max-incrementals" }}
                inputAriaLabel={_("Incrementals before they are consolidated")}
                minusBtnAriaLabel={_("One less")}
                plusBtnAriaLabel={_("One more")}
                min={1}
                max={MAX_INCREMENTALS_MAX}
                value={Number.isNaN(maxIncrementals) ? "" : (maxIncrementals ?? usual)}
                isDisabled={standalone}
                validated={wrongCount ? "error" : "default"}
                onMinus={() => change((maxIncrementals ?? usual) - 1)}
                onPlus={() => change((maxIncrementals ?? usual) + 1)}
                onChange={(event) => change(Number(event.currentTarget.value || NaN))}
              />
              <FormHelperText>
                <HelperText>
                  <HelperTextItem variant={wrongCount ? "error" : "default"}>
                    {format(_("From 1 to $0"), MAX_INCREMENTALS_MAX)}
                  </HelperTextItem>
                </HelperText>
              </FormHelperText>
            </FormGroup>
            <FormGroup label={_("At most this many MiB a second")} fieldId="limit">
              <TextInput
                id="limit"
                type="number"
                className="backup-number"
                value={limit}
                placeholder={_("No limit")}
                validated={wrongLimit ? "error" : "default"}
                onChange={(_event, value) => setLimit(value)}
              />
              {wrongLimit && (
                <FormHelperText>
                  <HelperText>
                    <HelperTextItem variant="error">{format(_("From 1 to $0"), number(LIMIT_MIB_MAX))}</HelperTextItem>
                  </HelperText>
                </FormHelperText>
              )}
            </FormGroup>
            <FormGroup role="group" label={_("This run")} fieldId="this-run" isStack>
              <Checkbox
                id="standalone"
                label={_("Standalone copy")}
                description={_("A full copy that does not belong to the cycle; old ones are removed by the retention days")}
                isChecked={standalone}
                onChange={(_event, checked) => setStandalone(checked)}
              />
              <Checkbox
                id="verify"
                label={_("Verify at the end")}
                description={_("Everything is read again and compared with its checksums")}
                isChecked={verify}
                onChange={(_event, checked) => setVerify(checked)}
              />
            </FormGroup>
          </Form>
        </ExpandableSection>
      </ModalBody>
      <ModalFooter>
        <Button variant="primary" onClick={start} isDisabled={wrongCount || wrongLimit || vms.length === 0}>
          {_("Start the backup")}
        </Button>
        <Button variant="link" onClick={close}>
          {_("Cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
