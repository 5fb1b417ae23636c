import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Card, CardBody } from "@patternfly/react-core/dist/esm/components/Card/index";
import {
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
} from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import { Label, LabelGroup } from "@patternfly/react-core/dist/esm/components/Label/index";
import { ToolbarItem } from "@patternfly/react-core/dist/esm/components/Toolbar/index";
import { Stack, StackItem } from "@patternfly/react-core/dist/esm/layouts/Stack/index";
import ArchiveIcon from "@patternfly/react-icons/dist/esm/icons/archive-icon";
import { memo, useEffect, useMemo, useRef } from "react";

import { _, cockpit, format, ngettext } from "../bridge/cockpit";
import type { Backup, Vm } from "../bridge/views";
import { Choice } from "../parts/choice";
import { usePlace } from "../parts/hooks";
import { JobCards } from "../parts/job-cards";
import { ListToolbar } from "../parts/list-toolbar";
import { NothingFound } from "../parts/nothing-found";
import { LoadingView, ProblemView } from "../parts/problem-view";
import type { TabProps } from "../parts/props";
import { SelectAllItem } from "../parts/select-all";
import { SortItem } from "../parts/sort-item";
import { useLater } from "../parts/use-later";
import { canExport, pageOf, pageWith, projectsOf, selectedBackups, visibleBackups } from "../state/select";
import { type Action, type BackupsState, backupId } from "../state/state";
import { bytes, number } from "../words/format";
import { backupKind, backupKindName, backupStatus, backupStatusName, projectTitle } from "../words/texts";
import { BackupTable, COLUMNS, columnTitle } from "./backup-table";

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

function totals(found: readonly Backup[], selected: readonly Backup[]): string {
  const size = (list: readonly Backup[]) => bytes(list.reduce((sum, backup) => sum + backup.size_bytes, 0));
  return selected.length === 0
    ? format(ngettext("$0 backup, $1", "$0 backups, $1", found.length), number(found.length), size(found))
    : format(_("$0 of $1 selected, $2"), number(selected.length), number(found.length), size(selected));
}

/** Kinds and states that there are, each once. */
function choices(backups: readonly Backup[]) {
  const kinds = new Map(backups.map((backup) => [backupKindName(backup), backup]));
  const statuses = new Set(backups.map(backupStatusName));
  return {
    kinds: [["", _("All kinds")] as const, ...[...kinds].map(([name, backup]) => [name, backupKind(backup).text] as const)],
    statuses: [["", _("Any status")] as const, ...[...statuses].map((name) => [name, backupStatus(name).text] as const)],
  };
}

interface CardProps extends Omit<TabProps, "state"> {
  backups: BackupsState;
  vms: ReadonlyMap<string, Vm>;
  project: string | null;
  shown: string | null;
}

/** Brings the backup that the address names into view: on its page, opened, and scrolled to. */
function useShown(shown: string | null, found: readonly Backup[], backups: BackupsState, dispatch: (action: Action) => void) {
  const backup = shown === null ? undefined : found.find(({ id }) => id === shown);
  const there = backup !== undefined;
  const wanted = useRef<string | null>(null);
  useEffect(() => {
    if (backup === undefined) {
      return;
    }
    const page = pageWith(found, backups.paging.perPage, (other) => other === backup);
    if (page !== null) {
      dispatch({ type: "backups-paging", paging: { ...backups.paging, page } });
    }
    dispatch({ type: "backups-expand", id: backupId(backup), expanded: true });
    wanted.current = backup.id;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each address, when it is there
  }, [shown, there]);
  // Its page may be drawn between frames: with one of the next drawings its row is there.
  useEffect(() => {
    const row = wanted.current === null ? null : document.getElementById(`backup-row-${wanted.current}`);
    if (row === null) {
      return;
    }
    wanted.current = null;
    requestAnimationFrame(() => {
      row.scrollIntoView({ block: "center" });
      row.querySelector<HTMLElement>(".pf-v6-c-table__toggle button")?.focus({ preventScroll: true });
    });
  });
}

