import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import {
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from "@patternfly/react-core/dist/esm/components/DescriptionList/index";
import { ExpandableSection } from "@patternfly/react-core/dist/esm/components/ExpandableSection/index";
import { Skeleton } from "@patternfly/react-core/dist/esm/components/Skeleton/index";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import { Fragment, type ReactNode, useState } from "react";

import { _, format, ngettext } from "../bridge/cockpit";
import { type Backup, backupFiles, backupFinding, isBackup, isCountResult, isLogLine } from "../bridge/views";
import { LogLines } from "../parts/log-lines";
import { ProblemAlert } from "../parts/problem-alert";
import { useAnswer } from "../parts/use-answer";
import type { Session } from "../state/session";
import { backupId } from "../state/state";
import { bytes, duration, moment, number } from "../words/format";
import { dependentsOf } from "./chain";
import { backupAddress } from "./chain-view";

const INFO = { result: isBackup };
const LOG = { result: isCountResult, item: isLogLine };
const LOG_LINES_MAX = 500;

function Links({ backups, ids }: { backups: readonly Backup[]; ids: readonly string[] }) {
  return ids.map((id, index) => {
    const backup = backups.find((other) => other.id === id);
    return (
      <Fragment key={id}>
        {index > 0 && ", "}
        {backup === undefined ? id : <a href={backupAddress(backup)}>{id}</a>}
      </Fragment>
    );
  });
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}

function took(backup: Backup): number | null {
  return backup.completed_at === null ? null : (Date.parse(backup.completed_at) - Date.parse(backup.created_at)) / 1000;
}

function Facts({ backup, ofProject }: { backup: Backup; ofProject: readonly Backup[] }) {
  const dependents = dependentsOf(backup, ofProject);
  const seconds = took(backup);
  return (
    <DescriptionList isHorizontal isCompact columnModifier={{ default: "1Col", lg: "2Col" }}>
      <Fact term={_("Started")}>{moment(backup.created_at)}</Fact>
      <Fact term={_("Duration")}>{seconds === null || seconds < 0 ? "–" : duration(seconds)}</Fact>
      <Fact term={_("Needs")}>
        {backup.parent_backup_id === null ? (
          _("No other backup")
        ) : (
          <Links backups={ofProject} ids={[backup.parent_backup_id]} />
        )}
      </Fact>
      <Fact term={_("Is needed by")}>
        {dependents.length === 0 ? _("No other backup") : <Links backups={ofProject} ids={dependents.map(({ id }) => id)} />}
      </Fact>
      {backup.tags.length > 0 && <Fact term={_("Label")}>{backup.tags.join(", ")}</Fact>}
      <Fact term={_("SHA-256 of all")}>
        <span className="backup-path">{backup.checksum ?? "–"}</span>
      </Fact>
    </DescriptionList>
  );
}

function Files({ backup }: { backup: Backup }) {
  const files = backupFiles(backup);
  return (
    <Table aria-label={format(_("Files of $0"), backup.id)} variant="compact" borders={false} gridBreakPoint="grid-md" isNested>
      <Thead>
        <Tr>
          <Th modifier="nowrap">{_("File")}</Th>
          <Th modifier="nowrap">{_("Size")}</Th>
          <Th modifier="nowrap">{_("SHA-256")}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {files.map(({ path, size, sha256 }) => (
          <Tr key={path}>
            <Td dataLabel={_("File")} className="backup-path">
              {path}
            </Td>
            <Td dataLabel={_("Size")} modifier="nowrap">
              {bytes(size)}
            </Td>
            <Td dataLabel={_("SHA-256")} className="backup-path">
              {sha256}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

/** What was logged while it was made. */
function Log({ backup, session }: { backup: Backup; session: Session }) {
  const args = { project: backup.project_id, backup: backup.id, limit: LOG_LINES_MAX };
  const { answer, waiting } = useAnswer(session, { op: "log.query", args }, LOG);
  if (answer === null || waiting) {
    return <Skeleton height="4rem" screenreaderText={_("The log is being read")} />;
  }
  if (answer.result === null) {
    return answer.problem && <ProblemAlert problem={answer.problem} />;
  }
  return answer.items.length === 0 ? (
    <p className="backup-subtle">{_("Nothing is logged about it any more.")}</p>
  ) : (
    <LogLines lines={answer.items} label={format(_("Log of $0"), backup.id)} />
  );
}

/** What a verification found, and what there is to do about it. */
function Damage({ backup }: { backup: Backup }) {
  const finding = backupFinding(backup);
  return (
    finding !== null && (
      <Alert
        isInline
        component="h3"
        variant="danger"
        variantLabel={_("Error:")}
        title={format(_("Found damaged at $0"), moment(finding.at))}
        data-damaged={backup.id}
      >
        <p>{finding.message}</p>
        <p>
          {_(
            "Neither it nor a backup that needs it can be restored. If another copy of its files exists, put it back and verify this backup again; else delete it, and make a new backup soon.",
          )}
        </p>
      </Alert>
    )
  );
}

interface Props {
  backup: Backup;
  ofProject: readonly Backup[];
  session: Session;
}

/** Everything that is recorded about one backup. */
export function BackupDetails({ backup, ofProject, session }: Props) {
  const [logOpen, setLogOpen] = useState(false);
  const { answer } = useAnswer(session, { op: "backup.info", args: { id: backupId(backup) } }, INFO);
  const whole = answer?.result ?? null;

  return (
    <div className="backup-details" data-details={backup.id}>
      {backup.error_message !== null && (
        <Alert isInline isPlain component="h3" variant="danger" variantLabel={_("Error:")} title={backup.error_message} />
      )}
      <Damage backup={backup} />
      <Facts backup={backup} ofProject={ofProject} />
      {answer === null && <Skeleton height="4rem" screenreaderText={_("What is recorded is being read")} />}
      {answer?.problem && <ProblemAlert problem={answer.problem} />}
      {whole !== null && backupFiles(whole).length > 0 && <Files backup={whole} />}
      {whole !== null && (
        <p className="backup-subtle">
          {format(ngettext("$0 file, $1", "$0 files, $1", whole.files_count), number(whole.files_count), bytes(whole.size_bytes))}
        </p>
      )}
      <ExpandableSection
        toggleText={_("Log")}
        isExpanded={logOpen}
        onToggle={(_event, open) => setLogOpen(open)}
        isIndented
      >
        {logOpen && <Log backup={backup} session={session} />}
      </ExpandableSection>
    </div>
  );
}
