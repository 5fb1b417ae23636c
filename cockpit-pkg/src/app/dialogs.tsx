import type { DialogProps } from "../parts/props";
import { BackUpDialog } from "../vms/back-up-dialog";
import { ForgetDialog } from "../vms/forget-dialog";

/** The one dialog that stands before the page, if any does. */
export function Dialogs(props: DialogProps) {
  const { dialog } = props.state;
  switch (dialog?.kind) {
    case "back-up":
      return <BackUpDialog {...props} uuids={dialog.uuids} />;
    case "forget":
      return <ForgetDialog {...props} uuid={dialog.uuid} />;
    default:
      return null;
  }
}
