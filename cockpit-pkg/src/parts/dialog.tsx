import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal/index";
import type { ReactNode } from "react";

import { _ } from "../bridge/cockpit";

/** What the first button of a dialog does. */
export interface DialogAction {
  label: string;
  /** By how much it hurts: nothing by default. */
  variant?: "primary" | "warning" | "danger";
  isDisabled?: boolean;
  /** It has been pressed, and the answer is awaited; this is said meanwhile. */
  busy?: string | false;
  /** Absent where a form in the dialog is sent, by its id. */
  onClick?: () => void;
  form?: string;
}

interface Props {
  /** Of its parts' ids: unique among dialogs. */
  id: string;
  title: string;
  description?: string;
  size: "small" | "medium" | "large";
  /** Something is lost by it. */
  isWarning?: boolean;
  /** Of a body that can be so long that it scrolls: what it holds. */
  bodyLabel?: string;
  bodyClass?: string;
  action: DialogAction;
  onClose: () => void;
  children: ReactNode;
}

/** A question before the page: what it is about, one way on, and one way back. Escape goes back too. */
export function Dialog({ id, title, description, size, isWarning = false, bodyLabel, bodyClass, action, onClose, children }: Props) {
  const { label, variant = "primary", isDisabled = false, busy, onClick, form } = action;
  const isBusy = busy !== undefined && busy !== false;
  return (
    <Modal isOpen variant={size} onEscapePress={onClose} aria-labelledby={`${id}-title`} aria-describedby={`${id}-body`} className="backup-dialog">
      <ModalHeader labelId={`${id}-title`} title={title} description={description} titleIconVariant={isWarning ? "warning" : undefined} />
      <ModalBody id={`${id}-body`} className={bodyClass} tabIndex={bodyLabel === undefined ? undefined : 0} aria-label={bodyLabel}>
        {children}
      </ModalBody>
      <ModalFooter>
        <Button
          variant={variant}
          type={form === undefined ? "button" : "submit"}
          form={form}
          isDisabled={isDisabled || isBusy}
          isLoading={isBusy}
          spinnerAriaLabel={isBusy ? busy : undefined}
          onClick={onClick}
        >
          {label}
        </Button>
        <Button variant="link" onClick={onClose}>
          {_("Cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
