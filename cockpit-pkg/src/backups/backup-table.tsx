import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import {
  ExpandableRowContent,
  Table,
  Th,
  Thead,
  Tr,
} from "@patternfly/react-table/dist/esm/components/Table/index";
import ThumbtackIcon from "@patternfly/react-icons/dist/esm/icons/thumbtack-icon";
import { memo, useMemo } from "react";

import { _, cockpit, format, ngettext } from "../bridge/cockpit";
import type { Backup, Vm } from "../bridge/views";
import { ActionsMenu, type MenuAction } from "../parts/actions-menu";
import { Cell, CheckCell, Row, Tag, ToggleCell } from "../parts/rows";
import { type Choosable, SelectAll } from "../parts/select-all";
import { sortProps } from "../parts/sort";
import { useGrowing } from "../parts/use-growing";
import { type ProjectGroup, canExport, canRestoreVm, groupByProject } from "../state/select";
import type { Session } from "../state/session";
import { type Action, type BackupSort, type BackupsState, backupId } from "../state/state";
import { age, bytes, moment, number } from "../words/format";
import { backupKind, backupStatus, backupStatusName } from "../words/texts";
import { BackupDetails } from "./backup-details";
import { chainsOf, isPinned } from "./chain";
import { ChainView } from "./chain-view";

/** Those that the list can be sorted by: all. */
export const COLUMNS: readonly BackupSort[] = ["name", "type", "status", "created", "size"];
const COLUMNS_COUNT = COLUMNS.length + 3;

export function columnTitle(column: BackupSort): string {
  switch (column) {
    case "name":
      return _("Backup");
    case "type":
      return _("Kind");
    case "status":
      return _("Status");
    case "created":
      return _("Made");
    case "size":
      return _("Size");
  }
}

function actionsOf(backup: Backup, dispatch: (action: Action) => void, session: Session): MenuAction[] {
  const id = backupId(backup);
  const whole = canExport(backup);
  return [
    { name: "export", label: _("Export"), isDisabled: !whole, onSelect: () => session.exportBackups([id]) },
    {
      name: "verify",
      label: _("Verify"),
      isDisabled: !whole,
      onSelect: () => session.start({ op: "backup.verify", args: { ids: [id] } }),
    },
    {
      name: "pin",
      label: _("Pin…"),
      isDisabled: !whole || isPinned(backup),
      onSelect: () => dispatch({ type: "dialog", dialog: { kind: "pin", id } }),
    },
    {
      name: "delete",
      label: _("Delete…"),
      isDanger: true,
      isDisabled: backup.status === "running",
      onSelect: () => dispatch({ type: "dialog", dialog: { kind: "delete", id } }),
    },
  ];
}

interface CellsProps {
  backup: Backup;
  dispatch: (action: Action) => void;
  session: Session;
  now: Date;
}

interface RowProps extends CellsProps {
  index: string;
  selected: boolean;
  expanded: boolean;
  ofProject: readonly Backup[];
}

function NameCell({ backup }: { backup: Backup }) {
  return (
    <>
      {backup.id}
      {backup.tags.length > 0 && (
        <span className="backup-tags">
          {backup.tags.map((tag) => (
            <Tag key={tag} colour="grey" isOutline icon={isPinned(backup) ? <ThumbtackIcon set="default" /> : undefined}>
              {tag}
            </Tag>
          ))}
        </span>
      )}
      {backup.error_message !== null && <div className="backup-subtle">{backup.error_message}</div>}
    </>
  );
}

/* What being chosen or opened does not change. */
const BackupCells = memo(function BackupCells({ backup, dispatch, session, now }: CellsProps) {
  const kind = backupKind(backup);
  const status = backupStatus(backupStatusName(backup));
  const id = backupId(backup);
  return (
    <>
      <Cell label={_("Backup")} fit="break-word" className="backup-name-cell">
        <NameCell backup={backup} />
      </Cell>
      <Cell label={_("Kind")}>
        <Tag colour={kind.colour}>{kind.text}</Tag>
      </Cell>
      <Cell label={_("Status")}>
        <Tag colour={status.colour} isOutline>
          {status.text}
        </Tag>
      </Cell>
      <Cell label={_("Made")} fit="nowrap">
        <time dateTime={backup.created_at} title={age(backup.created_at, now)}>
          {moment(backup.created_at)}
        </time>
      </Cell>
      <Cell label={_("Size")} fit="nowrap">
        {bytes(backup.size_bytes)}
      </Cell>
      <Cell className="pf-v6-c-table__action">
        <div className="backup-actions">
          {canRestoreVm(backup) && (
            <Button
              variant="secondary"
              size="sm"
              aria-label={format(_("Restore $0"), backup.id)}
              onClick={() => dispatch({ type: "dialog", dialog: { kind: "restore", id } })}
            >
              {_("Restore…")}
            </Button>
          )}
          {backup.project_id.startsWith("tree/") && backup.status === "completed" && (
            <Button
              variant="secondary"
              size="sm"
              component="a"
              href={"#" + cockpit.location.encode(["files"], { project: backup.project_id, backup: backup.id })}
              aria-label={format(_("Browse… $0"), backup.id)}
            >
              {_("Browse…")}
            </Button>
          )}
          <ActionsMenu label={format(_("Actions of $0"), backup.id)} actions={() => actionsOf(backup, dispatch, session)} />
        </div>
      </Cell>
    </>
  );
});

