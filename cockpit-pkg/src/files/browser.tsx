import { Alert } from "@patternfly/react-core/dist/esm/components/Alert/index";
import { Breadcrumb, BreadcrumbItem } from "@patternfly/react-core/dist/esm/components/Breadcrumb/index";
import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import { Card, CardBody } from "@patternfly/react-core/dist/esm/components/Card/index";
import { EmptyState, EmptyStateBody } from "@patternfly/react-core/dist/esm/components/EmptyState/index";
import { SearchInput } from "@patternfly/react-core/dist/esm/components/SearchInput/index";
import { Toolbar, ToolbarContent, ToolbarItem } from "@patternfly/react-core/dist/esm/components/Toolbar/index";
import FolderOpenIcon from "@patternfly/react-icons/dist/esm/icons/folder-open-icon";
import { useEffect, useState } from "react";

import { _, cockpit, format, ngettext } from "../bridge/cockpit";
import type { TreeEntry } from "../bridge/tree-views";
import type { Backup } from "../bridge/views";
import { NothingFound } from "../parts/nothing-found";
import { LoadingView, ProblemView } from "../parts/problem-view";
import type { Session } from "../state/session";
import { moment, number } from "../words/format";
import { EntryList, SEARCH_SHOWN_MAX } from "./entry-list";
import { PointsCard } from "./points-card";
import { RestoreFilesDialog, type RestoreWhat } from "./restore-files-dialog";
import { type Tree, crumbsOf, sourcesOf, startPath } from "./trees";
import type { Entries, Listing } from "./use-entries";

/** While a person types, a search waits until they pause. */
const PAUSE_MS = 300;

export interface BrowserPlace {
  project: string;
  backup: string | null;
  /** Null: where the sources are. */
  path: string | null;
  pathBase64: string | null;
}

export function address({ project, backup, path, pathBase64 }: BrowserPlace): string {
  const options: Record<string, string> = { project };
  if (backup !== null) {
    options.backup = backup;
  }
  if (path !== null) {
    options.path = path;
  }
  if (pathBase64 !== null) {
    options.base64 = pathBase64;
  }
  return "#" + cockpit.location.encode(["files"], options);
}

interface FoundProps {
  entries: Entries;
  listing: Listing;
  onClear: () => void;
}

/** What is said above the entries, or instead of them. */
function Found({ entries, listing, onClear }: FoundProps) {
  const { browsed, problem } = entries;
  if (problem !== null && browsed === null) {
    return <ProblemView problem={problem} onRetry={entries.reload} />;
  }
  if (browsed === null) {
    return <LoadingView text={_("Reading the manifest")} />;
  }
  if (browsed.count === 0) {
    return listing.search !== "" ? (
      <NothingFound onClear={onClear} />
    ) : (
      <EmptyState headingLevel="h2" titleText={_("Empty directory")} icon={FolderOpenIcon} variant="sm">
        <EmptyStateBody>{_("Nothing was in this directory at that time.")}</EmptyStateBody>
      </EmptyState>
    );
  }
  const text = format(ngettext("$0 entry", "$0 entries", browsed.count), number(browsed.count));
  return (
    <>
      {problem !== null && (
        <Alert isInline component="h2" variant="warning" variantLabel={_("Warning:")} title={_("Some entries could not be read")} actionLinks={<Button variant="link" isInline onClick={entries.reload}>{_("Try again")}</Button>} />
      )}
      <p className="backup-totals" role="status">
        {listing.search !== "" && browsed.count > SEARCH_SHOWN_MAX
          ? format(_("More than $0 found: the first are shown. Search for more of the name."), number(SEARCH_SHOWN_MAX))
          : text}
      </p>
    </>
  );
}

interface Props {
  session: Session;
  tree: Tree;
  place: BrowserPlace;
  now: Date;
}

