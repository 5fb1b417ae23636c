import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import {
  Card,
  CardBody,
  CardExpandableContent,
  CardHeader,
  CardTitle,
} from "@patternfly/react-core/dist/esm/components/Card/index";
import { EmptyState, EmptyStateBody } from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import { ToolbarItem } from "@patternfly/react-core/dist/esm/components/Toolbar/index";
import { Stack, StackItem } from "@patternfly/react-core/dist/esm/layouts/Stack/index";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import VirtualMachineIcon from "@patternfly/react-icons/dist/esm/icons/virtual-machine-icon";
import { memo, useMemo, useState } from "react";

import { _, format, ngettext } from "../bridge/cockpit";
import type { Job, UnusedImage, Vm } from "../bridge/views";
import { JobCards } from "../parts/job-cards";
import { ListToolbar } from "../parts/list-toolbar";
import { LiveLog } from "../parts/live-log";
import { NothingFound } from "../parts/nothing-found";
import { LoadingView, LostView, ProblemView } from "../parts/problem-view";
import type { TabProps } from "../parts/props";
import { SelectAllItem } from "../parts/select-all";
import { SortItem } from "../parts/sort-item";
import { useLater } from "../parts/use-later";
import { canBackUp, pageOf, protection, selectedVms, totalBytes, visibleVms } from "../state/select";
import type { VmsState } from "../state/state";
import { bytes, number } from "../words/format";
import { SORTED, VmTable, columnTitle } from "./vm-table";

/** How many there are, how large, and how many of them nothing protects; or the same of those chosen. */
function totals(vms: VmsState, selected: readonly Vm[], now: Date): string {
  const all = [...vms.byId.values()];
  if (selected.length > 0) {
    return format(_("$0 of $1 selected, $2"), number(selected.length), number(all.length), bytes(totalBytes(selected)));
  }
  const text = format(ngettext("$0 machine, $1", "$0 machines, $1", all.length), number(all.length), bytes(totalBytes(all)));
  const bare = all.filter((vm) => protection(vm, now) === "none").length;
  return bare === 0 ? text : format(_("$0; $1 without a backup"), text, number(bare));
}

function NoVms() {
  return (
    <EmptyState headingLevel="h2" titleText={_("No virtual machines")} icon={VirtualMachineIcon}>
      <EmptyStateBody>
        {_("There is no virtual machine on this host yet. One that is created shows here by itself.")}
      </EmptyStateBody>
    </EmptyState>
  );
}

/** Images in storage pools that no machine has as a disk: nothing backs them up. */
function UnusedImages({ images }: { images: readonly UnusedImage[] }) {
  const [open, setOpen] = useState(false);
  return (
    <Card isExpanded={open} isCompact>
      <CardHeader
        onExpand={() => setOpen(!open)}
        toggleButtonProps={{
          id: "unused-images-toggle",
          "aria-label": _("Images that no machine uses"),
          "aria-expanded": open,
        }}
      >
        <CardTitle component="h2">
          {format(
            ngettext("$0 image that no machine uses, $1", "$0 images that no machine uses, $1", images.length),
            number(images.length),
            bytes(images.reduce((sum, image) => sum + image.allocation_bytes, 0)),
          )}
        </CardTitle>
      </CardHeader>
      <CardExpandableContent>
        <CardBody>
          <Table aria-label={_("Images that no machine uses")} variant="compact" gridBreakPoint="grid-md">
            <Thead>
              <Tr>
                <Th modifier="nowrap">{_("Path")}</Th>
                <Th modifier="nowrap">{_("Pool")}</Th>
                <Th modifier="nowrap">{_("Format")}</Th>
                <Th modifier="nowrap">{_("Capacity")}</Th>
                <Th modifier="nowrap">{_("On disk")}</Th>
              </Tr>
            </Thead>
            <Tbody>
              {images.map((image) => (
                <Tr key={image.path}>
                  <Td dataLabel={_("Path")} className="backup-path">
                    {image.path}
                  </Td>
                  <Td dataLabel={_("Pool")}>{image.pool}</Td>
                  <Td dataLabel={_("Format")}>{image.format}</Td>
                  <Td dataLabel={_("Capacity")}>{bytes(image.capacity_bytes)}</Td>
                  <Td dataLabel={_("On disk")}>{bytes(image.allocation_bytes)}</Td>
                </Tr>
              ))}
            </Tbody>
          </Table>
        </CardBody>
      </CardExpandableContent>
    </Card>
  );
}

