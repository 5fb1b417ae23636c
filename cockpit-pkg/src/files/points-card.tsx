import { Card, CardBody, CardTitle } from "@patternfly/react-core/dist/esm/components/Card/index";
import { Label } from "@patternfly/react-core/dist/esm/components/Label/index";
import { Menu, MenuContent, MenuGroup, MenuItem, MenuList } from "@patternfly/react-core/dist/esm/components/Menu/index";
import { memo } from "react";

import { _ } from "../bridge/cockpit";
import type { Backup } from "../bridge/views";
import { age, bytes, moment } from "../words/format";
import { generationTitle } from "../words/tree-texts";
import { generationsOf } from "./trees";

interface Props {
  points: readonly Backup[];
  chosen: string;
  now: Date;
  onChoose: (id: string) => void;
}

/** The points in time one can go back to, newest first, in their generations. */
export const PointsCard = memo(function PointsCard({ points, chosen, now, onChoose }: Props) {
  return (
    <Card className="backup-points" isCompact>
      <CardTitle component="h2" id="points-title">{_("Points in time")}</CardTitle>
      <CardBody>
        <Menu isPlain isScrollable selected={chosen} onSelect={(_event, id) => onChoose(String(id))}>
          <MenuContent>
            {generationsOf(points).map((generation) => (
              <MenuGroup key={generation.name} label={generation.name === "" ? undefined : generationTitle(generation.name)} labelHeadingLevel="h3">
                <MenuList aria-label={generation.name === "" ? _("Points in time") : generationTitle(generation.name)}>
                  {generation.points.map((point) => (
                    <MenuItem
                      key={point.id}
                      itemId={point.id}
                      isSelected={point.id === chosen}
                      data-point={point.id}
                      description={
                        <>
                          {age(point.created_at, now)} · {bytes(point.size_bytes)}{" "}
                          {point.type === "full" && (
                            <Label isCompact color="blue">
                              {_("Full")}
                            </Label>
                          )}
                        </>
                      }
                    >
                      {moment(point.created_at)}
                    </MenuItem>
                  ))}
                </MenuList>
              </MenuGroup>
            ))}
          </MenuContent>
        </Menu>
      </CardBody>
    </Card>
  );
});
