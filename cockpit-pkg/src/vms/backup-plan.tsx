import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Skeleton } from "@patternfly/react-core/dist/esm/components/Skeleton/index";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";

import type { Answer } from "../bridge/ask";
import { _, format } from "../bridge/cockpit";
import type { Vm, VmBackupPlan } from "../bridge/views";
import { ProblemAlert } from "../parts/problem-alert";
import { bytes, list } from "../words/format";
import { diskAction, mergeWay, nextStep } from "../words/texts";

type Planned = VmBackupPlan["vms"][number];

/** Disks that are treated as the step says are named together; another has a line with its reason. */
function Disks({ planned }: { planned: Planned }) {
  const plain = planned.disks.filter(({ reason }) => reason === null);
  const actions = [...new Set(plain.map(({ action }) => action))];
  return (
    <>
      {actions.map((action) => (
        <div key={action}>
          {format(
            _("$0: $1"),
            list(plain.filter((disk) => disk.action === action).map(({ target }) => target)),
            diskAction(action),
          )}
        </div>
      ))}
      {planned.disks.map(
        ({ target, action, reason }) =>
          reason !== null && (
            <div key={target}>
              {format(_("$0: $1"), target, diskAction(action))}
              <div className="backup-subtle">{reason}</div>
            </div>
          ),
      )}
    </>
  );
}

function needs({ needed_bytes: bytesNeeded, disks }: Planned): string {
  const grows = disks.some(({ action }) => action === "incremental" || action === "merge");
  if (bytesNeeded > 0) {
    return grows ? format(_("At most $0, and what has changed"), bytes(bytesNeeded)) : format(_("At most $0"), bytes(bytesNeeded));
  }
  return grows ? _("What has changed") : "–";
}

function PlannedRow({ planned, vm }: { planned: Planned; vm: Vm | undefined }) {
  const { title, detail } =
    vm === undefined ? { title: planned.step, detail: "" } : nextStep({ ...vm, next_step: planned.step });
  const others = planned.warnings.filter(({ code }) => code !== "no-space");
  return (
    <Tr data-planned={planned.vm}>
      <Td dataLabel={_("Name")} modifier="breakWord">
        {planned.vm}
      </Td>
      <Td dataLabel={_("Step")}>
        {title}
        <div className="backup-subtle">{planned.reason ?? detail}</div>
        {planned.merge !== null && <div className="backup-subtle">{mergeWay(planned.merge)}</div>}
        {planned.removes.length > 0 && (
          <div className="backup-subtle">{format(_("Becomes part of it: $0"), list(planned.removes))}</div>
        )}
        {planned.job_id !== null && (
          <div className="backup-text-danger">{_("Another job is at work on it; this one cannot begin before that has ended")}</div>
        )}
        {others.map(({ code, message }) => (
          <div key={code + message} className="backup-text-warning">
            {message}
          </div>
        ))}
      </Td>
      <Td dataLabel={_("Disks")}>
        <Disks planned={planned} />
      </Td>
      <Td dataLabel={_("Needs")}>
        {needs(planned)}
      </Td>
    </Tr>
  );
}

interface Props {
  answer: Answer<VmBackupPlan, never> | null;
  waiting: boolean;
  vms: readonly Vm[];
}

/** What is the matter with the plan as a whole: it cannot be had, or there is not the room for it. */
function PlanAlerts({ answer }: { answer: Answer<VmBackupPlan, never> }) {
  const plan = answer.result;
  if (plan === null) {
    return answer.problem && <ProblemAlert problem={answer.problem} />;
  }
  const free = Math.min(...plan.vms.map(({ free_bytes }) => free_bytes));
  return (
    <>
      {plan.vms.length > 0 && plan.needed_bytes > free && (
        <Alert
          isInline
          component="h2"
          variant="danger"
          variantLabel={_("Error:")}
          title={_("There is not enough space")}
          data-no-space
        >
          {format(_("It can need $0; the repository has $1."), bytes(plan.needed_bytes), bytes(free))}
        </Alert>
      )}
      {plan.failed.map(({ vm, message }) => (
        <Alert key={vm} isInline component="h2" variant="danger" variantLabel={_("Error:")} title={message} />
      ))}
    </>
  );
}

/** What a backup would do, by the helper's own decision; the last one known stays while the next is awaited. */
export function BackupPlan({ answer, waiting, vms }: Props) {
  const byName = new Map(vms.map((vm) => [vm.name, vm]));
  const plan = answer?.result ?? null;
  const free = plan === null ? 0 : Math.min(...plan.vms.map(({ free_bytes }) => free_bytes));

  return (
    <div aria-busy={waiting} aria-live="polite" className="backup-plan-area">
      {answer === null && (
        <div role="status">
          <span className="pf-v6-u-screen-reader">{_("Working out what will be done")}</span>
          <Skeleton height="2rem" />
        </div>
      )}
      {answer !== null && <PlanAlerts answer={answer} />}
      {plan !== null && plan.vms.length > 0 && (
        <>
          <Table aria-label={_("What will be done")} variant="compact" gridBreakPoint="grid-md" className="backup-plan">
            <Thead>
              <Tr>
                <Th modifier="nowrap" width={20}>{_("Name")}</Th>
                <Th modifier="nowrap">{_("Step")}</Th>
                <Th modifier="nowrap">{_("Disks")}</Th>
                <Th modifier="nowrap">{_("Needs")}</Th>
              </Tr>
            </Thead>
            <Tbody>
              {plan.vms.map((planned) => (
                <PlannedRow key={planned.vm} planned={planned} vm={byName.get(planned.vm)} />
              ))}
            </Tbody>
          </Table>
          <p className="backup-subtle">
            {format(
              _("Needs at most $0, besides what incrementals find changed; the repository has $1."),
              bytes(plan.needed_bytes),
              bytes(free),
            )}
          </p>
        </>
      )}
    </div>
  );
}
