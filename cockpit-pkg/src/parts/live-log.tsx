import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Card, CardBody, CardHeader, CardTitle } from "@patternfly/react-core/dist/esm/components/Card/index";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";

import { _, format, ngettext } from "../bridge/cockpit";
import type { LogLine } from "../bridge/views";
import { number } from "../words/format";
import { LineParts } from "./log-lines";

/* Only the rows in view, and some around, are drawn: all have the height that log.scss gives. */
const ROW_HEIGHT_PX = 22;
const ROWS_AROUND = 20;
/** Scrolled up by less than this still counts as being at the end. */
const AT_END_PX = ROW_HEIGHT_PX;

interface View {
  top: number;
  height: number;
}

function Row({ line, index }: { line: LogLine; index: number }) {
  return (
    <div className={`backup-log-row backup-log-${line.level}`} style={{ insetBlockStart: index * ROW_HEIGHT_PX }}>
      <LineParts line={line} />
    </div>
  );
}

interface Props {
  lines: readonly LogLine[];
  onClear: () => void;
  /** More that can be done with the lines. */
  actions?: ReactNode;
  /** What chooses among the lines, above them. */
  filters?: ReactNode;
  /** Why no line is there. */
  emptyText?: string;
}

/** The lines of the jobs at work. Follows the end until a person scrolls up. */
export function LiveLog({ lines, onClear, actions, filters, emptyText }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>({ top: 0, height: 300 });
  const [following, setFollowing] = useState(true);
  const [countWhenPaused, setCountWhenPaused] = useState(0);

  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && following) {
      element.scrollTop = element.scrollHeight;
    }
  }, [lines, following]);

  function scrolled() {
    const element = box.current;
    if (element === null) {
      return;
    }
    const atEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - AT_END_PX;
    const { scrollTop: top, clientHeight: height } = element;
    setView((known) => (known.height === height && (known.top === top || (following && atEnd)) ? known : { top, height }));
    if (following && !atEnd) {
      setCountWhenPaused(lines.length);
    }
    setFollowing(atEnd);
  }

  // At the end, what is in view is known before it is scrolled to: it is drawn once.
  const top = following ? Math.max(0, lines.length * ROW_HEIGHT_PX - view.height) : view.top;
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT_PX) - ROWS_AROUND);
  const last = Math.min(lines.length, Math.ceil((top + view.height) / ROW_HEIGHT_PX) + ROWS_AROUND);
  const news = Math.max(0, lines.length - countWhenPaused);
  const newest = lines[lines.length - 1];

  return (
    <Card className="backup-log-card">
      <CardHeader
        hasWrap
        actions={{
          actions: (
            <>
              {!following && (
                <Button variant="link" size="sm" onClick={() => setFollowing(true)}>
                  {news > 0
                    ? format(ngettext("$0 new line: go to the end", "$0 new lines: go to the end", news), number(news))
                    : _("Go to the end")}
                </Button>
              )}
              {actions}
              <Button variant="secondary" size="sm" isDisabled={lines.length === 0} onClick={onClear}>
                {_("Clear")}
              </Button>
            </>
          ),
        }}
      >
        <CardTitle component="h2">{_("Live log")}</CardTitle>
      </CardHeader>
      <CardBody>
        {filters}
        <div
          ref={box}
          className="backup-log"
          role="region"
          aria-label={_("Lines of the live log")}
          tabIndex={0}
          onScroll={scrolled}
          data-lines={lines.length}
        >
          {lines.length === 0 ? (
            <p className="backup-log-empty">{emptyText ?? _("Waiting for something to happen.")}</p>
          ) : (
            <div className="backup-log-lines" style={{ blockSize: lines.length * ROW_HEIGHT_PX }}>
              {lines.slice(first, last).map((line, offset) => (
                <Row key={first + offset} line={line} index={first + offset} />
              ))}
            </div>
          )}
        </div>
        <span className="pf-v6-u-screen-reader" aria-live="polite">
          {newest?.message ?? ""}
        </span>
      </CardBody>
    </Card>
  );
}
