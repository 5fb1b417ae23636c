import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Card, CardBody, CardHeader, CardTitle } from "@patternfly/react-core/dist/esm/components/Card/index";
import { ClipboardCopy } from "@patternfly/react-core/dist/esm/components/ClipboardCopy/index";
import { EmptyState, EmptyStateBody } from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import { Label } from "@patternfly/react-core/dist/esm/components/Label/index";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import ArchiveIcon from "@patternfly/react-icons/dist/esm/icons/archive-icon";

import { _, format } from "../bridge/cockpit";
import type { Backup } from "../bridge/views";
import type { Session } from "../state/session";
import { backupId } from "../state/state";
import { bytes, moment } from "../words/format";
import { backupStatus, backupStatusName } from "../words/texts";

const PREFIX = "event-log/";
const SHOWN_MAX = 20;

export function coldBackups(backups: readonly Backup[]): Backup[] {
  return backups
    .filter(({ project_id }) => project_id.startsWith(PREFIX))
    .sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
}

interface Props {
  backups: readonly Backup[];
  /** A job is making one. */
  isBusy: boolean;
  session: Session;
}

/** Packages of the whole event log, to be kept elsewhere. */
export function ColdBackupsCard({ backups, isBusy, session }: Props) {
  const cold = coldBackups(backups);
  const newest = cold.find(({ status }) => status === "completed");

  return (
    <Card className="backup-table-card">
      <CardHeader
        hasWrap
        actions={{
          actions: (
            <Button variant="secondary" size="sm" isDisabled={isBusy} onClick={() => session.start({ op: "event-log.backup", args: {} })}>
              {_("Make a cold backup")}
            </Button>
          ),
        }}
      >
        <CardTitle component="h2">{_("Cold backups of the event log")}</CardTitle>
      </CardHeader>
      {cold.length === 0 && (
        <EmptyState headingLevel="h3" titleText={_("No cold backup yet")} icon={ArchiveIcon} variant="sm">
          <EmptyStateBody>{_("A cold backup is one file with all events and their checksums. Keep it on another machine: then nobody can change the log here unnoticed.")}</EmptyStateBody>
        </EmptyState>
      )}
      {cold.length > 0 && (
        <Table aria-label={_("Cold backups of the event log")} variant="compact" gridBreakPoint="grid-md">
          <Thead>
            <Tr>
              <Th>{_("Backup")}</Th>
              <Th>{_("Made")}</Th>
              <Th>{_("Size")}</Th>
              <Th>{_("Status")}</Th>
              <Th screenReaderText={_("Actions")} />
            </Tr>
          </Thead>
          <Tbody>
            {cold.slice(0, SHOWN_MAX).map((backup) => {
              const status = backupStatus(backupStatusName(backup));
              return (
                <Tr key={backupId(backup)} data-cold={backup.id}>
                  <Td dataLabel={_("Backup")} modifier="breakWord">
                    {backup.id}
                  </Td>
                  <Td dataLabel={_("Made")} modifier="nowrap">
                    {moment(backup.created_at)}
                  </Td>
                  <Td dataLabel={_("Size")} modifier="nowrap">
                    {bytes(backup.size_bytes)}
                  </Td>
                  <Td dataLabel={_("Status")}>
                    <Label color={status.colour} isCompact variant="outline">
                      {status.text}
                    </Label>
                  </Td>
                  <Td isActionCell>
                    <Button
                      variant="secondary"
                      size="sm"
                      isDisabled={backup.status !== "completed"}
                      aria-label={format(_("Download $0"), backup.id)}
                      onClick={() => session.exportBackups([backupId(backup)])}
                    >
                      {_("Download")}
                    </Button>
                  </Td>
                </Tr>
              );
            })}
          </Tbody>
        </Table>
      )}
      {newest !== undefined && (
        <CardBody>
          <p className="backup-totals">{_("To restore one, run this on the machine; it verifies the whole chain first and replaces nothing:")}</p>
          <ClipboardCopy isReadOnly isCode hoverTip={_("Copy")} clickTip={_("Copied")} textAriaLabel={_("Command that restores a cold backup")} copyAriaLabel={_("Copy")}>
            {`cockpit-backup event-log restore ${backupId(newest)} /var/tmp/event-log-restored`}
          </ClipboardCopy>
        </CardBody>
      )}
    </Card>
  );
}
