import { Card, CardBody, CardTitle } from "@patternfly/react-core/dist/esm/components/Card/index";
import { Form } from "@patternfly/react-core/dist/esm/components/Form/index";
import { Progress, ProgressMeasureLocation } from "@patternfly/react-core/dist/esm/components/Progress/index";
import { StackItem } from "@patternfly/react-core/dist/esm/layouts/Stack/index";
import { type ReactNode, useState } from "react";

import { _, format } from "../bridge/cockpit";
import { type Settings, isSettings } from "../bridge/settings-views";
import type { TabProps } from "../parts/props";
import { bytes } from "../words/format";
import { logLevel, problemText } from "../words/texts";
import { NOTHING_SAVED, saveBegins, saveEnds } from "./saving";
import { type Bound, ChoiceField, SwitchField, TextField } from "./setting-fields";

const EXPECTED = { result: isSettings };

interface Props extends Pick<TabProps, "session" | "dispatch"> {
  settings: Settings;
  onSaved: (key: keyof Settings, answered: Settings) => void;
}

/* Each setting is saved by itself; why one was not taken stays at its field until it is. */
function useSaving({ session, dispatch, settings, onSaved }: Props) {
  const [{ pending, wrong }, setSaving] = useState(NOTHING_SAVED);

  return (key: keyof Settings): Bound => ({
    value: String(settings[key] ?? ""),
    wrong: wrong[key] ?? null,
    saving: pending.has(key),
    save(value) {
      setSaving((before) => saveBegins(before, key));
      session.ask({ op: "config.set", args: { key, value } }, EXPECTED, ({ result, problem }) => {
        if (problem === null && result !== null) {
          setSaving((before) => saveEnds(before, key, null));
          onSaved(key, result);
          dispatch({ type: "notice", what: "settings-saved", problem: null });
        } else {
          const why = problem?.message ?? (problem === null ? null : problemText(problem).title);
          setSaving((before) => saveEnds(before, key, why ?? _("It was not saved")));
        }
      });
    },
  });
}

function Space({ settings }: { settings: Settings }) {
  const free = settings.repository_free_bytes;
  const total = settings.repository_total_bytes;
  if (free === undefined || total === undefined || total === 0) {
    return null;
  }
  const used = Math.round(((total - free) / total) * 100);
  return (
    <Progress
      id="repository-space"
      className="backup-space"
      value={used}
      title={_("Space")}
      label={format(_("$0 of $1 free"), bytes(free), bytes(total))}
      valueText={format(_("$0 of $1 free"), bytes(free), bytes(total))}
      measureLocation={ProgressMeasureLocation.top}
      variant={used >= 95 ? "danger" : used >= 85 ? "warning" : undefined}
    />
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <StackItem>
      <Card>
        <CardTitle component="h2">{title}</CardTitle>
        <CardBody>
          <Form isWidthLimited onSubmit={(event) => event.preventDefault()}>
            {children}
          </Form>
        </CardBody>
      </Card>
    </StackItem>
  );
}

/** What stands in config.json, changed one by one. */
export function SettingsCards(props: Props) {
  const { settings } = props;
  const bound = useSaving(props);
  return (
    <>
      <Section title={_("Where backups are kept")}>
        <TextField
          id="setting-repository"
          label={_("Directory")}
          help={_("Best on another disk than the machines. Backups in the previous directory stay there.")}
          {...bound("repository_dir")}
        />
        <Space settings={settings} />
      </Section>
      <Section title={_("Virtual machines")}>
        <TextField
          id="setting-max-incrementals"
          label={_("Incrementals before consolidation")}
          help={_("After so many, base and incrementals become one full backup that is kept for good.")}
          min={1}
          max={255}
          {...bound("max_incrementals")}
        />
        <ChoiceField
          id="setting-merge-mode"
          label={_("How they are merged")}
          help={_("Automatic takes the fastest way: shared blocks where the file system can, else in place.")}
          choices={[
            ["auto", _("Automatic")],
            ["in-place", _("In place")],
            ["copy", _("Into a new file, which is compared")],
          ]}
          {...bound("merge_mode")}
        />
        <ChoiceField
          id="setting-compression"
          label={_("Compression of merged backups")}
          help={_("Smaller, but merging takes a copy each time.")}
          choices={[
            ["none", _("None")],
            ["zstd", "zstd"],
          ]}
          {...bound("compression")}
        />
        <SwitchField
          id="setting-verify"
          label={_("Verify each backup")}
          help={_("Everything is read again at the end and compared with its checksum. It takes about as long as the copy.")}
          {...bound("verify")}
        />
        <TextField
          id="setting-retention"
          label={_("Days to keep standalone copies")}
          help={_("Older ones go when old backups are cleaned up. 0 keeps them. Merged and pinned backups always stay.")}
          max={36_500}
          {...bound("retention_days")}
        />
      </Section>
      <Section title={_("Log")}>
        <TextField
          id="setting-log-retention"
          label={_("Days to keep logs")}
          help={_("0 keeps all of them.")}
          max={36_500}
          {...bound("log_retention_days")}
        />
        <ChoiceField
          id="setting-log-level"
          label={_("What is logged")}
          help={_("This level and everything more serious.")}
          choices={["debug", "info", "warning", "error"].map((level) => [level, logLevel(level)] as const)}
          {...bound("log_level")}
        />
      </Section>
    </>
  );
}