const BackupRow = memo(function BackupRow(props: RowProps) {
  const { backup, index, selected, expanded, ofProject, dispatch, session, now } = props;
  const id = backupId(backup);
  return (
    <>
      <Row isSelected={selected} data-backup={backup.id} id={`backup-row-${backup.id}`}>
        <CheckCell
          id={`backup-check-${index}`}
          label={format(_("Select $0"), backup.id)}
          isChecked={selected}
          isDisabled={!canExport(backup) && !selected}
          onChange={(checked) => dispatch({ type: "backups-select", ids: [id], selected: checked })}
        />
        <ToggleCell
          label={format(_("Details of $0"), backup.id)}
          isExpanded={expanded}
          onToggle={() => dispatch({ type: "backups-expand", id, expanded: !expanded })}
        />
        <BackupCells backup={backup} dispatch={dispatch} session={session} now={now} />
      </Row>
      {expanded && (
        <Row isDetails>
          <Cell colSpan={COLUMNS_COUNT}>
            <ExpandableRowContent>
              <BackupDetails backup={backup} ofProject={ofProject} session={session} />
            </ExpandableRowContent>
          </Cell>
        </Row>
      )}
    </>
  );
});

interface BodyProps extends Pick<TableProps, "selected" | "expanded" | "byProject" | "vms" | "dispatch" | "session" | "now"> {
  group: ProjectGroup;
  index: number;
}

/** A project's name and how its backups depend on each other, above its rows. */
function ProjectBody({ group, byProject, vms, selected, expanded, dispatch, session, now, index }: BodyProps) {
  const ofProject = byProject.get(group.projectId) ?? group.backups;
  const chains = useMemo(() => chainsOf(ofProject), [ofProject]);
  const hasChains = chains.chains.length > 0 || chains.alone.length > 0;
  const size = ofProject.reduce((sum, backup) => sum + backup.size_bytes, 0);
  return (
    <tbody role="rowgroup" className="pf-v6-c-table__tbody">
      <Row className="backup-project" data-project={group.projectId}>
        <th className="pf-v6-c-table__th" colSpan={COLUMNS_COUNT} scope="colgroup">
          <div className="backup-project-head">
            <span className="backup-name">{group.name}</span>
            <span className="backup-subtle">
              {format(ngettext("$0 backup, $1", "$0 backups, $1", ofProject.length), number(ofProject.length), bytes(size))}
            </span>
          </div>
        </th>
      </Row>
      {hasChains && (
        <Row className="backup-project-chains">
          <Cell colSpan={COLUMNS_COUNT} label={_("What needs what")}>
            <ChainView chains={chains} vm={vms.get(group.projectId)} />
          </Cell>
        </Row>
      )}
      {group.backups.map((backup, row) => (
        <BackupRow
          key={backup.id}
          backup={backup}
          index={`${index}-${row}`}
          selected={selected.has(backupId(backup))}
          expanded={expanded.has(backupId(backup))}
          ofProject={ofProject}
          dispatch={dispatch}
          session={session}
          now={now}
        />
      ))}
    </tbody>
  );
}

interface TableProps extends Pick<BackupsState, "selected" | "expanded" | "sort"> {
  /** What this page is of: another is drawn from its first row. */
  place: string;
  /** The backup that the address names. */
  named: string | null;
  /** The rows of this page. */
  rows: readonly Backup[];
  /** Those of all pages, which “select all” takes. */
  choosable: Choosable;
  /** Every backup of each project, whatever is searched for. */
  byProject: ReadonlyMap<string, readonly Backup[]>;
  /** The machines by the project they are. */
  vms: ReadonlyMap<string, Vm>;
  dispatch: (action: Action) => void;
  session: Session;
  now: Date;
}

export const BackupTable = memo(function BackupTable(props: TableProps) {
  const { sort, place, named, rows, choosable, dispatch } = props;
  const shown = useGrowing(rows.length, place, named === null ? 0 : rows.findIndex(({ id }) => id === named) + 1);

  return (
    <Table aria-label={_("Backups")} variant="compact" gridBreakPoint="grid-lg" isExpandable>
      <Thead>
        <Tr>
          <Th className="pf-v6-c-table__check" aria-label={_("Selection")}>
            <SelectAll id="backups-check-all" {...choosable} />
          </Th>
          <Th className="pf-v6-c-table__toggle" screenReaderText={_("Details")} />
          {COLUMNS.map((column) => (
            <Th key={column} sort={sortProps(COLUMNS, column, sort, (next) => dispatch({ type: "backups-sort", sort: next }))} modifier="nowrap">
              {columnTitle(column)}
            </Th>
          ))}
          <Th screenReaderText={_("Actions")} />
        </Tr>
      </Thead>
      {groupByProject(rows.slice(0, shown)).map((group, index) => (
        <ProjectBody key={group.projectId} group={group} index={index} {...props} />
      ))}
    </Table>
  );
});
