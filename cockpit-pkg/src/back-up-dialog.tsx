import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { ExpandableSection } from "@patternfly/react-core/dist/esm/components/ExpandableSection/index";
import { Form, FormGroup, FormHelperText } from "@patternfly/react-core/dist/esm/components/Form/index";
import { HelperText, HelperTextItem } from "@patternfly/react-core/dist/esm/components/HelperText/index";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal/index";
import { NumberInput } from "@patternfly/react-core/dist/esm/components/NumberInput/index";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import { useState } from "react";

import { _, format, ngettext } from "./cockpit";
import { bytes } from "./format";
import { planned } from "./plan";
import type { Session } from "./session";
import type { Action, Dialog, State } from "./state";
import { nextStep } from "./texts";

const MAX_INCREMENTALS_MAX = 255;

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
  const [optionsOpen, setOptionsOpen] = useState(false);
  const plan = vms.map((vm) => planned(vm, maxIncrementals));
  const wrong = maxIncrementals !== null && !(maxIncrementals >= 1 && maxIncrementals <= MAX_INCREMENTALS_MAX);

  const close = () => dispatch({ type: "dialog", dialog: null });
  const change = (value: number) => setMaxIncrementals(Number.isInteger(value) ? value : NaN);

  function start() {
    close();
    dispatch({ type: "vms-select", uuids: dialog.uuids, selected: false });
    session.backUp(
      vms.map((vm) => vm.name),
      maxIncrementals === null ? {} : { max_incrementals: maxIncrementals },
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
                validated={wrong ? "error" : "default"}
                onMinus={() => change((maxIncrementals ?? usual) - 1)}
                onPlus={() => change((maxIncrementals ?? usual) + 1)}
                onChange={(event) => change(Number(event.currentTarget.value || NaN))}
              />
              <FormHelperText>
                <HelperText>
                  <HelperTextItem variant={wrong ? "error" : "default"}>
                    {format(_("From 1 to $0"), MAX_INCREMENTALS_MAX)}
                  </HelperTextItem>
                </HelperText>
              </FormHelperText>
            </FormGroup>
          </Form>
        </ExpandableSection>
      </ModalBody>
      <ModalFooter>
        <Button variant="primary" onClick={start} isDisabled={wrong || vms.length === 0}>
          {_("Start the backup")}
        </Button>
        <Button variant="link" onClick={close}>
          {_("Cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
