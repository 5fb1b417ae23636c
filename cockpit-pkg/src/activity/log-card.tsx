import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { FormSelect, FormSelectOption } from "@patternfly/react-core/dist/esm/components/FormSelect/index";
import { SearchInput } from "@patternfly/react-core/dist/esm/components/SearchInput/index";
import { Toolbar, ToolbarContent, ToolbarItem } from "@patternfly/react-core/dist/esm/components/Toolbar/index";
import { useMemo, useRef, useState } from "react";

import { _ } from "../bridge/cockpit";
import type { LogLine } from "../bridge/views";
import { LiveLog } from "../parts/live-log";
import { logLevel, projectTitle } from "../words/texts";
import { type Filtered, LEVELS, type LogFilter, NO_FILTER, filterOn, isFiltering, logText, projectsOf } from "./log-filter";

interface Props {
  lines: readonly LogLine[];
  /** That were named by jobs; lines may name more. */
  projects: readonly string[];
  onClear: () => void;
}

/** Hands the lines to the person as a file; nothing is asked of the helper. */
function save(lines: readonly LogLine[]) {
  const link = document.createElement("a");
  const address = URL.createObjectURL(new Blob([logText(lines)], { type: "text/plain" }));
  link.href = address;
  link.download = `cockpit-backup-${new Date().toISOString().slice(0, 19).replace(/:/g, "-")}.log`;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function Filters({ filter, projects, onChange }: { filter: LogFilter; projects: readonly string[]; onChange: (filter: LogFilter) => void }) {
  return (
    <Toolbar className="backup-log-filters" inset={{ default: "insetNone" }}>
      <ToolbarContent>
        <ToolbarItem>
          <SearchInput
            aria-label={_("Search the log")}
            placeholder={_("Search the log")}
            value={filter.text}
            onChange={(_event, text) => onChange({ ...filter, text })}
            onClear={() => onChange({ ...filter, text: "" })}
            resetButtonLabel={_("Clear the search")}
          />
        </ToolbarItem>
        <ToolbarItem>
          <FormSelect aria-label={_("Least level")} value={filter.level} onChange={(_event, level) => onChange({ ...filter, level })}>
            {LEVELS.map((level) => (
              <FormSelectOption key={level} value={level} label={level === "debug" ? _("All levels") : logLevel(level)} />
            ))}
          </FormSelect>
        </ToolbarItem>
        <ToolbarItem>
          <FormSelect aria-label={_("Project")} value={filter.project} onChange={(_event, project) => onChange({ ...filter, project })}>
            <FormSelectOption value="" label={_("All projects")} />
            {projects.map((project) => (
              <FormSelectOption key={project} value={project} label={projectTitle(project)} />
            ))}
          </FormSelect>
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
}

/** The live log with what finds one's way in it. */
export function LogCard({ lines, projects, onClear }: Props) {
  const [filter, setFilter] = useState(NO_FILTER);
  const before = useRef<Filtered | null>(null);
  const filtered = filterOn(before.current, lines, filter);
  before.current = filtered;
  // A new line seldom brings a new project: those of the first lines are enough to look at.
  const some = lines.length > 1000 ? lines.length - (lines.length % 1000) : lines.length;
  const known = useMemo(
    () => [...new Set([...projects, ...projectsOf(lines.slice(0, some).slice(-20_000))])].sort(),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- see above
    [projects, some],
  );

  return (
    <LiveLog
      lines={filtered.lines}
      onClear={onClear}
      emptyText={isFiltering(filter) && lines.length > 0 ? _("No line matches.") : undefined}
      actions={
        <Button variant="secondary" size="sm" isDisabled={filtered.lines.length === 0} onClick={() => save(filtered.lines)}>
          {_("Download")}
        </Button>
      }
      filters={<Filters filter={filter} projects={known} onChange={setFilter} />}
    />
  );
}
