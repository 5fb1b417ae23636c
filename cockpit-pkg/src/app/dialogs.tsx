import { CleanDialog } from "../backups/clean-dialog";
import { DeleteDialog } from "../backups/delete-dialog";
import { PinDialog } from "../backups/pin-dialog";
import { RestoreDialog } from "../backups/restore-dialog";
import type { DialogProps } from "../parts/props";
import { findBackup } from "../state/select";
import { BackUpDialog } from "../vms/back-up-dialog";
import { ForgetDialog } from "../vms/forget-dialog";

const ofOneBackup = { restore: RestoreDialog, pin: PinDialog, delete: DeleteDialog };

/** The one dialog that stands before the page, if any does. */
export function Dialogs(props: DialogProps) {
  const { dialog } = props.state;
  switch (dialog?.kind) {
    case "back-up":
      return <BackUpDialog {...props} uuids={dialog.uuids} />;
    case "forget":
      return <ForgetDialog {...props} uuid={dialog.uuid} />;
    case "clean":
      return <CleanDialog {...props} />;
    case "restore":
    case "pin":
    case "delete": {
      const backup = findBackup(props.state, dialog.id);
      const Dialog = ofOneBackup[dialog.kind];
      return backup === undefined ? null : <Dialog {...props} id={dialog.id} backup={backup} />;
    }
    default:
      return null;
  }
}
