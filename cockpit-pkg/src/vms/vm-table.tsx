import { Icon } from "@patternfly/react-core/dist/esm/components/Icon/index";
import { Table, Th, type ThProps, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import WarningIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon";
import { memo } from "react";

import { _, cockpit, format, ngettext } from "../bridge/cockpit";
import type { Disk, Job, Vm } from "../bridge/views";
import { ActionsMenu } from "../parts/actions-menu";
import { TooltipButton } from "../parts/tooltip-button";
import { Cell, CheckCell, Row, Tag, ToggleCell } from "../parts/rows";
import { type Choosable, SelectAll } from "../parts/select-all";
import { sortProps } from "../parts/sort";
import { useGrowing } from "../parts/use-growing";
import { canBackUp, protection } from "../state/select";
import type { Action, VmSort, VmsState } from "../state/state";
import { age, bytes, moment, percent } from "../words/format";
import { nextStep, vmState } from "../words/texts";
import { VmDetails } from "./vm-details";

interface TableProps extends Pick<VmsState, "selected" | "expanded" | "sort"> {
  /** The rows of this page. */
  rows: readonly Vm[];
  /** Those of all pages, which “select all” takes. */
  choosable: Choosable;
  /** What this page is of: another is drawn from its first row. */
  place: string;
  jobs: ReadonlyMap<string, Job>;
  dispatch: (action: Action) => void;
  now: Date;
}

const COLUMNS_COUNT = 9;

function diskPaths(disks: readonly Disk[]): string[] {
  return disks.flatMap((disk) => disk.path ?? []);
}

/** The first path, and how many more; all of them in the tooltip. */
function DisksCell({ disks }: { disks: readonly Disk[] }) {
  const paths = diskPaths(disks);
  const first = paths[0];
  if (first === undefined) {
    return <span className="backup-subtle">{_("No disk")}</span>;
  }
  return (
    <TooltipButton
      className="backup-disks"
      maxWidth="40rem"
      content={() => (
        <ul className="backup-tooltip-paths">
          {paths.map((path) => (
            <li key={path}>{path}</li>
          ))}
        </ul>
      )}
    >
      <span className="backup-path backup-path-cut">
        <span className="backup-ellipsis">{first.slice(0, first.lastIndexOf("/") + 1)}</span>
        <span className="backup-ellipsis">{first.slice(first.lastIndexOf("/") + 1)}</span>
      </span>
      {paths.length > 1 && (
        <span className="backup-subtle">
          {format(ngettext("and $0 more", "and $0 more", paths.length - 1), paths.length - 1)}
        </span>
      )}
    </TooltipButton>
  );
}

function LastBackupCell({ vm, now }: { vm: Vm; now: Date }) {
  const last = vm.last_backup;
  if (last === null) {
    return (
      <Tag colour="orange" isOutline>
        {_("Never")}
      </Tag>
    );
  }
  return (
    <span className="backup-with-icon">
      {protection(vm, now) === "old" && (
        <Icon status="warning" isInline>
          <WarningIcon set="default" title={_("Older than a week")} />
        </Icon>
      )}
      <a
        href={"#" + cockpit.location.encode(["backups"], { project: `vm/${vm.name}` })}
        title={format(_("$0, $1: show the backups of this machine"), moment(last.created_at), bytes(last.size_bytes))}
      >
        {age(last.created_at, now)}
      </a>
    </span>
  );
}

/** What can be done with one machine. */
function VmActions({ vm, dispatch }: { vm: Vm; dispatch: (action: Action) => void }) {
  return (
    <ActionsMenu
      label={format(_("Actions of $0"), vm.name)}
      actions={() => [
        {
          name: "back-up",
          label: _("Back up…"),
          isDisabled: !canBackUp(vm),
          onSelect: () => dispatch({ type: "dialog", dialog: { kind: "back-up", uuids: [vm.uuid] } }),
        },
        {
          name: "backups",
          label: _("Show its backups"),
          onSelect: () => cockpit.location.go(["backups"], { project: `vm/${vm.name}` }),
        },
        {
          name: "forget",
          label: _("Forget the chain…"),
          isDanger: true,
          isDisabled: vm.job_id !== null || vm.last_backup === null,
          description: _("Takes this program's checkpoints off the machine; backups are kept"),
          onSelect: () => dispatch({ type: "dialog", dialog: { kind: "forget", uuid: vm.uuid } }),
        },
      ]}
    />
  );
}

function NextStepCell({ vm, job }: { vm: Vm; job: Job | undefined }) {
  if (vm.job_id !== null) {
    const progress = job?.progress ?? null;
    const mine = progress !== null && progress.project_id === `vm/${vm.name}` && progress.total_bytes > 0;
    return (
      <Tag colour="blue" isOutline>
        {mine
          ? format(_("Backing up: $0"), percent(progress.done_bytes, progress.total_bytes))
          : _("Backing up")}
      </Tag>
    );
  }
  const { title, detail } = nextStep(vm);
  return <span title={detail}>{title}</span>;
}

function Warnings({ vm }: { vm: Vm }) {
  if (vm.warnings.length === 0) {
    return null;
  }
  return (
    <TooltipButton
      className="backup-warnings"
      label={format(ngettext("$0 warning", "$0 warnings", vm.warnings.length), vm.warnings.length)}
      content={() => (
        <ul>
          {vm.warnings.map(({ code, message }) => (
            <li key={code + message}>{message}</li>
          ))}
        </ul>
      )}
    >
      <Icon status="warning" isInline>
        <WarningIcon set="default" />
      </Icon>
    </TooltipButton>
  );
}

interface CellsProps {
  vm: Vm;
  job: Job | undefined;
  dispatch: (action: Action) => void;
  now: Date;
}

/* What being chosen or opened does not change. */
const VmCells = memo(function VmCells({ vm, job, dispatch, now }: CellsProps) {
  const { text, colour } = vmState(vm.state);
  return (
    <>
      <Cell label={_("Name")} fit="break-word" className="backup-name-cell">
        <div>
          <span className="backup-name">{vm.name}</span> <Warnings vm={vm} />
        </div>
      </Cell>
      <Cell label={_("State")}>
        <Tag colour={colour}>{text}</Tag>
      </Cell>
      <Cell label={_("Disks")} className="backup-disks-cell">
        <DisksCell disks={vm.disks} />
      </Cell>
      <Cell label={_("Size")} fit="nowrap">
        {bytes(vm.total_bytes)}
      </Cell>
      <Cell label={_("Last backup")} fit="nowrap">
        <LastBackupCell vm={vm} now={now} />
      </Cell>
      <Cell label={_("Next step")} fit="nowrap">
        <NextStepCell vm={vm} job={job} />
      </Cell>
      <Cell className="pf-v6-c-table__action">
        <VmActions vm={vm} dispatch={dispatch} />
      </Cell>
    </>
  );
});

interface RowProps extends CellsProps {
  index: number;
  selected: boolean;
  expanded: boolean;
}

const VmRow = memo(function VmRow({ vm, index, job, selected, expanded, dispatch, now }: RowProps) {
  return (
    <tbody role="rowgroup" className={`pf-v6-c-table__tbody${expanded ? " pf-m-expanded" : ""}`}>
      <Row isSelected={selected} data-vm={vm.name}>
        <CheckCell
          id={`vm-${index}-check`}
          label={format(_("Select $0"), vm.name)}
          isChecked={selected}
          isDisabled={!canBackUp(vm) && !selected}
          onChange={(checked) => dispatch({ type: "vms-select", uuids: [vm.uuid], selected: checked })}
        />
        <ToggleCell
          label={format(_("Disks and warnings of $0"), vm.name)}
          isExpanded={expanded}
          onToggle={() => dispatch({ type: "vms-expand", uuid: vm.uuid, expanded: !expanded })}
        />
        <VmCells vm={vm} job={job} dispatch={dispatch} now={now} />
      </Row>
      {expanded && (
        <Row isDetails>
          <Cell colSpan={COLUMNS_COUNT} fit="no-padding">
            <VmDetails vm={vm} />
          </Cell>
        </Row>
      )}
    </tbody>
  );
});

const COLUMNS: readonly (VmSort | "disks")[] = ["name", "state", "disks", "size", "last-backup", "next-step"];
/** Those that the list can be sorted by. */
export const SORTED = COLUMNS.filter((column) => column !== "disks");

export function columnTitle(column: VmSort | "disks"): string {
  switch (column) {
    case "name":
      return _("Name");
    case "state":
      return _("State");
    case "disks":
      return _("Disks");
    case "size":
      return _("Size");
    case "last-backup":
      return _("Last backup");
    case "next-step":
      return _("Next step");
  }
}

export const VmTable = memo(function VmTable({ rows, choosable, place, selected, expanded, sort, jobs, dispatch, now }: TableProps) {
  const shown = useGrowing(rows.length, place);

  const sortOf = (column: VmSort | "disks"): ThProps["sort"] =>
    column === "disks" ? undefined : sortProps(SORTED, column, sort, (next) => dispatch({ type: "vms-sort", sort: next }));

  return (
    <Table aria-label={_("Virtual machines")} variant="compact" gridBreakPoint="grid-lg" isExpandable>
      <Thead>
        <Tr>
          <Th className="pf-v6-c-table__check" aria-label={_("Selection")}>
            <SelectAll id="vms-check-all" {...choosable} />
          </Th>
          <Th className="pf-v6-c-table__toggle" screenReaderText={_("Details")} />
          {COLUMNS.map((column) => (
            <Th
              key={column}
              sort={sortOf(column)}
              modifier="nowrap"
              className={column === "disks" ? "backup-disks-cell" : undefined}
            >
              {columnTitle(column)}
            </Th>
          ))}
          <Th screenReaderText={_("Actions")} />
        </Tr>
      </Thead>
      {rows.slice(0, shown).map((vm, index) => (
        <VmRow
          key={vm.uuid}
          vm={vm}
          index={index}
          job={vm.job_id === null ? undefined : jobs.get(vm.job_id)}
          selected={selected.has(vm.uuid)}
          expanded={expanded.has(vm.uuid)}
          dispatch={dispatch}
          now={now}
        />
      ))}
    </Table>
  );
});
