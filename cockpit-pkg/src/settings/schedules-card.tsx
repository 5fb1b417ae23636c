import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Card, CardBody, CardHeader, CardTitle } from "@patternfly/react-core/dist/esm/components/Card/index";
import { EmptyState, EmptyStateBody } from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import { Label } from "@patternfly/react-core/dist/esm/components/Label/index";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import ClockIcon from "@patternfly/react-icons/dist/esm/icons/clock-icon";
import { useState } from "react";

import { _, format } from "../bridge/cockpit";
import { type Schedule, isSchedule, isScheduleResult } from "../bridge/settings-views";
import { ActionsMenu } from "../parts/actions-menu";
import { LoadingView, ProblemView } from "../parts/problem-view";
import type { TabProps } from "../parts/props";
import { useQuery } from "../parts/use-query";
import { moment, weekdayName } from "../words/format";
import { problemText } from "../words/texts";
import { scheduled } from "../words/tree-texts";
import { ScheduleDialog } from "./schedule-dialog";
import { whenOf } from "./when";

const LIST = { op: "schedule.list", args: {} };
const EXPECTED = { result: isScheduleResult, item: isSchedule };

function whenText(schedule: Schedule): string {
  const when = whenOf(schedule.calendar ?? schedule.schedule);
  switch (when.every) {
    case "day":
      return format(_("Every day at $0"), when.time);
    case "week":
      return format(_("$0 at $1"), weekdayName(when.weekday), when.time);
    case "month":
      return format(_("On the first of the month at $0"), when.time);
    case "other":
      return schedule.schedule;
  }
}

function ScheduleState({ schedule, systemd }: { schedule: Schedule; systemd: boolean }) {
  if (schedule.problem !== null) {
    return (
      <>
        <Label isCompact color="red">
          {_("Not valid")}
        </Label>
        <div className="backup-subtle">{schedule.problem}</div>
      </>
    );
  }
  if (!schedule.active) {
    return (
      <Label isCompact color="grey">
        {systemd ? _("Timer not active") : _("Stored only")}
      </Label>
    );
  }
  return <>{schedule.next_at === null ? _("Active") : moment(schedule.next_at)}</>;
}

type Dialog = { schedule: Schedule | null } | null;

interface Props extends Pick<TabProps, "session" | "dispatch"> {
  /** What can have a schedule. */
  things: readonly string[];
}

function useSchedules({ session, dispatch }: Props) {
  const query = useQuery(session, LIST, EXPECTED);
  const [saving, setSaving] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  function save(what: string, when: string, saved: () => void) {
    setSaving(true);
    setProblem(null);
    session.ask({ op: "schedule.set", args: { what, when } }, EXPECTED, ({ problem: why }) => {
      setSaving(false);
      query.reload();
      if (why === null) {
        dispatch({ type: "notice", what: "settings-saved", problem: null });
        saved();
      } else {
        setProblem(why.message ?? problemText(why).title);
      }
    });
  }

  return { ...query, saving, problem, setProblem, save };
}

/** What runs by itself, and when; and that nothing does, where there is no systemd. */
export function SchedulesCard(props: Props) {
  const { last, waiting, reload, saving, problem, setProblem, save } = useSchedules(props);
  const [dialog, setDialog] = useState<Dialog>(null);
  const isThere = last !== null && last.result !== null;
  const schedules = last?.items ?? [];
  const systemd = last?.result?.systemd ?? true;
  const free = props.things.filter((thing) => schedules.every(({ what }) => what !== thing));
  const open = (next: Dialog) => {
    setProblem(null);
    setDialog(next);
  };

  return (
    <Card className="backup-table-card">
      <CardHeader
        hasWrap
        actions={{
          actions: (
            <Button variant="secondary" size="sm" isDisabled={!isThere || free.length === 0} onClick={() => open({ schedule: null })}>
              {_("Add a schedule")}
            </Button>
          ),
        }}
      >
        <CardTitle component="h2">{_("Schedules")}</CardTitle>
      </CardHeader>
      {last === null && waiting && (
        <CardBody>
          <LoadingView text={_("Looking for schedules")} />
        </CardBody>
      )}
      {last !== null && last.problem !== null && last.result === null && (
        <CardBody>
          <ProblemView problem={last.problem} onRetry={reload} />
        </CardBody>
      )}
      {!systemd && (
        <CardBody>
          <Alert isInline component="h3" variant="warning" variantLabel={_("Warning:")} title={_("Nothing runs by itself on this machine: there is no systemd")}>
            <p>{_("Schedules are stored but not carried out. Have cron run the commands below, or start backups by hand.")}</p>
          </Alert>
        </CardBody>
      )}
      {problem !== null && dialog === null && (
        <CardBody>
          <Alert isInline component="h3" variant="danger" variantLabel={_("Error:")} title={problem} />
        </CardBody>
      )}
      {isThere && schedules.length === 0 && (
        <EmptyState headingLevel="h3" titleText={_("Nothing is scheduled")} icon={ClockIcon} variant="sm">
          <EmptyStateBody>{_("Have all virtual machines backed up every night, old backups cleaned up, and everything verified once a week.")}</EmptyStateBody>
        </EmptyState>
      )}
      {schedules.length > 0 && (
        <Table aria-label={_("Schedules")} variant="compact" gridBreakPoint="grid-md">
          <Thead>
            <Tr>
              <Th>{_("What")}</Th>
              <Th>{_("When")}</Th>
              <Th>{_("Next")}</Th>
              <Th screenReaderText={_("Actions")} />
            </Tr>
          </Thead>
          <Tbody>
            {schedules.map((schedule) => (
              <Tr key={schedule.what} data-schedule={schedule.what}>
                <Td dataLabel={_("What")} modifier="breakWord">
                  {scheduled(schedule.what)}
                  {!systemd && schedule.command !== null && <div className="backup-path">{`cockpit-backup ${schedule.command}`}</div>}
                </Td>
                <Td dataLabel={_("When")} modifier="breakWord">
                  {whenText(schedule)}
                </Td>
                <Td dataLabel={_("Next")} modifier="breakWord">
                  <ScheduleState schedule={schedule} systemd={systemd} />
                </Td>
                <Td isActionCell>
                  <ActionsMenu
                    label={format(_("Actions for $0"), scheduled(schedule.what))}
                    actions={() => [
                      { name: "change", label: _("Change"), onSelect: () => open({ schedule }) },
                      { name: "remove", label: _("Remove"), isDanger: true, onSelect: () => save(schedule.what, "", () => undefined) },
                    ]}
                  />
                </Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      )}
      {dialog !== null && (
        <ScheduleDialog
          schedule={dialog.schedule}
          things={free}
          saving={saving}
          problem={problem}
          onSave={(what, when) => save(what, when, () => setDialog(null))}
          onClose={() => open(null)}
        />
      )}
    </Card>
  );
}
