import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Card, CardBody, CardHeader, CardTitle } from "@patternfly/react-core/dist/esm/components/Card/index";
import { List, ListItem } from "@patternfly/react-core/dist/esm/components/List/index";
import { Stack, StackItem } from "@patternfly/react-core/dist/esm/layouts/Stack/index";
import { useMemo, useState } from "react";

import { _, format } from "../bridge/cockpit";
import { type Settings, isSettings } from "../bridge/settings-views";
import { type TreeTask, isCounted, isTreeTask } from "../bridge/tree-views";
import { LoadingView, ProblemView } from "../parts/problem-view";
import type { TabProps } from "../parts/props";
import { useQuery } from "../parts/use-query";
import { list } from "../words/format";
import { SchedulesCard } from "./schedules-card";
import { withSaved } from "./saving";
import { SettingsCards } from "./settings-cards";

const SETTINGS = { op: "config.get", args: {} };
const SETTINGS_EXPECTED = { result: isSettings };
const TREES = { op: "tree.list", args: {} };
const TREES_EXPECTED = { result: isCounted, item: isTreeTask };
const NOTHING: never[] = [];

function TreesCard({ tasks }: { tasks: readonly TreeTask[] }) {
  return (
    <Card>
      <CardHeader
        hasWrap
        actions={{
          actions: (
            <Button variant="secondary" size="sm" component="a" href="#/files">
              {_("Go to the files")}
            </Button>
          ),
        }}
      >
        <CardTitle component="h2">{_("Files that are backed up")}</CardTitle>
      </CardHeader>
      <CardBody>
        {tasks.length === 0 ? (
          <p className="backup-totals">{_("None yet. They are set up where files are browsed and restored.")}</p>
        ) : (
          <List isPlain>
            {tasks.map((task) => (
              <ListItem key={task.name}>{format(_("$0: $1"), task.name, list(task.sources))}</ListItem>
            ))}
          </List>
        )}
      </CardBody>
    </Card>
  );
}

/** What holds for all backups, and what runs by itself. */
export function SettingsTab({ state, dispatch, session }: TabProps) {
  const { answer, last, reload } = useQuery(session, SETTINGS, SETTINGS_EXPECTED);
  const trees = useQuery(session, TREES, TREES_EXPECTED);
  const [changed, setChanged] = useState<Settings | null>(null);
  const settings = changed ?? last?.result ?? null;
  const problem = answer?.problem ?? null;
  const tasks = trees.last?.items ?? NOTHING;
  const { byId } = state.vms;
  const things = useMemo(
    () => [
      "vms",
      "prune",
      "verify",
      "event-log",
      ...tasks.map(({ name }) => `tree/${name}`),
      ...[...byId.values()].map(({ name }) => `vm/${name}`).sort(),
    ],
    [tasks, byId],
  );

  return (
    <Stack hasGutter>
      {settings !== null ? (
        <SettingsCards
          settings={settings}
          session={session}
          dispatch={dispatch}
          onSaved={(key, answered) => setChanged((before) => withSaved(before ?? settings, key, answered))}
        />
      ) : (
        <StackItem>
          <Card>
            {problem !== null ? (
              <ProblemView problem={problem} onRetry={reload} />
            ) : (
              <CardBody>
                <LoadingView text={_("Reading the settings")} />
              </CardBody>
            )}
          </Card>
        </StackItem>
      )}
      {settings !== null && (
        <>
          <StackItem>
            <SchedulesCard session={session} dispatch={dispatch} things={things} />
          </StackItem>
          <StackItem>
            <TreesCard tasks={tasks} />
          </StackItem>
        </>
      )}
    </Stack>
  );
}
