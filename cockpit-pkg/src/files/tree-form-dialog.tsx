import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Form, FormGroup } from "@patternfly/react-core/dist/esm/components/Form/index";
import { TextArea } from "@patternfly/react-core/dist/esm/components/TextArea/index";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput/index";
import { type ReactNode, useState } from "react";

import type { Problem } from "../bridge/channel";
import { _, format } from "../bridge/cockpit";
import { type TreeTask, isCounted, isTreeTask } from "../bridge/tree-views";
import { Dialog } from "../parts/dialog";
import { HelperLine } from "../parts/helper-line";
import type { Session } from "../state/session";
import { number } from "../words/format";
import { problemText } from "../words/texts";
import { linesOf } from "./trees";

const EXPECTED = { result: isCounted, item: isTreeTask };
const INTERVAL_MAX = 3650;
const KEEP_MAX = 10_000;

interface Values {
  name: string;
  sources: string;
  excludes: string;
  interval: string;
  keep: string;
}

function valuesOf(task: TreeTask | null): Values {
  return {
    name: task?.name ?? "",
    sources: task?.sources.join("\n") ?? "",
    excludes: task?.excludes.join("\n") ?? "",
    interval: String(task?.full_interval_days ?? 7),
    keep: task === null ? "4" : task.keep_count === 0 ? "" : String(task.keep_count),
  };
}

function isCount(text: string, max: number): boolean {
  return /^[1-9]\d*$/.test(text) && Number(text) <= max;
}

type Wrong = Partial<Record<keyof Values, string>>;

export function wrongOf(values: Values): Wrong {
  const wrong: Wrong = {};
  if (values.name !== "" && !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(values.name)) {
    wrong.name = _("Letters, digits, “-”, “_” and “.” only");
  }
  const relative = linesOf(values.sources).find((path) => !path.startsWith("/"));
  if (relative !== undefined) {
    wrong.sources = format(_("“$0” does not begin with “/”"), relative);
  }
  if (!isCount(values.interval, INTERVAL_MAX)) {
    wrong.interval = format(_("From 1 to $0"), number(INTERVAL_MAX));
  }
  if (values.keep !== "" && !isCount(values.keep, KEEP_MAX)) {
    wrong.keep = format(_("From 1 to $0"), number(KEEP_MAX));
  }
  return wrong;
}

function Field({ id, label, help, wrong, required = false, children }: { id: string; label: string; help: string; wrong?: string; required?: boolean; children: ReactNode }) {
  return (
    <FormGroup label={label} fieldId={id} isRequired={required}>
      {children}
      <HelperLine text={wrong ?? help} wrong={wrong !== undefined} />
    </FormGroup>
  );
}

interface Props {
  session: Session;
  /** To change; null: a new one. */
  task: TreeTask | null;
  onClose: () => void;
  onSaved: () => void;
}

/** What of the machine's files is backed up, and how long it is kept. */
export function TreeFormDialog({ session, task, onClose, onSaved }: Props) {
  const [values, setValues] = useState(() => valuesOf(task));
  const [saving, setSaving] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const wrong = wrongOf(values);
  const complete = values.name !== "" && linesOf(values.sources).length > 0 && Object.keys(wrong).length === 0;
  const incremental = task === null || task.type === "incremental";
  const change = (changes: Partial<Values>) => {
    setProblem(null);
    setValues({ ...values, ...changes });
  };

  function save() {
    setSaving(true);
    const args = {
      name: values.name,
      source: linesOf(values.sources),
      exclude: linesOf(values.excludes),
      ...(incremental ? { full_interval: Number(values.interval) } : {}),
      ...(values.keep === "" ? {} : { keep: Number(values.keep) }),
    };
    session.ask({ op: "tree.set", args }, EXPECTED, ({ problem: why }) => {
      setSaving(false);
      if (why === null) {
        onSaved();
        onClose();
      } else {
        setProblem(why);
      }
    });
  }

  return (
    <Dialog
      id="tree-dialog"
      size="medium"
      title={task === null ? _("Back up files") : format(_("Files of $0"), task.name)}
      bodyLabel={_("What is backed up, and how")}
      action={{
        label: task === null ? _("Add") : _("Save"),
        form: "tree-form",
        isDisabled: !complete,
        busy: saving && _("Being saved"),
      }}
      onClose={onClose}
    >
      <Form
        id="tree-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (complete && !saving) {
            save();
          }
        }}
      >
        {problem !== null && (
          <Alert isInline component="h2" variant="danger" variantLabel={_("Error:")} title={problem.message ?? problemText(problem).title} />
        )}
        <Field id="tree-name" label={_("Name")} required help={_("Its backups are found under this name; it cannot be changed later.")} wrong={wrong.name}>
          <TextInput id="tree-name" isRequired isDisabled={task !== null} value={values.name} validated={wrong.name === undefined ? "default" : "error"} onChange={(_event, name) => change({ name })} />
        </Field>
        <Field id="tree-sources" label={_("Directories")} required help={_("One a line, for instance /etc")} wrong={wrong.sources}>
          <TextArea id="tree-sources" isRequired rows={3} resizeOrientation="vertical" value={values.sources} validated={wrong.sources === undefined ? "default" : "error"} onChange={(_event, sources) => change({ sources })} />
        </Field>
        <Field id="tree-excludes" label={_("Leave out")} help={_("One a line: a name or pattern such as *.tmp, or a path such as /srv/data/cache")}>
          <TextArea id="tree-excludes" rows={2} resizeOrientation="vertical" value={values.excludes} onChange={(_event, excludes) => change({ excludes })} />
        </Field>
        {incremental && (
          <Field id="tree-interval" label={_("Days from one full backup to the next")} help={_("In between only what has changed is stored. A full backup begins a new generation.")} wrong={wrong.interval}>
            <TextInput id="tree-interval" type="number" className="backup-number" min={1} max={INTERVAL_MAX} value={values.interval} validated={wrong.interval === undefined ? "default" : "error"} onChange={(_event, interval) => change({ interval })} />
          </Field>
        )}
        <Field id="tree-keep" label={incremental ? _("Generations kept") : _("Backups kept")} help={_("The oldest goes as a whole once there are more. Left empty, all are kept.")} wrong={wrong.keep}>
          <TextInput id="tree-keep" type="number" className="backup-number" min={1} max={KEEP_MAX} value={values.keep} validated={wrong.keep === undefined ? "default" : "error"} onChange={(_event, keep) => change({ keep })} />
        </Field>
      </Form>
    </Dialog>
  );
}
