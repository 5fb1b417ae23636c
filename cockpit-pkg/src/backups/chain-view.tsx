import { Button } from "@patternfly/react-core/dist/esm/components/Button/index";
import ThumbtackIcon from "@patternfly/react-icons/dist/esm/icons/thumbtack-icon";
import { memo, useState } from "react";

import { _, cockpit, format, ngettext } from "../bridge/cockpit";
import type { Backup, Vm } from "../bridge/views";
import { Tag } from "../parts/rows";
import { bytes, day, moment, number } from "../words/format";
import { backupKind, nextStep } from "../words/texts";
import { type Chain, type Chains, isPinned, shortened } from "./chain";

const SHOWN_MAX = 8;

/** The address of one backup in the list. */
export function backupAddress(backup: Backup): string {
  return "#" + cockpit.location.encode(["backups"], { project: backup.project_id, backup: backup.id });
}

function Point({ backup }: { backup: Backup }) {
  const { text, colour } = backupKind(backup);
  const label = backup.tags.length > 0 ? backup.tags.join(", ") : day(backup.created_at);
  return (
    <Tag
      colour={colour}
      href={backupAddress(backup)}
      icon={isPinned(backup) ? <ThumbtackIcon set="default" /> : undefined}
      title={format(_("$0, $1, $2"), backup.id, moment(backup.created_at), bytes(backup.size_bytes))}
    >
      {format(_("$0 · $1"), text, label)}
    </Tag>
  );
}

function ChainList({ chain, next }: { chain: Chain; next: string | null }) {
  const [whole, setWhole] = useState(false);
  const { first, hidden, last } = shortened(chain.points, whole ? Infinity : SHOWN_MAX);
  return (
    <ol className="backup-chain" aria-label={_("Chain: each backup needs those before it")}>
      {first.map((backup) => (
        <li key={backup.id}>
          <Point backup={backup} />
        </li>
      ))}
      {hidden > 0 && (
        <li>
          <Button variant="link" isInline size="sm" onClick={() => setWhole(true)}>
            {format(ngettext("$0 more", "$0 more", hidden), number(hidden))}
          </Button>
        </li>
      )}
      {last.map((backup) => (
        <li key={backup.id}>
          <Point backup={backup} />
        </li>
      ))}
      {next !== null && (
        <li>
          <Tag colour="grey" isOutline>
            {format(_("Next: $0"), next)}
          </Tag>
        </li>
      )}
    </ol>
  );
}

/** How a project's backups depend on each other, and what comes next where its machine says it. */
export const ChainView = memo(function ChainView({ chains: { chains, alone }, vm }: { chains: Chains; vm: Vm | undefined }) {
  const goesOn = vm !== undefined && vm.next_step !== "base";
  return (
    <div className="backup-chains">
      {chains.map((chain, index) => (
        <ChainList
          key={chain.points[0]?.id}
          chain={chain}
          next={goesOn && index === chains.length - 1 ? nextStep(vm).title : null}
        />
      ))}
      {alone.length > 0 && (
        <ul className="backup-chain backup-chain-alone" aria-label={_("Each of these stands by itself")}>
          {alone.map((backup) => (
            <li key={backup.id}>
              <Point backup={backup} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
});
