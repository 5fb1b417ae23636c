import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Form, FormGroup } from "@patternfly/react-core/dist/esm/components/Form/index";
import { Radio } from "@patternfly/react-core/dist/esm/components/Radio/index";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput/index";
import { useState } from "react";

import { _, format, ngettext } from "../bridge/cockpit";
import { type TreeRestorePlan, isTreeRestorePlan } from "../bridge/tree-views";
import { Dialog } from "../parts/dialog";
import { HelperLine } from "../parts/helper-line";
import { useAnswer } from "../parts/use-answer";
import type { Session } from "../state/session";
import { bytes, moment, number } from "../words/format";
import { problemText } from "../words/texts";
import { baseName } from "./trees";

const EXPECTED = { result: isTreeRestorePlan };
const FORM = "restore-files-form";

export interface RestoreWhat {
  project: string;
  backup: string;
  madeAt: string;
  /** Of one file or directory; null: everything. */
  path: string | null;
  pathBase64: string | null;
}

type Where = "beside" | "original";

/** restore-2026-11-20: what is put back does not get mixed up with what is there. */
function defaultTarget(backup: string): string {
  return `/var/tmp/restore-${backup}`;
}

function Consequences({ plan, where, overwrite, path }: { plan: TreeRestorePlan; where: Where; overwrite: boolean; path: string | null }) {
  return (
    <Alert isInline isPlain component="h2" variant={overwrite ? "warning" : "info"} variantLabel={overwrite ? _("Warning:") : _("Note:")} title={format(ngettext("$0 file, $1, is written", "$0 files, $1, are written", plan.files_count), number(plan.files_count), bytes(plan.size_bytes))}>
      <p>
        {where === "original"
          ? _("Files go back to where they were. Those that are there now are replaced by those of the backup; files that came later stay.")
          : path === null
            ? _("Paths start from the directory: a file /srv/data/x goes to srv/data/x in it.")
            : format(_("It goes to $0"), (plan.target ?? "") + path)}
      </p>
      {where === "beside" && !overwrite && <p>{_("If the directory is not empty, nothing is touched and the restore ends with an error.")}</p>}
      {where === "beside" && overwrite && <p>{_("Files of the same name in the directory are replaced.")}</p>}
      <p>{_("No file is ever half written: each is the old one or the new one. A restore that was interrupted goes on when it is started again.")}</p>
    </Alert>
  );
}

/** Where files go, what is replaced, and how much it is, before anything is written. */
export function RestoreFilesDialog({ session, what, onClose }: { session: Session; what: RestoreWhat; onClose: () => void }) {
  const [where, setWhere] = useState<Where>("beside");
  const [target, setTarget] = useState(() => defaultTarget(what.backup));
  const [replace, setReplace] = useState(false);
  const overwrite = where === "original" || replace;
  const directory = where === "original" ? "/" : target.trim();
  const wrong = !directory.startsWith("/") || directory.split("/").includes("..");
  const args = {
    project: what.project,
    backup: what.backup,
    target: directory,
    overwrite,
    ...(what.pathBase64 !== null ? { file_base64: what.pathBase64 } : what.path !== null ? { file: what.path } : {}),
  };
  const { answer, waiting } = useAnswer(session, wrong ? null : { op: "tree.restore", args: { ...args, plan: true } }, EXPECTED);
  const plan = answer?.result ?? null;
  const problem = !waiting && answer !== null ? answer.problem : null;

  const possible = !wrong && plan !== null && !waiting && problem === null;

  function restore() {
    onClose();
    session.start({ op: "tree.restore", args });
  }

  return (
    <Dialog
      id="restore-files"
      size="medium"
      title={what.path === null ? _("Restore everything") : format(_("Restore $0"), baseName(what.path))}
      description={what.path === null ? format(_("As it was on $0"), moment(what.madeAt)) : format(_("$0, as it was on $1"), what.path, moment(what.madeAt))}
      bodyLabel={_("How it is restored")}
      action={{
        label: _("Restore"),
        variant: where === "original" ? "warning" : "primary",
        isDisabled: !possible,
        // What is lost for good is not done by Enter in a field.
        ...(where === "original" ? { onClick: restore } : { form: FORM }),
      }}
      onClose={onClose}
    >
      <Form
        id={FORM}
        onSubmit={(event) => {
          event.preventDefault();
          if (possible && where !== "original") {
            restore();
          }
        }}
      >
        <FormGroup role="radiogroup" label={_("Where to")} fieldId="restore-where" isStack>
          <Radio
            id="restore-beside"
            name="restore-where"
            label={_("To another directory")}
            description={_("Nothing that is in use is touched")}
            isChecked={where === "beside"}
            onChange={() => setWhere("beside")}
            body={
              where === "beside" && (
                <>
                  <TextInput
                    id="restore-target"
                    aria-label={_("Directory")}
                    value={target}
                    validated={wrong ? "error" : "default"}
                    onChange={(_event, typed) => setTarget(typed)}
                  />
                  {wrong && <HelperLine text={_("The path begins with “/” and has no “..” in it")} wrong />}
                </>
              )
            }
          />
          <Radio
            id="restore-original"
            name="restore-where"
            label={_("Where it was")}
            description={_("What is there now is replaced")}
            isChecked={where === "original"}
            onChange={() => setWhere("original")}
          />
        </FormGroup>
        {where === "beside" && (
          <FormGroup role="radiogroup" label={_("If the directory is not empty")} fieldId="restore-replace" isStack>
            <Radio id="restore-keep" name="restore-replace" label={_("Touch nothing")} isChecked={!replace} onChange={() => setReplace(false)} />
            <Radio id="restore-overwrite" name="restore-replace" label={_("Replace files of the same name")} isChecked={replace} onChange={() => setReplace(true)} />
          </FormGroup>
        )}
        <div aria-live="polite">
          {plan !== null && problem === null && <Consequences plan={plan} where={where} overwrite={overwrite} path={what.path} />}
          {problem !== null && (
            <Alert isInline isPlain component="h2" variant="danger" variantLabel={_("Error:")} title={problem.message ?? problemText(problem).title} />
          )}
        </div>
      </Form>
    </Dialog>
  );
}
