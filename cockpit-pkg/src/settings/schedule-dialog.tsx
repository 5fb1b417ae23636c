import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Form, FormGroup } from "@patternfly/react-core/dist/esm/components/Form/index";
import { FormSelect, FormSelectOption } from "@patternfly/react-core/dist/esm/components/FormSelect/index";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput/index";
import { TimePicker } from "@patternfly/react-core/dist/esm/components/TimePicker/index";
import { useState } from "react";

import { _ } from "../bridge/cockpit";
import type { Schedule } from "../bridge/settings-views";
import { Dialog } from "../parts/dialog";
import { HelperLine } from "../parts/helper-line";
import { weekdayName } from "../words/format";
import { scheduled } from "../words/tree-texts";
import { DEFAULT_WHEN, type Every, type When, calendarOf, isComplete, whenOf } from "./when";

interface Props {
  /** To change; null: a new one. */
  schedule: Schedule | null;
  /** What can have one. */
  things: readonly string[];
  saving: boolean;
  problem: string | null;
  onSave: (what: string, when: string) => void;
  onClose: () => void;
}

/* What a list of times offers: every half hour is enough to choose from, and any can be typed. */
function TimeField({ when, onChange }: { when: When; onChange: (changes: Partial<When>) => void }) {
  return (
    <FormGroup label={_("Time")} fieldId="schedule-time">
      <TimePicker
        is24Hour
        time={when.time}
        inputProps={{ id: "schedule-time", "aria-label": _("Time") }}
        invalidFormatErrorMessage={_("A time as 02:30")}
        onChange={(_event, typed, hour, minute) => {
          const isTime = typeof hour === "number" && typeof minute === "number";
          onChange({ time: isTime ? `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}` : typed });
        }}
      />
    </FormGroup>
  );
}

export function ScheduleDialog({ schedule, things, saving, problem, onSave, onClose }: Props) {
  const [what, setWhat] = useState(schedule?.what ?? things[0] ?? "");
  const [when, setWhen] = useState<When>(() => (schedule === null ? DEFAULT_WHEN : whenOf(schedule.calendar ?? schedule.schedule)));
  const change = (changes: Partial<When>) => setWhen({ ...when, ...changes });

  return (
    <Dialog
      id="schedule"
      size="small"
      title={schedule === null ? _("Add a schedule") : scheduled(schedule.what)}
      action={{
        label: _("Save"),
        form: "schedule-form",
        isDisabled: what === "" || !isComplete(when),
        busy: saving && _("Being saved"),
      }}
      onClose={onClose}
    >
      <Form
        id="schedule-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!saving && what !== "" && isComplete(when)) {
            onSave(what, calendarOf(when));
          }
        }}
      >
        {problem !== null && <Alert isInline component="h2" variant="danger" variantLabel={_("Error:")} title={problem} />}
        {schedule === null && (
          <FormGroup label={_("What")} fieldId="schedule-what">
            <FormSelect id="schedule-what" value={what} onChange={(_event, next) => setWhat(next)}>
              {things.map((thing) => (
                <FormSelectOption key={thing} value={thing} label={scheduled(thing)} />
              ))}
            </FormSelect>
          </FormGroup>
        )}
        <FormGroup label={_("How often")} fieldId="schedule-every">
          <FormSelect id="schedule-every" value={when.every} onChange={(_event, every) => change({ every: every as Every })}>
            <FormSelectOption value="day" label={_("Every day")} />
            <FormSelectOption value="week" label={_("Every week")} />
            <FormSelectOption value="month" label={_("On the first of the month")} />
            <FormSelectOption value="other" label={_("At other times")} />
          </FormSelect>
        </FormGroup>
        {when.every === "week" && (
          <FormGroup label={_("Day")} fieldId="schedule-weekday">
            <FormSelect id="schedule-weekday" value={String(when.weekday)} onChange={(_event, day) => change({ weekday: Number(day) })}>
              {[1, 2, 3, 4, 5, 6, 0].map((day) => (
                <FormSelectOption key={day} value={String(day)} label={weekdayName(day)} />
              ))}
            </FormSelect>
          </FormGroup>
        )}
        {when.every !== "other" && <TimeField when={when} onChange={change} />}
        {when.every === "other" && (
          <FormGroup label={_("When")} fieldId="schedule-expression">
            <TextInput id="schedule-expression" value={when.expression} onChange={(_event, expression) => change({ expression })} />
            <HelperLine text={_("As a timer of systemd takes it, for instance Mon..Fri 22:00, or the five fields of a crontab")} />
          </FormGroup>
        )}
      </Form>
    </Dialog>
  );
}
