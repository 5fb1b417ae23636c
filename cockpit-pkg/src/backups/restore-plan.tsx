import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { List, ListItem } from "@patternfly/react-core/dist/esm/components/List/index";

import { _, format, ngettext } from "../bridge/cockpit";
import type { VmRestorePlan } from "../bridge/views";
import { bytes, number } from "../words/format";

function effect(plan: VmRestorePlan): string {
  switch (plan.mode) {
    case "new":
      return format(
        _("A new machine $0 is defined, shut off, with an identity and network addresses of its own. The old one is not touched."),
        plan.vm,
      );
    case "in-place":
      return format(_("The disks of $0 are replaced. What is on them now is gone for good."), plan.vm);
    default:
      return _("Its disks and its definition are written as files. No machine is touched.");
  }
}

/** What a restore will do, in sentences, and where its files go. */
export function RestorePlan({ plan }: { plan: VmRestorePlan }) {
  return (
    <>
      <List>
        <ListItem>
          {format(
            ngettext(
              "$0 backup is read, and every byte compared with its checksum before anything is written.",
              "$0 backups are read, and every byte compared with its checksum before anything is written.",
              plan.reads.length,
            ),
            number(plan.reads.length),
          )}
        </ListItem>
        <ListItem>{effect(plan)}</ListItem>
        {plan.ends_cycle && (
          <ListItem>{_("Its cycle ends: the next backup begins a new one. The backups are kept.")}</ListItem>
        )}
        {plan.files.map(({ target, path, capacity_bytes, replaces }) => (
          <ListItem key={target}>
            {replaces ? format(_("$0, $1, replaces"), target, bytes(capacity_bytes)) : format(_("$0, $1, goes to"), target, bytes(capacity_bytes))}{" "}
            <span className="backup-path">{path}</span>
          </ListItem>
        ))}
        {plan.free_bytes > 0 && (
          <ListItem data-space>
            {format(_("It needs at most $0; there are $1 free."), bytes(plan.needed_bytes), bytes(plan.free_bytes))}
          </ListItem>
        )}
      </List>
      {plan.warnings.map(({ code, message }) => (
        <Alert key={code} isInline component="h2" variant="warning" variantLabel={_("Warning:")} title={message} />
      ))}
      {plan.job_id !== null && (
        <Alert
          isInline
          component="h2"
          variant="warning"
          variantLabel={_("Warning:")}
          title={_("A job is at work on these backups just now")}
        />
      )}
    </>
  );
}