interface VmsCardProps extends Pick<TabProps, "dispatch" | "now"> {
  vms: VmsState;
  jobs: ReadonlyMap<string, Job>;
  starting: boolean;
}

/* Drawn again only when what it shows has changed: log lines come far more often. */
const VmsCard = memo(function VmsCard({ vms, jobs, starting, dispatch, now }: VmsCardProps) {
  const { byId } = vms;
  const search = useLater(vms.search, byId.size);
  const sort = useLater(vms.sort, byId.size);
  const paging = useLater(vms.paging, byId.size);
  const found = useMemo(() => visibleVms(byId.values(), search, sort), [byId, search, sort]);
  const { rows, page } = useMemo(() => pageOf(found, paging), [found, paging]);
  const selected = selectedVms({ vms });
  const ready = selected.filter(canBackUp);
  const { selected: chosen } = vms;
  const choosable = useMemo(() => {
    const selectable = found.filter(canBackUp);
    return {
      count: selectable.length,
      chosen: selectable.filter(({ uuid }) => chosen.has(uuid)).length,
      onChoose: (all: boolean) =>
        dispatch({ type: "vms-select", uuids: (all ? selectable : found).map(({ uuid }) => uuid), selected: all }),
    };
  }, [found, chosen, dispatch]);

  return (
    <Card className="backup-table-card">
      <ListToolbar
        searchLabel={_("Search by name, state or disk")}
        search={vms.search}
        onSearch={(typed) => dispatch({ type: "vms-search", search: typed })}
        totals={totals(vms, selected, now)}
        count={found.length}
        page={paging === vms.paging ? page : vms.paging.page}
        paging={vms.paging}
        onPaging={(next) => dispatch({ type: "vms-paging", paging: next })}
      >
        <SelectAllItem id="vms-choose-all" {...choosable} />
        <SortItem columns={SORTED} titleOf={columnTitle} sort={vms.sort} onSort={(next) => dispatch({ type: "vms-sort", sort: next })} />
        <ToolbarItem>
          <Button
            variant="primary"
            isDisabled={ready.length === 0 || starting}
            isLoading={starting}
            spinnerAriaLabel={_("The backup is being started")}
            onClick={() => dispatch({ type: "dialog", dialog: { kind: "back-up", uuids: ready.map((vm) => vm.uuid) } })}
          >
            {_("Back up selected")}
          </Button>
        </ToolbarItem>
      </ListToolbar>
      {found.length === 0 && (
        <NothingFound onClear={() => dispatch({ type: "vms-search", search: "" })} />
      )}
      {found.length > 0 && (
        <VmTable
          rows={rows}
          choosable={choosable}
          sort={sort}
          place={`${page} ${sort.by} ${sort.descending ? "down" : "up"} ${search}`}
          selected={vms.selected}
          expanded={vms.expanded}
          jobs={jobs}
          dispatch={dispatch}
          now={now}
        />
      )}
    </Card>
  );
});

export function VmsTab(props: TabProps) {
  const { state, dispatch, session, now } = props;
  const { load, lost, unusedImages } = state.vms;

  return (
    <Stack hasGutter>
      {lost !== null && (
        <StackItem>
          <LostView problem={lost} onRetry={session.retry} />
        </StackItem>
      )}
      <JobCards state={state} dispatch={dispatch} session={session} />
      <StackItem>
        {load.phase === "loading" && (
          <Card>
            <CardBody>
              <LoadingView text={_("Looking for virtual machines")} />
            </CardBody>
          </Card>
        )}
        {load.phase === "failed" && (
          <Card>
            <CardBody>
              <ProblemView problem={load.problem} onRetry={session.retry} />
            </CardBody>
          </Card>
        )}
        {load.phase === "ready" && state.vms.byId.size === 0 && (
          <Card>
            <NoVms />
          </Card>
        )}
        {load.phase === "ready" && state.vms.byId.size > 0 && (
          <VmsCard vms={state.vms} jobs={state.jobs.byId} starting={state.starting} dispatch={dispatch} now={now} />
        )}
      </StackItem>
      {unusedImages.length > 0 && (
        <StackItem>
          <UnusedImages images={unusedImages} />
        </StackItem>
      )}
      <StackItem>
        <LiveLog lines={state.log.lines} onClear={() => dispatch({ type: "log-clear" })} />
      </StackItem>
    </Stack>
  );
}
