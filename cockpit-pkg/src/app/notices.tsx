import { Alert, AlertActionCloseButton, AlertGroup } from "@patternfly/react-core/dist/esm/components/Alert/index";

import { _, format } from "../bridge/cockpit";
import type { Action, Notice } from "../state/state";
import { jobTitle, problemText } from "../words/texts";

const variants: Record<Notice["what"], "danger" | "info" | "success"> = {
  "not-started": "danger",
  "job-not-cancelled": "danger",
  "export-failed": "danger",
  "export-started": "info",
  "export-done": "success",
  "settings-saved": "success",
};

function noticeTitle({ what, op }: Notice): string {
  switch (what) {
    case "not-started":
      return format(_("$0: not started"), jobTitle(op ?? ""));
    case "job-not-cancelled":
      return _("The job could not be cancelled");
    case "export-failed":
      return _("The download failed");
    case "settings-saved":
      return _("The setting was saved");
    case "export-started":
      return _("The download is starting");
    case "export-done":
      return _("The download is complete");
  }
}

interface Props {
  notices: readonly Notice[];
  dispatch: (action: Action) => void;
}

/** What became of what the person has just asked for. */
export function Notices({ notices, dispatch }: Props) {
  return (
    <AlertGroup isToast isLiveRegion aria-label={_("Notices")}>
      {notices.map((notice) => (
        <Alert
          key={notice.id}
          component="h2"
          variant={variants[notice.what]}
          title={noticeTitle(notice)}
          variantLabel={variants[notice.what] === "danger" ? _("Error:") : variants[notice.what] === "success" ? _("Done:") : _("Note:")}
          timeout={variants[notice.what] === "danger" ? false : 8000}
          onTimeout={() => dispatch({ type: "notice-put-away", id: notice.id })}
          actionClose={
            <AlertActionCloseButton
              aria-label={_("Close")}
              onClose={() => dispatch({ type: "notice-put-away", id: notice.id })}
            />
          }
        >
          {notice.what === "export-started" && <p>{_("The browser shows how far it is, and whether it ended well.")}</p>}
          {notice.problem !== null && <p>{notice.problem.message ?? problemText(notice.problem).title}</p>}
          {notice.problem !== null && <p>{problemText(notice.problem).advice}</p>}
        </Alert>
      ))}
    </AlertGroup>
  );
}
