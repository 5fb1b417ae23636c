import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Card, CardBody } from "@patternfly/react-core/dist/esm/components/Card/index";
import {
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
} from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import { Toolbar, ToolbarContent, ToolbarItem } from "@patternfly/react-core/dist/esm/components/Toolbar/index";
import { Stack, StackItem } from "@patternfly/react-core/dist/esm/layouts/Stack/index";
import FolderIcon from "@patternfly/react-icons/dist/esm/icons/folder-icon";
import { useMemo, useState } from "react";

import { _ } from "../bridge/cockpit";
import { isCounted, isTreeTask } from "../bridge/tree-views";
import { usePlace } from "../parts/hooks";
import { JobCards } from "../parts/job-cards";
import { LoadingView, LostView, ProblemView } from "../parts/problem-view";
import type { TabProps } from "../parts/props";
import { useQuery } from "../parts/use-query";
import { runningJobs } from "../state/select";
import { Browser } from "./browser";
import { RemoveDialog } from "./remove-dialog";
import { TreeFormDialog } from "./tree-form-dialog";
import { TreeTable } from "./tree-table";
import { type Tree, treesOf } from "./trees";

const LIST = { op: "tree.list", args: {} };
const EXPECTED = { result: isCounted, item: isTreeTask };
const NOTHING: never[] = [];

type Dialog = { kind: "form"; tree: Tree | null } | { kind: "remove"; tree: Tree };

function NoTrees({ onAdd }: { onAdd: () => void }) {
  return (
    <Card>
      <EmptyState headingLevel="h2" titleText={_("No files are backed up yet")} icon={FolderIcon}>
        <EmptyStateBody>
          {_("Name the directories of this machine that matter. The first backup is a full one; after it only what has changed is stored, and every point in time can be browsed here.")}
        </EmptyStateBody>
        <EmptyStateFooter>
          <EmptyStateActions>
            <Button variant="primary" onClick={onAdd}>
              {_("Back up files")}
            </Button>
          </EmptyStateActions>
        </EmptyStateFooter>
      </EmptyState>
    </Card>
  );
}

/** File trees: what is backed up of the machine's files, and every point one can go back to. */
export function FilesTab({ state, dispatch, session, now }: TabProps) {
  const { options } = usePlace();
  const { answer, last, waiting, reload } = useQuery(session, LIST, EXPECTED);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const { list, load } = state.backups;
  const tasks = last !== null && (last.problem === null || last.items.length > 0) ? last.items : NOTHING;
  const trees = useMemo(() => treesOf(tasks, list), [tasks, list]);
  const problem = answer?.problem ?? (load.phase === "failed" ? load.problem : null);
  const retry = () => {
    reload();
    session.retry();
  };

  if ((waiting && last === null) || (load.phase === "loading" && list.length === 0 && problem === null)) {
    return (
      <Card>
        <CardBody>
          <LoadingView text={_("Looking for files that are backed up")} />
        </CardBody>
      </Card>
    );
  }
  if (problem !== null && trees.length === 0) {
    return (
      <Card>
        <ProblemView problem={problem} onRetry={retry} />
      </Card>
    );
  }

  const chosen = options.project === undefined ? undefined : trees.find(({ projectId }) => projectId === options.project);
  return (
    <Stack hasGutter>
      {problem !== null && (
        <StackItem>
          <LostView problem={problem} onRetry={retry} />
        </StackItem>
      )}
      <JobCards state={state} dispatch={dispatch} session={session} />
      <StackItem>
        {chosen !== undefined ? (
          <Browser
            session={session}
            tree={chosen}
            place={{ project: chosen.projectId, backup: options.backup ?? null, path: options.path ?? null, pathBase64: options.base64 ?? null }}
            now={now}
          />
        ) : trees.length === 0 ? (
          <NoTrees onAdd={() => setDialog({ kind: "form", tree: null })} />
        ) : (
          <Card className="backup-table-card">
            <Toolbar inset={{ default: "insetLg" }}>
              <ToolbarContent>
                <ToolbarItem>
                  <Button variant="primary" onClick={() => setDialog({ kind: "form", tree: null })}>
                    {_("Back up files")}
                  </Button>
                </ToolbarItem>
              </ToolbarContent>
            </Toolbar>
            <TreeTable
              trees={trees}
              jobs={runningJobs(state)}
              session={session}
              now={now}
              onEdit={(tree) => setDialog({ kind: "form", tree })}
              onRemove={(tree) => setDialog({ kind: "remove", tree })}
            />
          </Card>
        )}
      </StackItem>
      {dialog?.kind === "form" && (
        <TreeFormDialog session={session} task={dialog.tree?.task ?? null} onClose={() => setDialog(null)} onSaved={reload} />
      )}
      {dialog?.kind === "remove" && (
        <RemoveDialog session={session} name={dialog.tree.name} onClose={() => setDialog(null)} onRemoved={reload} />
      )}
    </Stack>
  );
}
