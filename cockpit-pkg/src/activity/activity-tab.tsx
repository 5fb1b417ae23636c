import { Card, CardBody, CardTitle } from "@patternfly/react-core/dist/esm/components/Card/index";
import { EmptyState, EmptyStateBody } from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import { Label } from "@patternfly/react-core/dist/esm/components/Label/index";
import { Stack, StackItem } from "@patternfly/react-core/dist/esm/layouts/Stack/index";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import HistoryIcon from "@patternfly/react-icons/dist/esm/icons/history-icon";

import { _ } from "../bridge/cockpit";
import { type Job, vmBackupResult } from "../bridge/views";
import { JobCards } from "../parts/job-cards";
import { LiveLog } from "../parts/live-log";
import { LoadingView, ProblemView } from "../parts/problem-view";
import type { TabProps } from "../parts/props";
import { allJobs } from "../state/select";
import { duration, list, moment } from "../words/format";
import { jobState, jobTitle, projectName } from "../words/texts";

function seconds(job: Job): number | null {
  return job.started_at === null || job.finished_at === null
    ? null
    : (Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000;
}

function problems(job: Job): string[] {
  const failed = vmBackupResult(job)?.failed.map(({ message }) => message) ?? [];
  return job.error === null ? failed : [...failed, job.error.message];
}

function JobRow({ job }: { job: Job }) {
  const state = jobState(job.state);
  const took = seconds(job);
  return (
    <Tr data-job-row={job.id}>
      <Td dataLabel={_("Job")} modifier="breakWord">
        {jobTitle(job.op)}
        {problems(job).map((message) => (
          <div key={message} className="backup-subtle">
            {message}
          </div>
        ))}
      </Td>
      <Td dataLabel={_("Of")} modifier="breakWord">
        {list(job.projects.map(projectName))}
      </Td>
      <Td dataLabel={_("State")}>
        <Label color={state.colour} isCompact>
          {state.text}
        </Label>
      </Td>
      <Td dataLabel={_("Begun")}>{moment(job.created_at)}</Td>
      <Td dataLabel={_("Took")}>{took === null ? "–" : duration(took)}</Td>
      <Td dataLabel={_("By")}>{job.actor}</Td>
    </Tr>
  );
}

function JobTable({ jobs }: { jobs: readonly Job[] }) {
  return (
    <Table aria-label={_("Jobs")} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th modifier="nowrap">{_("Job")}</Th>
          <Th modifier="nowrap">{_("Of")}</Th>
          <Th modifier="nowrap">{_("State")}</Th>
          <Th modifier="nowrap">{_("Begun")}</Th>
          <Th modifier="nowrap">{_("Took")}</Th>
          <Th modifier="nowrap">{_("By")}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {jobs.map((job) => (
          <JobRow key={job.id} job={job} />
        ))}
      </Tbody>
    </Table>
  );
}

/** Jobs at work and those of late, and the live log. */
export function ActivityTab({ state, dispatch, session }: TabProps) {
  const jobs = allJobs(state);
  const { load } = state.jobs;
  return (
    <Stack hasGutter>
      <JobCards state={state} dispatch={dispatch} session={session} />
      <StackItem>
        <Card className="backup-table-card">
          <CardTitle component="h2">{_("Jobs")}</CardTitle>
          {load.phase === "loading" && jobs.length === 0 && (
            <CardBody>
              <LoadingView text={_("Looking for jobs")} />
            </CardBody>
          )}
          {load.phase === "failed" && (
            <CardBody>
              <ProblemView problem={load.problem} onRetry={session.retry} />
            </CardBody>
          )}
          {load.phase === "ready" && jobs.length === 0 && (
            <EmptyState headingLevel="h3" titleText={_("No jobs yet")} icon={HistoryIcon} variant="sm">
              <EmptyStateBody>{_("Jobs that run, and those that have ended, show here.")}</EmptyStateBody>
            </EmptyState>
          )}
          {jobs.length > 0 && <JobTable jobs={jobs} />}
        </Card>
      </StackItem>
      <StackItem>
        <LiveLog lines={state.log.lines} onClear={() => dispatch({ type: "log-clear" })} />
      </StackItem>
    </Stack>
  );
}
