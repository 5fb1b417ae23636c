import { Icon } from "@patternfly/react-core/dist/esm/components/Icon/index";
import { ExpandableRowContent, Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import WarningIcon from "@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon";

import { _, format } from "../bridge/cockpit";
import type { Vm } from "../bridge/views";
import { bytes } from "../words/format";
import { diskBackup } from "../words/texts";

function DiskTable({ vm }: { vm: Vm }) {
  return (
    <Table
      aria-label={format(_("Disks of $0"), vm.name)}
      variant="compact"
      borders={false}
      gridBreakPoint="grid-md"
      isNested
    >
      <Thead>
        <Tr>
          <Th modifier="nowrap">{_("Disk")}</Th>
          <Th modifier="nowrap">{_("Path")}</Th>
          <Th modifier="nowrap">{_("Format")}</Th>
          <Th modifier="nowrap">{_("Capacity")}</Th>
          <Th modifier="nowrap">{_("On disk")}</Th>
          <Th modifier="nowrap">{_("Backup")}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {vm.disks.map((disk) => (
          <Tr key={disk.target}>
            <Td dataLabel={_("Disk")}>{disk.target}</Td>
            <Td dataLabel={_("Path")} className="backup-path">
              {disk.path ?? "–"}
            </Td>
            <Td dataLabel={_("Format")}>{disk.format}</Td>
            <Td dataLabel={_("Capacity")} modifier="nowrap">{disk.capacity_bytes > 0 ? bytes(disk.capacity_bytes) : "–"}</Td>
            <Td dataLabel={_("On disk")} modifier="nowrap">{disk.allocation_bytes > 0 ? bytes(disk.allocation_bytes) : "–"}</Td>
            <Td dataLabel={_("Backup")}>
              {diskBackup(disk)}
              {disk.reason !== null && <div className="backup-subtle">{disk.reason}</div>}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

/** Below a machine that was opened: its warnings and its disks. */
export function VmDetails({ vm }: { vm: Vm }) {
  const shown = new Set(vm.disks.flatMap((disk) => disk.reason ?? []));
  const others = vm.warnings.filter(({ message }) => ![...shown].some((reason) => message.endsWith(reason)));
  return (
    <ExpandableRowContent>
      {others.map(({ code, message }) => (
        <p key={code + message} className="backup-warning">
          <Icon status="warning" isInline>
            <WarningIcon />
          </Icon>{" "}
          {message}
        </p>
      ))}
      {vm.disks.length > 0 && <DiskTable vm={vm} />}
    </ExpandableRowContent>
  );
}
