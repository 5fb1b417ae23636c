import { Page, PageSection } from "@patternfly/react-core/dist/esm/components/Page/index";
import { Tab, TabTitleText, Tabs, TabsComponent } from "@patternfly/react-core/dist/esm/components/Tabs/index";
import { type ReactNode, memo, useEffect } from "react";

import { ActivityTab } from "../activity/activity-tab";
import { BackupsTab } from "../backups/backups-tab";
import type { AccessKeeper } from "../bridge/access";
import { _, format } from "../bridge/cockpit";
import { FilesTab } from "../files/files-tab";
import { ShownPlace, nameOfPlace, useAccess, useAddress, useNow, useStore } from "../parts/hooks";
import { useAfterFrame } from "../parts/use-later";
import { SettingsTab } from "../settings/settings-tab";
import { projectsOf, runningJobs } from "../state/select";
import type { Session } from "../state/session";
import type { Store } from "../state/store";
import { VmsTab } from "../vms/vms-tab";
import { AccessView } from "./access-view";
import { Dialogs } from "./dialogs";
import { Notices } from "./notices";

/** What the tabs lead to: the one part of the page that changes with them. */
const CONTENT_ID = "backup-content";

const ORDERED_AFTER_MS = 300;

const TABS = ["vms", "backups", "files", "activity", "settings"] as const;
type TabName = (typeof TABS)[number];

function tabOf(name: string): TabName {
  return TABS.find((tab) => tab === name) ?? "vms";
}

/* By itself: PatternFly's tabs measure themselves at each drawing, and the state changes far more often. */
const TabBar = memo(function TabBar({ tab, running }: { tab: TabName; running: number }) {
  return (
    <Tabs activeKey={tab} component={TabsComponent.nav} usePageInsets aria-label={_("Parts of this page")}>
      <Tab eventKey="vms" tabContentId={CONTENT_ID} href="#/vms" title={<TabTitleText>{_("Virtual machines")}</TabTitleText>} />
      <Tab eventKey="backups" tabContentId={CONTENT_ID} href="#/backups" title={<TabTitleText>{_("Backups")}</TabTitleText>} />
      <Tab eventKey="files" tabContentId={CONTENT_ID} href="#/files" title={<TabTitleText>{_("Files")}</TabTitleText>} />
      <Tab
        eventKey="activity"
        tabContentId={CONTENT_ID}
        href="#/activity"
        title={<TabTitleText>{running > 0 ? format(_("Activity ($0)"), running) : _("Activity")}</TabTitleText>}
      />
      <Tab eventKey="settings" tabContentId={CONTENT_ID} href="#/settings" title={<TabTitleText>{_("Settings")}</TabTitleText>} />
    </Tabs>
  );
});

interface Props {
  store: Store;
  session: Session;
  access: AccessKeeper;
}

export function App({ store, session, access: keeper }: Props) {
  const state = useStore(store);
  const access = useAccess(keeper);
  const isIn = access.kind === "granted" || access.kind === "checking";
  const now = useNow();
  const address = useAddress();
  const place = useAfterFrame(address, state.vms.byId.size + state.backups.list.length);
  const tab = tabOf(place.tab);
  const running = isIn ? runningJobs(state).length : 0;

  // Ten thousand backups are put in order while there is nothing else to do, not when they are asked for.
  const { list } = state.backups;
  useEffect(() => {
    const timer = window.setTimeout(() => projectsOf(list), ORDERED_AFTER_MS);
    return () => window.clearTimeout(timer);
  }, [list]);

  // On a telephone not all tabs fit.
  useEffect(() => {
    document.querySelector(".backup-tabs .pf-m-current")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [tab]);

  const contents: Record<TabName, ReactNode> = {
    vms: <VmsTab state={state} dispatch={store.dispatch} session={session} now={now} />,
    backups: <BackupsTab state={state} dispatch={store.dispatch} session={session} now={now} />,
    files: <FilesTab state={state} dispatch={store.dispatch} session={session} now={now} />,
    settings: <SettingsTab state={state} dispatch={store.dispatch} session={session} now={now} />,
    activity: <ActivityTab state={state} dispatch={store.dispatch} session={session} now={now} />,
  };

  return (
    <Page className="backup-page no-masthead-sidebar" mainComponent="main" mainAriaLabel={_("Backups")}>
      <h1 className="pf-v6-u-screen-reader">{_("Backups")}</h1>
      <PageSection type="tabs" className="backup-tabs" hasBodyWrapper={false}>
        <TabBar tab={tabOf(address.tab)} running={running} />
      </PageSection>
      <PageSection
        isFilled
        hasBodyWrapper={false}
        className="backup-content"
        id={CONTENT_ID}
        data-place={nameOfPlace(place)}
        aria-busy={place !== address}
      >
        <Notices notices={state.notices} dispatch={store.dispatch} />
        <ShownPlace.Provider value={place}>
          {isIn ? contents[tab] : <AccessView access={access} keeper={keeper} />}
        </ShownPlace.Provider>
      </PageSection>
      {isIn && <Dialogs state={state} dispatch={store.dispatch} session={session} />}
    </Page>
  );
}
