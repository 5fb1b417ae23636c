import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Card, CardBody, CardTitle } from "@patternfly/react-core/dist/esm/components/Card/index";
import { EmptyState, EmptyStateBody } from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import { Label } from "@patternfly/react-core/dist/esm/components/Label/index";
import { Stack, StackItem } from "@patternfly/react-core/dist/esm/layouts/Stack/index";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import HistoryIcon from "@patternfly/react-icons/dist/esm/icons/history-icon";
import { useMemo, useState } from "react";

import { _, format } from "../bridge/cockpit";
import { type Job, vmBackupResult } from "../bridge/views";
import { JobCards } from "../parts/job-cards";
import { LoadingView, ProblemView } from "../parts/problem-view";
import type { TabProps } from "../parts/props";
import { allJobs, runningJobs } from "../state/select";
import { duration, list, moment, number } from "../words/format";
import { jobState, jobTitle, projectTitle } from "../words/texts";
import { ColdBackupsCard } from "./cold-backups-card";
import { EventLogCard } from "./event-log-card";
import { LogCard } from "./log-card";

/** So many of the newest at first: a busy machine has thousands. */
const JOBS_SHOWN = 25;

function seconds(job: Job): number | null {
  return job.started_at === null || job.finished_at === null
    ? null
    : (Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000;
}

function problems(job: Job): string[] {
  const failed = vmBackupResult(job)?.failed.map(({ message }) => message) ?? [];
  // What a job ended with is that of its one machine, where it had only one.
  return [...new Set(job.error === null ? failed : [...failed, job.error.message])];
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
      <Td dataLabel={_("Project")} modifier="breakWord">
        {list(job.projects.map(projectTitle))}
      </Td>
      <Td dataLabel={_("State")}>
        <Label color={state.colour} isCompact>
          {state.text}
        </Label>
      </Td>
      <Td dataLabel={_("Started")} modifier="nowrap">{moment(job.created_at)}</Td>
      <Td dataLabel={_("Duration")} modifier="nowrap">{took === null ? "–" : duration(took)}</Td>
      <Td dataLabel={_("User")}>{job.actor}</Td>
    </Tr>
  );
}

function JobTable({ jobs }: { jobs: readonly Job[] }) {
  return (
    <Table aria-label={_("Jobs")} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th modifier="nowrap" width={30}>{_("Job")}</Th>
          <Th modifier="nowrap" width={20}>{_("Project")}</Th>
          <Th modifier="nowrap">{_("State")}</Th>
          <Th modifier="nowrap">{_("Started")}</Th>
          <Th modifier="nowrap">{_("Duration")}</Th>
          <Th modifier="nowrap">{_("User")}</Th>
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
  const jobs = useMemo(() => allJobs({ jobs: state.jobs }), [state.jobs]);
  const { load } = state.jobs;
  const [shown, setShown] = useState(JOBS_SHOWN);
  const projects = useMemo(() => [...new Set(jobs.flatMap((job) => job.projects))], [jobs]);
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
          {jobs.length > 0 && <JobTable jobs={jobs.slice(0, shown)} />}
          {jobs.length > shown && (
            <CardBody>
              <Button variant="link" isInline onClick={() => setShown(shown + JOBS_SHOWN)}>
                {format(_("Show more of $0 jobs"), number(jobs.length))}
              </Button>
            </CardBody>
          )}
        </Card>
      </StackItem>
      <StackItem>
        <LogCard lines={state.log.lines} projects={projects} onClear={() => dispatch({ type: "log-clear" })} />
      </StackItem>
      {/* Why nothing is to be had is said once. */}
      {load.phase !== "failed" && (
        <>
          <StackItem>
            <EventLogCard session={session} />
          </StackItem>
          <StackItem>
            <ColdBackupsCard
              backups={state.backups.list}
              isBusy={runningJobs(state).some(({ op }) => op === "event-log.backup")}
              session={session}
            />
          </StackItem>
        </>
      )}
    </Stack>
  );
}