function useSearch(place: string) {
  const [typed, setTyped] = useState({ place, text: "" });
  const [search, setSearch] = useState("");
  // Of another directory it is another search.
  const text = typed.place === place ? typed.text : "";
  useEffect(() => {
    const timer = window.setTimeout(() => setSearch(text.trim()), text === "" ? 0 : PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return { text, search: text === "" ? "" : search, setText: (next: string) => setTyped({ place, text: next }) };
}

function Way({ tree, at, path }: { tree: Tree; at: (changes: Partial<BrowserPlace>) => string; path: string }) {
  const crumbs = crumbsOf(path);
  return (
    <Breadcrumb aria-label={_("Where in the backup")} className="backup-way">
      <BreadcrumbItem to="#/files">{_("Files")}</BreadcrumbItem>
      <BreadcrumbItem to={at({ path: "/", pathBase64: null })} isActive={crumbs.length === 0}>
        {tree.name}
      </BreadcrumbItem>
      {crumbs.map(({ name, path }, index) => (
        <BreadcrumbItem key={path} to={at({ path, pathBase64: null })} isActive={index === crumbs.length - 1}>
          {name}
        </BreadcrumbItem>
      ))}
    </Breadcrumb>
  );
}

function Here({ session, tree, point, path, place, now }: Props & { point: Backup; path: string }) {
  const at = (changes: Partial<BrowserPlace>) => address({ ...place, backup: point.id, ...changes });
  const { text, search, setText } = useSearch(`${point.id} ${path}`);
  const [restoring, setRestoring] = useState<RestoreWhat | null>(null);
  const listing = { project: tree.projectId, backup: point.id, path, pathBase64: place.pathBase64, search };
  const addressOf = (entry: TreeEntry) => at({ path: entry.path, pathBase64: entry.path_base64 ?? null });
  const restore = (path: string | null, pathBase64: string | null) =>
    setRestoring({ project: tree.projectId, backup: point.id, madeAt: point.created_at, path, pathBase64 });
  const download = (entry: TreeEntry) =>
    session.download(
      {
        op: "tree.download",
        args: { project: tree.projectId, backup: point.id, ...(entry.path_base64 === undefined ? { path: entry.path } : { path_base64: entry.path_base64 }) },
      },
      entry.name,
    );

  return (
    <div className="backup-browser">
      <PointsCard points={tree.points} chosen={point.id} now={now} onChoose={(id) => cockpit.location.go(["files"], { project: tree.projectId, backup: id, ...(place.path === null ? {} : { path: place.path }) })} />
      <Card className="backup-table-card backup-browser-card">
        <Toolbar inset={{ default: "insetLg" }}>
          <ToolbarContent>
            <ToolbarItem>
              <SearchInput
                aria-label={_("Search here by name")}
                placeholder={_("Search here by name")}
                value={text}
                onChange={(_event, next) => setText(next)}
                onClear={() => setText("")}
                resetButtonLabel={_("Clear the search")}
              />
            </ToolbarItem>
            <ToolbarItem>
              <Button variant="secondary" onClick={() => restore(path === "/" ? null : path, place.pathBase64)}>
                {path === "/" ? _("Restore everything") : _("Restore this directory")}
              </Button>
            </ToolbarItem>
            <ToolbarItem alignSelf="center">
              <span className="backup-totals">{format(_("As it was on $0"), moment(point.created_at))}</span>
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
        <CardBody>
          <EntryList
            key={JSON.stringify(listing)}
            session={session}
            listing={listing}
            addressOf={addressOf}
            onDownload={download}
            onRestore={(entry) => restore(entry.path, entry.path_base64 ?? null)}
          >
            {(entries) => <Found entries={entries} listing={listing} onClear={() => setText("")} />}
          </EntryList>
        </CardBody>
      </Card>
      {restoring !== null && <RestoreFilesDialog session={session} what={restoring} onClose={() => setRestoring(null)} />}
    </div>
  );
}

/** What was in a tree at one point in time: look, search, download, restore. */
export function Browser(props: Props) {
  const { tree, place } = props;
  const point = tree.points.find(({ id }) => id === place.backup) ?? (place.backup === null ? tree.points[0] : undefined);
  const path = place.path ?? startPath(point === undefined ? [] : sourcesOf(point));
  const at = (changes: Partial<BrowserPlace>) => address({ ...place, ...changes });
  return (
    <>
      <Way tree={tree} at={at} path={path} />
      {point === undefined ? (
        <Card>
          <EmptyState headingLevel="h2" titleText={tree.points.length === 0 ? _("No backup yet") : _("This point is not there any more")} icon={FolderOpenIcon}>
            <EmptyStateBody>
              {tree.points.length === 0
                ? _("Make one with “Back up now” in the list of files.")
                : _("It was removed with its generation. Choose another.")}
            </EmptyStateBody>
            <Button variant="link" component="a" href={tree.points.length === 0 ? "#/files" : at({ backup: null })}>
              {tree.points.length === 0 ? _("Go to the list of files") : _("Go to the newest point")}
            </Button>
          </EmptyState>
        </Card>
      ) : (
        <Here {...props} point={point} path={path} />
      )}
    </>
  );
}