/* Drawn again only when what it shows has changed: log lines come far more often. */
const BackupsCard = memo(function BackupsCard({ backups, vms, dispatch, session, now, project, shown }: CardProps) {
  const { list, kind, status } = backups;
  const search = useLater(backups.search, list.length);
  const sort = useLater(backups.sort, list.length);
  const paging = useLater(backups.paging, list.length);
  const found = useMemo(() => {
    const ofProject = project === null ? list : list.filter((backup) => backup.project_id === project);
    return visibleBackups(ofProject, { search, kind, status }, sort);
  }, [list, project, search, kind, status, sort]);
  const byProject = useMemo(
    () => new Map(projectsOf(list).map(({ projectId, backups: own }) => [projectId, own])),
    [list],
  );
  const filters = useMemo(() => choices(list), [list]);
  useShown(shown, found, backups, dispatch);
  const { rows, page } = useMemo(() => pageOf(found, paging), [found, paging]);
  const { selected: chosen } = backups;
  const selected = useMemo(() => selectedBackups({ backups: { list, selected: chosen } }), [list, chosen]);
  const choosable = useMemo(() => {
    const selectable = found.filter(canExport);
    return {
      count: selectable.length,
      chosen: selectable.filter((backup) => chosen.has(backupId(backup))).length,
      onChoose: (all: boolean) =>
        dispatch({ type: "backups-select", ids: (all ? selectable : found).map(backupId), selected: all }),
    };
  }, [found, chosen, dispatch]);
  const showAll = () => cockpit.location.go(["backups"]);

  return (
    <Card className="backup-table-card">
      <ListToolbar
        searchLabel={_("Search by project, backup or kind")}
        search={backups.search}
        onSearch={(typed) => dispatch({ type: "backups-search", search: typed })}
        totals={totals(found, selected)}
        count={found.length}
        page={paging === backups.paging ? page : backups.paging.page}
        paging={backups.paging}
        onPaging={(next) => dispatch({ type: "backups-paging", paging: next })}
      >
        {project !== null && (
          <ToolbarItem alignSelf="center">
            <LabelGroup categoryName={_("Project")} aria-label={_("Filter")}>
              <Label onClose={showAll} closeBtnAriaLabel={_("Show the backups of all projects")}>
                {projectTitle(project)}
              </Label>
            </LabelGroup>
          </ToolbarItem>
        )}
        <Choice
          id="filter-kind"
          label={_("Kind")}
          value={kind}
          choices={filters.kinds}
          onChange={(chosen) => dispatch({ type: "backups-filter", kind: chosen, status })}
        />
        <Choice
          id="filter-status"
          label={_("Status")}
          value={status}
          choices={filters.statuses}
          onChange={(chosen) => dispatch({ type: "backups-filter", kind, status: chosen })}
        />
        <SelectAllItem id="backups-choose-all" {...choosable} />
        <SortItem columns={COLUMNS} titleOf={columnTitle} sort={backups.sort} onSort={(next) => dispatch({ type: "backups-sort", sort: next })} />
        <ToolbarItem>
          <Button
            variant="primary"
            isDisabled={selected.length === 0}
            onClick={() => session.exportBackups(selected.map(backupId))}
          >
            {_("Export selected")}
          </Button>
        </ToolbarItem>
        <ToolbarItem>
          <Button
            variant="secondary"
            isDisabled={selected.length === 0}
            onClick={() => session.start({ op: "backup.verify", args: { ids: selected.map(backupId) } })}
          >
            {_("Verify selected")}
          </Button>
        </ToolbarItem>
        <ToolbarItem>
          <Button variant="secondary" onClick={() => dispatch({ type: "dialog", dialog: { kind: "clean" } })}>
            {_("Clean old backups…")}
          </Button>
        </ToolbarItem>
      </ListToolbar>
      {found.length === 0 && (
        <NothingFound
          onClear={() => {
            dispatch({ type: "backups-search", search: "" });
            dispatch({ type: "backups-filter", kind: "", status: "" });
            showAll();
          }}
        />
      )}
      {found.length > 0 && (
        <BackupTable
          selected={backups.selected}
          expanded={backups.expanded}
          sort={sort}
          place={[page, sort.by, sort.descending ? "down" : "up", kind, status, search].join(" ")}
          named={shown}
          rows={rows}
          choosable={choosable}
          byProject={byProject}
          vms={vms}
          dispatch={dispatch}
          session={session}
          now={now}
        />
      )}
    </Card>
  );
});

function Content(props: TabProps) {
  const { state, dispatch, session, now } = props;
  const { options } = usePlace();
  const { load, list } = state.backups;
  const vms = useMemo(
    () => new Map([...state.vms.byId.values()].map((vm) => [`vm/${vm.name}`, vm])),
    [state.vms.byId],
  );

  if (load.phase === "ready") {
    return list.length === 0 ? (
      <Card>
        <NoBackups />
      </Card>
    ) : (
      <BackupsCard
        backups={state.backups}
        vms={vms}
        dispatch={dispatch}
        session={session}
        now={now}
        project={options.project ?? null}
        shown={options.backup ?? null}
      />
    );
  }
  return (
    <Card>
      <CardBody>
        {load.phase === "loading" ? (
          <LoadingView text={_("Looking for backups")} />
        ) : (
          <ProblemView problem={load.problem} onRetry={session.retry} />
        )}
      </CardBody>
    </Card>
  );
}

export function BackupsTab(props: TabProps) {
  return (
    <Stack hasGutter>
      <JobCards state={props.state} dispatch={props.dispatch} session={props.session} />
      <StackItem>
        <Content {...props} />
      </StackItem>
    </Stack>
  );
}
