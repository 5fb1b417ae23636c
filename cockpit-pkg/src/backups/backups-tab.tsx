import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Card, CardBody } from "@patternfly/react-core/dist/esm/components/Card/index";
import { Checkbox } from "@patternfly/react-core/dist/esm/components/Checkbox/index";
import {
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
} from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import { Label, LabelGroup } from "@patternfly/react-core/dist/esm/components/Label/index";
import { Pagination } from "@patternfly/react-core/dist/esm/components/Pagination/index";
import { SearchInput } from "@patternfly/react-core/dist/esm/components/SearchInput/index";
import { Toolbar, ToolbarContent, ToolbarItem } from "@patternfly/react-core/dist/esm/components/Toolbar/index";
import { Stack, StackItem } from "@patternfly/react-core/dist/esm/layouts/Stack/index";
import { SortByDirection, Table, Tbody, Td, Th, type ThProps, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import ArchiveIcon from "@patternfly/react-icons/dist/esm/icons/archive-icon";
import { memo } from "react";

import { _, cockpit, format, ngettext } from "../bridge/cockpit";
import type { Backup } from "../bridge/views";
import { usePlace } from "../parts/hooks";
import { NothingFound } from "../parts/nothing-found";
import { LoadingView, ProblemView } from "../parts/problem-view";
import type { TabProps } from "../parts/props";
import { type ProjectGroup, canExport, groupByProject, pageOf, selectedBackups, visibleBackups } from "../state/select";
import { type Action, type BackupSort, type BackupsState, backupId } from "../state/state";
import { age, bytes, moment, number } from "../words/format";
import { backupKind, backupStatus, pagingTexts, projectName } from "../words/texts";

const COLUMNS: readonly BackupSort[] = ["name", "type", "status", "created", "size"];
const COLUMNS_COUNT = COLUMNS.length + 1;

function columnTitle(column: BackupSort): string {
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

const BackupRow = memo(function BackupRow({ backup, index, selected, dispatch, now }: { backup: Backup; index: string; selected: boolean; dispatch: (action: Action) => void; now: Date }) {
  const kind = backupKind(backup);
  const status = backupStatus(backup.status);
  const id = backupId(backup);
  return (
    <Tr isRowSelected={selected} data-backup={id}>
      <Td className="pf-v6-c-table__check">
        <Checkbox
          id={`backup-${index}-check`}
          aria-label={format(_("Select $0"), backup.id)}
          isChecked={selected}
          isDisabled={!canExport(backup) && !selected}
          onChange={(_event, checked) => dispatch({ type: "backups-select", ids: [id], selected: checked })}
        />
      </Td>
      <Td dataLabel={_("Backup")} modifier="breakWord">
        <div>{backup.id}</div>
        {backup.tags.length > 0 && (
          <div>
            {backup.tags.map((tag) => (
              <Label key={tag} isCompact variant="outline">
                {tag}
              </Label>
            ))}
          </div>
        )}
        {backup.error_message !== null && <div className="backup-subtle">{backup.error_message}</div>}
      </Td>
      <Td dataLabel={_("Kind")}>
        <Label color={kind.colour} isCompact>
          {kind.text}
        </Label>
      </Td>
      <Td dataLabel={_("Status")}>
        <Label color={status.colour} isCompact variant="outline">
          {status.text}
        </Label>
      </Td>
      <Td dataLabel={_("Made")} modifier="nowrap">
        <span title={age(backup.created_at, now)}>{moment(backup.created_at)}</span>
      </Td>
      <Td dataLabel={_("Size")} modifier="nowrap">
        {bytes(backup.size_bytes)}
      </Td>
    </Tr>
  );
});

function ProjectBody({ group, all, backups, dispatch, now, index }: { group: ProjectGroup; all: readonly Backup[]; backups: BackupsState; dispatch: (action: Action) => void; now: Date; index: number }) {
  const ofProject = all.filter((backup) => backup.project_id === group.projectId);
  return (
    <Tbody>
      <Tr className="backup-project" data-project={group.projectId}>
        <Th colSpan={COLUMNS_COUNT} scope="colgroup">
          <span className="backup-name">{group.name}</span>{" "}
          <span className="backup-subtle">
            {format(
              ngettext("$0 backup, $1", "$0 backups, $1", ofProject.length),
              number(ofProject.length),
              bytes(ofProject.reduce((sum, backup) => sum + backup.size_bytes, 0)),
            )}
          </span>
        </Th>
      </Tr>
      {group.backups.map((backup, row) => (
        <BackupRow
          key={backup.id}
          backup={backup}
          index={`${index}-${row}`}
          selected={backups.selected.has(backupId(backup))}
          dispatch={dispatch}
          now={now}
        />
      ))}
    </Tbody>
  );
}

interface TableProps {
  backups: BackupsState;
  rows: readonly Backup[];
  all: readonly Backup[];
  dispatch: (action: Action) => void;
  now: Date;
}

function BackupTable({ backups, rows, all, dispatch, now }: TableProps) {
  const selectable = all.filter(canExport);
  const chosen = selectable.filter((backup) => backups.selected.has(backupId(backup))).length;
  const allChosen = chosen > 0 && chosen === selectable.length;
  const sortOf = (column: BackupSort): ThProps["sort"] => ({
    columnIndex: COLUMNS.indexOf(column),
    sortBy: { index: COLUMNS.indexOf(backups.sort.by), direction: backups.sort.descending ? SortByDirection.desc : SortByDirection.asc },
    onSort: (_event, _index, direction) =>
      dispatch({ type: "backups-sort", sort: { by: column, descending: direction === SortByDirection.desc } }),
  });

  return (
    <Table aria-label={_("Backups")} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th className="pf-v6-c-table__check" aria-label={_("Selection")}>
            <Checkbox
              id="backups-check-all"
              aria-label={_("Select all")}
              isChecked={chosen > 0 && !allChosen ? null : allChosen}
              isDisabled={selectable.length === 0}
              onChange={(_event, checked) =>
                dispatch({ type: "backups-select", ids: (checked ? selectable : all).map(backupId), selected: checked })
              }
            />
          </Th>
          {COLUMNS.map((column) => (
            <Th key={column} sort={sortOf(column)} modifier="nowrap">
              {columnTitle(column)}
            </Th>
          ))}
        </Tr>
      </Thead>
      {groupByProject(rows).map((group, index) => (
        <ProjectBody key={group.projectId} group={group} all={all} backups={backups} dispatch={dispatch} now={now} index={index} />
      ))}
    </Table>
  );
}

function NoBackups() {
  return (
    <EmptyState headingLevel="h2" titleText={_("No backups yet")} icon={ArchiveIcon}>
      <EmptyStateBody>{_("Choose the virtual machines to back up; what was made then shows here.")}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="primary" component="a" href="#/vms">
            {_("Go to the virtual machines")}
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

interface BackupsCardProps extends Omit<TabProps, "state"> {
  backups: BackupsState;
  project: string | null;
}

/* Drawn again only when what it shows has changed: log lines come far more often. */
const BackupsCard = memo(function BackupsCard({ backups, dispatch, session, now, project }: BackupsCardProps) {
  if (backups.list.length === 0) {
    return (
      <Card>
        <NoBackups />
      </Card>
    );
  }
  const ofProject = project === null ? backups.list : backups.list.filter((backup) => backup.project_id === project);
  const found = visibleBackups(ofProject, backups.search, backups.sort);
  const { rows, page } = pageOf(found, backups.paging);
  const selected = selectedBackups({ backups });
  const showAll = () => cockpit.location.go(["backups"]);

  return (
    <Card className="backup-table-card">
      <Toolbar inset={{ default: "insetMd" }}>
        <ToolbarContent>
          <ToolbarItem>
            <SearchInput
              aria-label={_("Search by project, backup or kind")}
              placeholder={_("Search by project, backup or kind")}
              value={backups.search}
              onChange={(_event, search) => dispatch({ type: "backups-search", search })}
              onClear={() => dispatch({ type: "backups-search", search: "" })}
              resetButtonLabel={_("Clear the search")}
            />
          </ToolbarItem>
          {project !== null && (
            <ToolbarItem alignSelf="center">
              <LabelGroup categoryName={_("Project")} aria-label={_("Filter")}>
                <Label
                  onClose={showAll}
                  closeBtnAriaLabel={_("Show the backups of all projects")}
                >
                  {projectName(project)}
                </Label>
              </LabelGroup>
            </ToolbarItem>
          )}
          <ToolbarItem>
            <Button
              variant="primary"
              isDisabled={selected.length === 0}
              onClick={() => session.exportBackups(selected.map(backupId))}
            >
              {_("Export selected")}
            </Button>
          </ToolbarItem>
          <ToolbarItem alignSelf="center">
            <span className="backup-totals" role="status">
              {selected.length === 0
                ? format(
                    ngettext("$0 backup, $1", "$0 backups, $1", found.length),
                    number(found.length),
                    bytes(found.reduce((sum, backup) => sum + backup.size_bytes, 0)),
                  )
                : format(
                    _("$0 of $1 selected, $2"),
                    number(selected.length),
                    number(found.length),
                    bytes(selected.reduce((sum, backup) => sum + backup.size_bytes, 0)),
                  )}
            </span>
          </ToolbarItem>
          {found.length > backups.paging.perPage && (
            <ToolbarItem variant="pagination" align={{ default: "alignEnd" }}>
              <Pagination
                itemCount={found.length}
                page={page}
                perPage={backups.paging.perPage}
                isCompact
                titles={pagingTexts()}
                onSetPage={(_event, next) =>
                  dispatch({ type: "backups-paging", paging: { ...backups.paging, page: next } })
                }
                onPerPageSelect={(_event, perPage) =>
                  dispatch({ type: "backups-paging", paging: { page: 1, perPage } })
                }
              />
            </ToolbarItem>
          )}
        </ToolbarContent>
      </Toolbar>
      {found.length === 0 && (
        <NothingFound
          onClear={() => {
            dispatch({ type: "backups-search", search: "" });
            showAll();
          }}
        />
      )}
      {found.length > 0 && <BackupTable backups={backups} rows={rows} all={found} dispatch={dispatch} now={now} />}
    </Card>
  );
});

export function BackupsTab(props: TabProps) {
  const place = usePlace();
  const { load } = props.state.backups;
  return (
    <Stack hasGutter>
      <StackItem>
        {load.phase === "ready" ? (
          <BackupsCard
            backups={props.state.backups}
            dispatch={props.dispatch}
            session={props.session}
            now={props.now}
            project={place.options.project ?? null}
          />
        ) : (
          <Card>
            <CardBody>
              {load.phase === "loading" ? (
                <LoadingView text={_("Looking for backups")} />
              ) : (
                <ProblemView problem={load.problem} onRetry={props.session.retry} />
              )}
            </CardBody>
          </Card>
        )}
      </StackItem>
    </Stack>
  );
}
