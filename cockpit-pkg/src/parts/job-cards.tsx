import { Alert, AlertActionCloseButton } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Card, CardBody, CardHeader, CardTitle } from "@patternfly/react-core/dist/esm/components/Card/index";
import { Progress, ProgressMeasureLocation } from "@patternfly/react-core/dist/esm/components/Progress/index";
import { StackItem } from "@patternfly/react-core/dist/esm/layouts/Stack/index";
import { useState } from "react";

import { _, format } from "../bridge/cockpit";
import { type Job, type Progress as JobProgress, vmBackupResult } from "../bridge/views";
import { endedJobs, runningJobs } from "../state/select";
import type { Session } from "../state/session";
import type { Action, State } from "../state/state";
import { bytes, duration, list, rate } from "../words/format";
import { jobResultText } from "../words/job-result";
import { jobState, jobTitle, progressStep, projectName } from "../words/texts";

interface Props {
  state: State;
  dispatch: (action: Action) => void;
  session: Session;
}

function jobName(job: Job): string {
  // What is done with an event log says so already.
  const names = job.projects.filter((id) => !id.startsWith("event-log/")).map(projectName);
  return names.length === 0 ? jobTitle(job.op) : format(_("$0: $1"), jobTitle(job.op), list(names));
}

function progressText(progress: JobProgress | null): string {
  if (progress === null) {
    return _("Getting ready");
  }
  const parts = [
    progress.total_bytes > 0
      ? format(_("$0 of $1"), bytes(progress.done_bytes), bytes(progress.total_bytes))
      : bytes(progress.done_bytes),
  ];
  if (progress.rate_bytes_per_second > 0) {
    parts.push(rate(progress.rate_bytes_per_second));
  }
  if (progress.remaining_seconds !== null && progress.total_bytes > 0) {
    parts.push(format(_("$0 left"), duration(progress.remaining_seconds)));
  }
  return parts.join(" · ");
}

function progressTitle(progress: JobProgress | null): string {
  if (progress === null) {
    return "";
  }
  const step = progressStep(progress.step);
  return progress.project_id === null ? step : format(_("$0: $1"), projectName(progress.project_id), step);
}

function RunningJob({ job, onCancel }: { job: Job; onCancel: () => void }) {
  const [cancelling, setCancelling] = useState(false);
  const { progress } = job;
  const share = progress !== null && progress.total_bytes > 0 ? progress.done_bytes / progress.total_bytes : 0;

  return (
    <Card data-job={job.id} className="backup-job">
      <CardHeader
        hasWrap
        actions={{
          actions: (
            <Button
              variant="secondary"
              size="sm"
              isDisabled={cancelling}
              isLoading={cancelling}
              spinnerAriaLabel={_("Being cancelled")}
              onClick={() => {
                setCancelling(true);
                onCancel();
              }}
            >
              {_("Cancel the job")}
            </Button>
          ),
        }}
      >
        <CardTitle component="h2">{jobName(job)}</CardTitle>
      </CardHeader>
      <CardBody>
        <Progress
          id={`progress-${job.id}`}
          value={Math.min(100, Math.round(share * 100))}
          title={progressTitle(progress)}
          aria-label={progress === null ? jobName(job) : undefined}
          valueText={progressText(progress)}
          label={progressText(progress)}
          measureLocation={ProgressMeasureLocation.top}
        />
      </CardBody>
    </Card>
  );
}

function EndedJob({ job, onClose }: { job: Job; onClose: () => void }) {
  const result = vmBackupResult(job);
  const failed = job.state === "failed" || (result !== null && result.backups.length === 0 && result.failed.length > 0);
  const partly = !failed && ((result !== null && result.failed.length > 0) || job.state === "cancelled" || job.error !== null);
  const variant = failed ? "danger" : partly ? "warning" : "success";
  const text = jobResultText(job);
  // What a job ended with is that of its one machine, where it had only one.
  const messages = new Set([...(result?.failed ?? []), ...(job.error === null ? [] : [job.error])].map(({ message }) => message));
  const labels = { danger: _("Error:"), warning: _("Warning:"), success: _("Done:") };

  return (
    <Alert
      isInline
      component="h2"
      variant={variant}
      variantLabel={labels[variant]}
      title={format(_("$0: $1"), jobName(job), jobState(job.state).text)}
      actionClose={<AlertActionCloseButton aria-label={_("Close")} onClose={onClose} />}
      data-ended-job={job.id}
    >
      {text !== null && <p>{text}</p>}
      {[...messages].map((message) => (
        <p key={message}>{message}</p>
      ))}
    </Alert>
  );
}

/** Jobs at work, with their progress; and those that ended while the page was open. */
export function JobCards({ state, dispatch, session }: Props) {
  const running = runningJobs(state);
  const ended = endedJobs(state);
  return (
    <>
      <StackItem className={ended.length === 0 ? "backup-empty" : undefined} aria-live="polite">
        {ended.map((job) => (
          <EndedJob key={job.id} job={job} onClose={() => dispatch({ type: "job-put-away", id: job.id })} />
        ))}
      </StackItem>
      {running.map((job) => (
        <StackItem key={job.id}>
          <RunningJob job={job} onCancel={() => session.cancelJob(job.id)} />
        </StackItem>
      ))}
    </>
  );
}
