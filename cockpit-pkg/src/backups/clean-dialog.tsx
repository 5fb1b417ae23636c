import { Form, FormGroup } from "@patternfly/react-core/dist/esm/components/Form/index";
import { NumberInput } from "@patternfly/react-core/dist/esm/components/NumberInput/index";
import { Skeleton } from "@patternfly/react-core/dist/esm/components/Skeleton/index";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import { useState } from "react";

import { _, format, ngettext } from "../bridge/cockpit";
import { type Backup, isBackup, isPruneResult, isRetentionSetting } from "../bridge/views";
import { Dialog } from "../parts/dialog";
import { HelperLine } from "../parts/helper-line";
import { ProblemAlert } from "../parts/problem-alert";
import type { DialogProps } from "../parts/props";
import { useAnswer } from "../parts/use-answer";
import { backupId } from "../state/state";
import { bytes, moment, number } from "../words/format";
import { backupKind, backupStatus } from "../words/texts";

const SETTINGS = { result: isRetentionSetting };
const PLAN = { result: isPruneResult, item: isBackup };
const DAYS_MAX = 36_500;

function Removals({ backups }: { backups: readonly Backup[] }) {
  return (
    <div className="backup-list-long" tabIndex={0} role="region" aria-label={_("What will be removed")}>
      <Table aria-label={_("What will be removed")} variant="compact" gridBreakPoint="grid-md" className="backup-plan">
        <Thead>
          <Tr>
            <Th>{_("Backup")}</Th>
            <Th modifier="nowrap">{_("Kind")}</Th>
            <Th modifier="nowrap">{_("Made")}</Th>
            <Th modifier="nowrap">{_("Size")}</Th>
          </Tr>
        </Thead>
        <Tbody>
          {backups.map((backup) => (
            <Tr key={backupId(backup)} data-removal={backup.id}>
              <Td dataLabel={_("Backup")} modifier="breakWord">
                {backup.id}
              </Td>
              <Td dataLabel={_("Kind")}>
                {backup.status === "completed" ? backupKind(backup).text : backupStatus(backup.status).text}
              </Td>
              <Td dataLabel={_("Made")} modifier="nowrap">
                {moment(backup.created_at)}
              </Td>
              <Td dataLabel={_("Size")} modifier="nowrap">
                {bytes(backup.size_bytes)}
              </Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </div>
  );
}

/** What the rules would remove, by name and size, before any of it is. */
export function CleanDialog({ dispatch, session }: DialogProps) {
  const [typed, setTyped] = useState<number | null>(null);
  const settings = useAnswer(session, { op: "config.get", args: {} }, SETTINGS);
  const known = settings.answer?.result?.retention_days ?? null;
  const days = typed ?? known;
  const good = days !== null && Number.isInteger(days) && days >= 0 && days <= DAYS_MAX;
  const { answer, waiting } = useAnswer(session, good ? { op: "prune", args: { days, plan: true } } : null, PLAN);
  const count = answer?.items.length ?? 0;
  const close = () => dispatch({ type: "dialog", dialog: null });
  const change = (value: number) => setTyped(Number.isInteger(value) ? value : NaN);

  function clean() {
    close();
    session.start({ op: "prune", args: { days } });
  }

  return (
    <Dialog
      id="clean"
      size="medium"
      title={_("Clean old backups")}
      description={_("Standalone copies past their days, generations of files past their number, and what failed runs left. Merged and pinned backups, and whatever another needs, are kept.")}
      bodyClass="backup-dialog-body"
      action={{
        label: count > 0 ? format(ngettext("Remove $0 backup", "Remove $0 backups", count), number(count)) : _("Remove"),
        variant: "danger",
        isDisabled: !good || waiting || count === 0,
        onClick: clean,
      }}
      onClose={close}
    >
      <Form onSubmit={(event) => event.preventDefault()}>
        <FormGroup label={_("Remove standalone copies older than this many days")} fieldId="clean-days">
          <NumberInput
            inputName="clean-days"
            inputProps={{ id: "clean-days" }}
            inputAriaLabel={_("Remove standalone copies older than this many days")}
            minusBtnAriaLabel={_("One less")}
            plusBtnAriaLabel={_("One more")}
            min={0}
            max={DAYS_MAX}
            value={days === null || Number.isNaN(days) ? "" : days}
            validated={good || days === null ? "default" : "error"}
            onMinus={() => change((days ?? 0) - 1)}
            onPlus={() => change((days ?? 0) + 1)}
            onChange={(event) => change(event.currentTarget.value === "" ? NaN : Number(event.currentTarget.value))}
          />
          <HelperLine
            text={good || days === null ? _("0 keeps all of them") : format(_("From 0 to $0"), number(DAYS_MAX))}
            wrong={!good && days !== null}
          />
        </FormGroup>
      </Form>
      <div aria-live="polite" aria-busy={waiting} className="backup-plan-area">
        {settings.answer?.problem && <ProblemAlert problem={settings.answer.problem} />}
        {good && answer === null && <Skeleton height="4rem" screenreaderText={_("Working out what will be done")} />}
        {answer?.problem && <ProblemAlert problem={answer.problem} />}
        {good && answer?.result && count === 0 && <p data-nothing>{_("There is nothing to remove.")}</p>}
        {good && answer?.result && count > 0 && (
          <>
            <p data-removals={count}>
              {format(
                ngettext("$0 backup will be removed, $1:", "$0 backups will be removed, $1:", count),
                number(count),
                bytes(answer.result.size_bytes),
              )}
            </p>
            <Removals backups={answer.items} />
          </>
        )}
      </div>
    </Dialog>
  );
}
