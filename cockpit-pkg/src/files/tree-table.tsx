import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Label } from "@patternfly/react-core/dist/esm/components/Label/index";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";

import { _, format, ngettext } from "../bridge/cockpit";
import type { Job } from "../bridge/views";
import { ActionsMenu } from "../parts/actions-menu";
import type { Session } from "../state/session";
import { age, bytes, list, number } from "../words/format";
import { address } from "./browser";
import type { Tree } from "./trees";

interface Props {
  trees: readonly Tree[];
  /** Jobs at work. */
  jobs: readonly Job[];
  session: Session;
  now: Date;
  onEdit: (tree: Tree) => void;
  onRemove: (tree: Tree) => void;
}

function policyText({ task }: Tree): string {
  if (task === null) {
    return _("Not backed up any more");
  }
  const kept = task.keep_count;
  if (task.type !== "incremental") {
    return kept === 0 ? _("Always in full, all kept") : format(ngettext("Always in full, $0 kept", "Always in full, $0 kept", kept), number(kept));
  }
  const days = task.full_interval_days;
  const full = days === 1 ? _("In full every day") : format(ngettext("In full every $0 day", "In full every $0 days", days), number(days));
  return kept === 0
    ? format(_("$0, all kept"), full)
    : format(ngettext("$0, $1 generation kept", "$0, $1 generations kept", kept), full, number(kept));
}

function TreeRow({ tree, isBusy, session, now, onEdit, onRemove }: Omit<Props, "trees" | "jobs"> & { tree: Tree; isBusy: boolean }) {
  const { task, points } = tree;
  const newest = points[0];
  const place = { project: tree.projectId, backup: null, path: null, pathBase64: null };
  const backUp = (full: boolean) => session.start({ op: "tree.backup", args: { name: tree.name, ...(full ? { full } : {}) } });

  return (
    <Tr data-tree={tree.projectId}>
      <Td dataLabel={_("Name")} modifier="breakWord">
        <Button variant="link" isInline component="a" href={address(place)}>
          {tree.name}
        </Button>
        <div className="backup-subtle">{policyText(tree)}</div>
      </Td>
      <Td dataLabel={_("Directories")} modifier="breakWord">
        <span className="backup-path">{task === null ? "–" : list(task.sources)}</span>
      </Td>
      <Td dataLabel={_("Last backup")} modifier="nowrap">
        {isBusy ? (
          <Label isCompact color="blue">
            {_("Running")}
          </Label>
        ) : newest === undefined ? (
          <Label isCompact color="orange">
            {_("Never")}
          </Label>
        ) : (
          age(newest.created_at, now)
        )}
      </Td>
      <Td dataLabel={_("Points")} modifier="nowrap">
        {number(points.length)}
      </Td>
      <Td dataLabel={_("Size")} modifier="nowrap">
        {bytes(tree.sizeBytes)}
      </Td>
      <Td isActionCell className="backup-tree-actions-cell">
        <div className="backup-tree-actions">
          {task !== null && (
            <Button variant="secondary" size="sm" isDisabled={isBusy} onClick={() => backUp(false)} aria-label={format(_("Back up now: $0"), tree.name)}>
              {_("Back up now")}
            </Button>
          )}
          {task !== null && (
            <ActionsMenu
              label={format(_("Actions for $0"), tree.name)}
              actions={() => [
                {
                  name: "full",
                  label: _("Back up in full"),
                  description: _("Begins a new generation, whatever the interval says"),
                  isDisabled: isBusy,
                  onSelect: () => backUp(true),
                },
                { name: "edit", label: _("Change"), onSelect: () => onEdit(tree) },
                { name: "remove", label: _("Do not back up any more"), isDanger: true, onSelect: () => onRemove(tree) },
              ]}
            />
          )}
        </div>
      </Td>
    </Tr>
  );
}

export function TreeTable({ trees, jobs, ...props }: Props) {
  const busy = new Set(jobs.flatMap(({ projects }) => projects));
  return (
    <Table aria-label={_("Files")} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th>{_("Name")}</Th>
          <Th>{_("Directories")}</Th>
          <Th modifier="nowrap">{_("Last backup")}</Th>
          <Th>{_("Points")}</Th>
          <Th>{_("Size")}</Th>
          <Th screenReaderText={_("Actions")} />
        </Tr>
      </Thead>
      <Tbody>
        {trees.map((tree) => (
          <TreeRow key={tree.projectId} tree={tree} isBusy={busy.has(tree.projectId)} {...props} />
        ))}
      </Tbody>
    </Table>
  );
}
