import DownloadIcon from "@patternfly/react-icons/dist/esm/icons/download-icon";
import FileIcon from "@patternfly/react-icons/dist/esm/icons/file-icon";
import FolderIcon from "@patternfly/react-icons/dist/esm/icons/folder-icon";
import LinkIcon from "@patternfly/react-icons/dist/esm/icons/link-icon";
import UndoIcon from "@patternfly/react-icons/dist/esm/icons/undo-icon";
import { type ReactNode, memo, useLayoutEffect, useRef, useState } from "react";

import { _, format } from "../bridge/cockpit";
import type { TreeEntry } from "../bridge/tree-views";
import { useWindow } from "../parts/use-window";
import type { Session } from "../state/session";
import { bytes, moment, number } from "../words/format";
import { entryType } from "../words/tree-texts";
import { type Entries, type Listing, useEntries } from "./use-entries";

/** A search that finds more is to be narrowed, not scrolled through. */
export const SEARCH_SHOWN_MAX = 10_000;
/* All rows have the height that files.scss gives. */
const ROW_HEIGHT_PX = 40;

interface CellsProps {
  entry: TreeEntry | undefined;
  showPath: boolean;
  addressOf: (entry: TreeEntry) => string;
  onDownload: (entry: TreeEntry) => void;
  onRestore: (entry: TreeEntry) => void;
}

function EntryIcon({ type }: { type: string }) {
  const Shape = type === "directory" ? FolderIcon : type === "link" ? LinkIcon : FileIcon;
  return (
    <span className="backup-entry-icon">
      <Shape set="default" />
    </span>
  );
}

function EntryName({ entry, showPath, addressOf }: Pick<CellsProps, "showPath" | "addressOf"> & { entry: TreeEntry }) {
  const text = showPath ? entry.path : entry.name;
  return (
    <>
      <EntryIcon type={entry.type} />
      {entry.type === "directory" ? (
        <a className="pf-v6-c-button pf-m-link pf-m-inline backup-ellipsis" href={addressOf(entry)}>
          <span className="pf-v6-c-button__text">{text}</span>
        </a>
      ) : (
        <span className="backup-ellipsis" title={text}>
          {text}
        </span>
      )}
    </>
  );
}

function IconButton({ icon, label, title, onClick }: { icon: ReactNode; label: string; title: string; onClick: () => void }) {
  return (
    <button type="button" className="pf-v6-c-button pf-m-plain pf-m-small" aria-label={label} title={title} onClick={onClick}>
      <span className="pf-v6-c-button__icon">{icon}</span>
    </button>
  );
}

/* Where it stands changes with each step of the scroll bar; what is in it does not. */
const EntryCells = memo(function EntryCells({ entry, showPath, addressOf, onDownload, onRestore }: CellsProps) {
  return (
    <>
      <span role="cell" className="backup-entry-name">
        {entry === undefined ? (
          <span className="backup-subtle">{_("Loading")}</span>
        ) : (
          <EntryName entry={entry} showPath={showPath} addressOf={addressOf} />
        )}
      </span>
      <span role="cell" className="backup-entry-size" title={entry === undefined ? "" : entryType(entry.type)}>
        {entry === undefined ? "" : bytes(entry.size_bytes)}
      </span>
      <span role="cell" className="backup-entry-count">
        {typeof entry?.entries_count === "number" ? number(entry.entries_count) : ""}
      </span>
      <span role="cell" className="backup-entry-time">
        {typeof entry?.mtime === "string" ? moment(entry.mtime) : ""}
      </span>
      <span role="cell" className="backup-entry-mode">
        {entry?.mode ?? ""}
      </span>
      <span role="cell" className="backup-entry-actions">
        {entry?.type === "file" && (
          <IconButton
            icon={<DownloadIcon set="default" />}
            label={format(_("Download $0"), entry.name)}
            title={_("Download")}
            onClick={() => onDownload(entry)}
          />
        )}
        {entry !== undefined && (
          <IconButton
            icon={<UndoIcon set="default" />}
            label={format(_("Restore $0"), entry.name)}
            title={_("Restore")}
            onClick={() => onRestore(entry)}
          />
        )}
      </span>
    </>
  );
});

interface Props extends Pick<CellsProps, "onDownload" | "onRestore"> {
  session: Session;
  listing: Listing;
  /** Of a directory, what leads into it. */
  addressOf: (entry: TreeEntry) => string;
  children: (entries: Entries) => ReactNode;
}

/** A directory, or what a search found; a million entries are no more work than those in view. */
export function EntryList({ session, listing, addressOf, onDownload, onRestore, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [count, setCount] = useState(0);
  const view = useWindow(box, count, ROW_HEIGHT_PX);
  const entries = useEntries(session, listing, view.first, view.end);
  const found = Math.min(entries.browsed?.count ?? 0, listing.search === "" ? Infinity : SEARCH_SHOWN_MAX);
  useLayoutEffect(() => setCount(found), [found]);
  const rows = Array.from({ length: view.end - view.first }, (_unused, offset) => view.first + offset);

  return (
    <>
      {children(entries)}
      {count > 0 && (
        <div className="backup-entries-frame" role="table" aria-label={_("Files")} aria-rowcount={count + 1}>
          <div role="row" className="backup-entry backup-entry-head" aria-rowindex={1}>
            <span role="columnheader" className="backup-entry-name">{_("Name")}</span>
            <span role="columnheader" className="backup-entry-size">{_("Size")}</span>
            <span role="columnheader" className="backup-entry-count">{_("Entries")}</span>
            <span role="columnheader" className="backup-entry-time">{_("Changed")}</span>
            <span role="columnheader" className="backup-entry-mode">{_("Mode")}</span>
            <span role="columnheader" className="backup-entry-actions">
              <span className="pf-v6-u-screen-reader">{_("Actions")}</span>
            </span>
          </div>
          <div ref={box} className="backup-entries" role="rowgroup" tabIndex={0} aria-label={_("Files")} onScroll={view.scrolled}>
            <div className="backup-entries-all" role="presentation" style={{ blockSize: view.heightPx }}>
              {rows.map((index) => (
                <div
                  key={index}
                  className="backup-entry"
                  role="row"
                  aria-rowindex={index + 2}
                  style={{ insetBlockStart: view.topOf(index) }}
                  data-entry={entries.at(index)?.name}
                >
                  <EntryCells
                    entry={entries.at(index)}
                    showPath={listing.search !== ""}
                    addressOf={addressOf}
                    onDownload={onDownload}
                    onRestore={onRestore}
                  />
                </div>
              ))}
            </div>
          </div>
        </div>
      )}
    </>
  );
}
