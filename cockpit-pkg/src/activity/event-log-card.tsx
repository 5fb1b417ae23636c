import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Card, CardBody, CardHeader, CardTitle } from "@patternfly/react-core/dist/esm/components/Card/index";
import { EmptyState, EmptyStateBody } from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import { SearchInput } from "@patternfly/react-core/dist/esm/components/SearchInput/index";
import { Toolbar, ToolbarContent, ToolbarItem } from "@patternfly/react-core/dist/esm/components/Toolbar/index";
import { Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table/index";
import ListIcon from "@patternfly/react-icons/dist/esm/icons/list-icon";
import { useEffect, useState } from "react";

import { _, format } from "../bridge/cockpit";
import { type Event, type Verdict, isEvent, isVerdict } from "../bridge/event-views";
import type { Problem } from "../bridge/channel";
import { isCounted } from "../bridge/tree-views";
import { NothingFound } from "../parts/nothing-found";
import { LoadingView, ProblemView } from "../parts/problem-view";
import { useQuery } from "../parts/use-query";
import type { Session } from "../state/session";
import { exactMoment, moment, number } from "../words/format";
import { problemText } from "../words/texts";
import { eventName, verdictText } from "../words/tree-texts";

const EXPECTED = { result: isCounted, item: isEvent };
const VERDICT = { result: isVerdict };
const EVENTS_SHOWN = 100;
const PAUSE_MS = 300;

interface Verified {
  at: string;
  verdict: Verdict | null;
  problem: Problem | null;
}

function VerdictView({ verified }: { verified: Verified | null }) {
  if (verified === null) {
    return <p className="backup-totals">{_("Not verified since this page was opened.")}</p>;
  }
  const { verdict, problem, at } = verified;
  if (verdict === null) {
    return (
      <Alert isInline component="h3" variant="danger" variantLabel={_("Error:")} title={problem?.message ?? problemText({ problem: problem?.problem ?? "", message: null }).title} />
    );
  }
  const { title, detail, good } = verdictText(verdict);
  const isPartial = good && verdict.verified_from !== "genesis" && verdict.verified_from !== "anchor";
  return (
    <Alert
      isInline
      component="h3"
      variant={!good ? "danger" : isPartial ? "info" : "success"}
      variantLabel={!good ? _("Error:") : isPartial ? _("Note:") : _("Done:")}
      title={title}
      data-verdict={verdict.chain_valid ? verdict.verified_from : "broken"}
    >
      <p>{detail}</p>
      <p>{format(_("Looked at on $0."), moment(at))}</p>
    </Alert>
  );
}

function EventTable({ events }: { events: readonly Event[] }) {
  return (
    <Table aria-label={_("Events")} variant="compact" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th>{_("When")}</Th>
          <Th>{_("Event")}</Th>
          <Th>{_("Object")}</Th>
          <Th>{_("User")}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {events.map((event) => (
          <Tr key={event.id} data-event={event.id}>
            <Td dataLabel={_("When")} modifier="nowrap">
              {exactMoment(event.timestamp)}
            </Td>
            <Td dataLabel={_("Event")}>{eventName(event.evento)}</Td>
            <Td dataLabel={_("Object")} modifier="breakWord">
              {event.entidade_id}
            </Td>
            <Td dataLabel={_("User")} modifier="breakWord">
              {event.actor}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function useVerify(session: Session) {
  const [verified, setVerified] = useState<Verified | null>(null);
  const [verifying, setVerifying] = useState<"full" | "fast" | null>(null);
  function verify(which: "full" | "fast") {
    setVerifying(which);
    session.ask({ op: "event-log.verify", args: which === "fast" ? { fast: true } : {} }, VERDICT, ({ result, problem }) => {
      setVerifying(null);
      setVerified({ at: new Date().toISOString(), verdict: result, problem });
    });
  }
  return { verified, verifying, verify };
}

/** Who did what: the events, and whether anybody has changed them. */
export function EventLogCard({ session }: { session: Session }) {
  const [typed, setTyped] = useState("");
  const [text, setText] = useState("");
  const { verified, verifying, verify } = useVerify(session);
  useEffect(() => {
    const timer = window.setTimeout(() => setText(typed.trim()), typed === "" ? 0 : PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [typed]);
  const { answer, last, waiting, reload } = useQuery(
    session,
    { op: "event-log.list", args: { limit: EVENTS_SHOWN, ...(text === "" ? {} : { text }) } },
    EXPECTED,
  );
  const events = last?.items ?? [];
  const isThere = last !== null && last.result !== null;

  return (
    <Card className="backup-table-card backup-event-log">
      <CardHeader
        hasWrap
        actions={{
          actions: (
            <>
              <Button variant="secondary" size="sm" isDisabled={verifying !== null} isLoading={verifying === "full"} spinnerAriaLabel={_("Being verified")} onClick={() => verify("full")}>
                {_("Verify in full")}
              </Button>
              <Button variant="secondary" size="sm" isDisabled={verifying !== null} isLoading={verifying === "fast"} spinnerAriaLabel={_("Being verified")} onClick={() => verify("fast")}>
                {_("Verify what is new")}
              </Button>
            </>
          ),
        }}
      >
        <CardTitle component="h2">{_("Event log")}</CardTitle>
      </CardHeader>
      <CardBody aria-live="polite">
        <VerdictView verified={verified} />
      </CardBody>
      <Toolbar inset={{ default: "insetLg" }}>
        <ToolbarContent>
          <ToolbarItem>
            <SearchInput
              aria-label={_("Search the events")}
              placeholder={_("Search the events")}
              value={typed}
              onChange={(_event, next) => setTyped(next)}
              onClear={() => setTyped("")}
              resetButtonLabel={_("Clear the search")}
            />
          </ToolbarItem>
          <ToolbarItem>
            <Button variant="link" onClick={reload}>
              {_("Reload")}
            </Button>
          </ToolbarItem>
          <ToolbarItem alignSelf="center">
            <span className="backup-totals" role="status">
              {events.length === EVENTS_SHOWN ? format(_("The newest $0"), number(EVENTS_SHOWN)) : ""}
            </span>
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      {last === null && waiting && (
        <CardBody>
          <LoadingView text={_("Looking for events")} />
        </CardBody>
      )}
      {answer !== null && answer.problem !== null && answer.result === null && (
        <CardBody>
          <ProblemView problem={answer.problem} onRetry={reload} />
        </CardBody>
      )}
      {isThere && events.length === 0 && text !== "" && <NothingFound onClear={() => setTyped("")} />}
      {isThere && events.length === 0 && text === "" && (
        <EmptyState headingLevel="h3" titleText={_("No events yet")} icon={ListIcon} variant="sm">
          <EmptyStateBody>{_("Every change is recorded here: backups made, restored, downloaded and deleted, and settings changed.")}</EmptyStateBody>
        </EmptyState>
      )}
      {events.length > 0 && <EventTable events={events} />}
    </Card>
  );
}
